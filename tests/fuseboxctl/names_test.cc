// SPDX-License-Identifier: Apache-2.0
//
// Circuits with hostile names, of this library and of another that speaks the same protos.
#include <cstdio>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
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
    Fill(*response->add_circuits());
    response->set_instance(Name());
    return grpc::Status::OK;
  }
  grpc::Status GetCircuit(grpc::ServerContext* /*context*/,
                          const fusebox::v1::GetCircuitRequest* /*request*/,
                          fusebox::v1::GetCircuitResponse* response) override {
    Fill(*response->mutable_circuit());
    fusebox::v1::Event& event = *response->add_events();
    event.set_circuit(Name());
    event.set_detail(Name());
    event.set_actor(Name());
    response->set_instance(Name());
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
  static void Fill(fusebox::v1::Circuit& circuit) {
    circuit.set_name(Name());
    circuit.set_target(Name());
    circuit.set_etag(Name());
    circuit.mutable_last_failure()->set_message(Name());
    circuit.mutable_last_opening()->set_detail(Name());
    circuit.mutable_last_action()->set_actor(Name());
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
  for (const char* const command : {"list", "get"}) {
    std::vector<std::string> arguments = {"--endpoint", absl::StrCat("127.0.0.1:", port), command};
    if (arguments.back() == "get") arguments.push_back(HostileAdmin::Name());
    const Ran ran = RunCtl(arguments);
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_THAT(ran.out, HasSubstr("evil\\x1b[2J\\u202e\\u3164\\U000e0041\\x0aname")) << command;
    for (const char* const harmful : {"\x1b", "\u202e", "\u3164", "\U000e0041"}) {
      EXPECT_THAT(ran.out, Not(HasSubstr(harmful))) << command;
    }
    arguments.insert(arguments.end(), {"--output", "json"});
    EXPECT_THAT(RunCtl(arguments).out, HasSubstr("evil\\u001b[2J")) << command;
  }
  const Ran watch = RunCtl({"--endpoint", absl::StrCat("127.0.0.1:", port), "watch"});
  EXPECT_EQ(watch.exit_code, 1);
  EXPECT_THAT(watch.err, AllOf(HasSubstr("missed 18446744073709551615 events"),
                               Not(HasSubstr("\x1b")), Not(HasSubstr("\u202e"))));
}

}  // namespace
}  // namespace fusebox_testing
