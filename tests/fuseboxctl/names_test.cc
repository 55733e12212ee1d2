// SPDX-License-Identifier: Apache-2.0
//
// Circuits with hostile names, of this library and of another that speaks the same protos.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdio>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fusebox/circuit_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"
#include "tests/support/hostile_texts.h"

namespace fusebox_testing {
namespace {

using fusebox::Mode;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAreArray;

class Names : public testing::Test {
 protected:
  Names() {
    for (const std::string& key : HostileTexts()) {
      const auto name = fusebox::CircuitName::OfKey("inv", key);
      server_.Add(name.text(), "inv");
      names_.insert(name.text());
    }
  }

  Ran Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address()});
    return RunCtl(std::move(arguments));
  }
  Mode ModeOf(const std::string& name) { return server_.registry()->Find(name)->Snapshot().mode; }

  AdminServer server_;
  std::set<std::string> names_;
};

TEST_F(Names, P3_EachIsListedAndMovedByItself) {
  ASSERT_EQ(names_.size(), HostileTexts().size());
  const std::vector<std::string> lines =
      absl::StrSplit(Run({"list", "--names"}).out, '\n', absl::SkipEmpty());
  EXPECT_THAT(lines, UnorderedElementsAreArray(names_));
  std::set<std::string> moved;
  for (const std::string& name : lines) {
    const Ran ran = Run({"disable", name, "--reason", "x"});
    EXPECT_EQ(ran.exit_code, 0) << name << ran.err;
    moved.insert(name);
    for (const std::string& each : names_) {
      EXPECT_EQ(ModeOf(each), moved.count(each) > 0 ? Mode::kDisabled : Mode::kAutomatic) << each;
    }
  }
  const Ran reset = Run({"reset", "inv/*", "--reason", "x", "--yes"});
  EXPECT_EQ(reset.exit_code, 0) << reset.err;
  for (const std::string& name : names_) EXPECT_EQ(ModeOf(name), Mode::kAutomatic) << name;
}

TEST_F(Names, P3_EachCanBeGivenToAShell) {
  for (const std::string& name : names_) {
    const std::string quoted = absl::StrCat("'", absl::StrReplaceAll(name, {{"'", "'\\''"}}), "'");
    const std::string command = absl::StrCat("'", FUSEBOXCTL_PROGRAM, "' --endpoint '",
                                             server_.address(), "' get ", quoted);
    std::FILE* const out = popen(command.c_str(), "r");  // NOLINT(cert-env33-c): it is the subject
    ASSERT_NE(out, nullptr);
    std::string text;
    for (int c = std::fgetc(out); c != EOF; c = std::fgetc(out)) text += static_cast<char>(c);
    EXPECT_EQ(pclose(out), 0) << command;
    EXPECT_THAT(text, HasSubstr(name));
  }
}

// Another library's service, or one of long ago, says whatever it likes.
class HostileAdmin : public fusebox::v1::CircuitAdmin::Service {
 public:
  static const std::string& Name() {
    static const std::string* const kName =
        new std::string("evil\x1b[2J\u202e\u3164\U000e0041\nname");
    return *kName;
  }

  grpc::Status ListCircuits(grpc::ServerContext* /*context*/,
                            const fusebox::v1::ListCircuitsRequest* /*request*/,
                            fusebox::v1::ListCircuitsResponse* response) override {
    Fill(*response);
    response->clear_next_page_token();
    // What is shown of a circuit depends on what it is in.
    for (const auto state : {fusebox::v1::STATE_OPEN, fusebox::v1::STATE_HALF_OPEN}) {
      Fill(*response->add_circuits());
      response->mutable_circuits()->rbegin()->set_state(state);
    }
    Fill(*response->add_circuits());
    response->mutable_circuits()->rbegin()->set_mode(fusebox::v1::MODE_DISABLED);
    return grpc::Status::OK;
  }
  grpc::Status GetCircuit(grpc::ServerContext* /*context*/,
                          const fusebox::v1::GetCircuitRequest* /*request*/,
                          fusebox::v1::GetCircuitResponse* response) override {
    Fill(*response);
    response->mutable_circuit()->set_state(fusebox::v1::STATE_OPEN);
    for (const auto kind :
         {fusebox::v1::EVENT_KIND_RULE_EXCEEDED, fusebox::v1::EVENT_KIND_TRANSITION}) {
      Fill(*response->add_events());
      response->mutable_events()->rbegin()->set_kind(kind);
    }
    return grpc::Status::OK;
  }
  grpc::Status GetInstance(grpc::ServerContext* /*context*/,
                           const fusebox::v1::GetInstanceRequest* /*request*/,
                           fusebox::v1::GetInstanceResponse* response) override {
    Fill(*response);
    response->mutable_instance()->set_unused_policy_count(1);
    return grpc::Status::OK;
  }

  grpc::Status WatchCircuits(
      grpc::ServerContext* /*context*/, const fusebox::v1::WatchCircuitsRequest* /*request*/,
      grpc::ServerWriter<fusebox::v1::WatchCircuitsResponse>* writer) override {
    fusebox::v1::WatchCircuitsResponse message;
    message.set_missed_events(std::numeric_limits<uint64_t>::max());
    writer->Write(message);
    return {grpc::StatusCode::UNIMPLEMENTED, Name()};
  }

 private:
  // Each text that there is, in one element of whatever is repeated.
  static void Fill(google::protobuf::Message& message) {
    using google::protobuf::FieldDescriptor;
    const google::protobuf::Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* const field = message.GetDescriptor()->field(i);
      const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
      const bool is_text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
      if (field->message_type() == message.GetDescriptor()) continue;  // a policy in a policy
      if (is_message) {
        Fill(field->is_repeated() ? *reflection.AddMessage(&message, field)
                                  : *reflection.MutableMessage(&message, field));
      } else if (is_text && field->is_repeated()) {
        reflection.AddString(&message, field, Name());
      } else if (is_text) {
        reflection.SetString(&message, field, Name());
      }
    }
  }
};

TEST(AnothersNames, NothingReachesTheTerminalAsAControl) {
  HostileAdmin admin;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&admin);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const std::vector<std::vector<std::string>> commands = {
      {"info"}, {"list"}, {"get", HostileAdmin::Name()}, {"policy", "get", HostileAdmin::Name()}};
  for (const std::vector<std::string>& words : commands) {
    const std::string command = absl::StrJoin(words, " ");
    std::vector<std::string> arguments = {"--endpoint", absl::StrCat("127.0.0.1:", port)};
    arguments.insert(arguments.end(), words.begin(), words.end());
    const Ran ran = RunCtl(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("evil\\x1b[2J\\u202e\\u3164\\U000e0041\\x0aname")) << command;
    for (const char* const harmful : {"\x1b", "\u202e", "\u3164", "\U000e0041"}) {
      EXPECT_THAT(ran.out, Not(HasSubstr(harmful))) << command;
    }
    arguments.insert(arguments.end(), {"--output", "json"});
    // Texts that fuseboxctl puts into JSON one by one are made printable first.
    const char* const in_json = words[0] == "policy" ? "evil\\\\x1b[2J" : "evil\\u001b[2J";
    EXPECT_THAT(RunCtl(arguments).out, HasSubstr(in_json)) << command;
  }
  const Ran watch = RunCtl({"--endpoint", absl::StrCat("127.0.0.1:", port), "watch"});
  EXPECT_EQ(watch.exit_code, 1);
  EXPECT_THAT(watch.err, AllOf(HasSubstr("missed 18446744073709551615 events"),
                               Not(HasSubstr("\x1b")), Not(HasSubstr("\u202e"))));
}

}  // namespace
}  // namespace fusebox_testing
