// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl reset|open|disable|shadow|auto`.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/base/operator_verbs.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using fusebox::Cause;
using fusebox::Mode;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class Write : public testing::Test {
 protected:
  Write() {
    server_.Add("pay/1");
    server_.Add("pay/2");
    server_.Add("other");
  }

  Ran Run(std::vector<std::string> arguments, const Surroundings& surroundings = {}) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address()});
    return RunCtl(std::move(arguments), surroundings);
  }
  fusebox::CircuitSnapshot Look(const std::string& name) {
    return server_.registry()->Find(name)->Snapshot();
  }

  AdminServer server_;
};

TEST_F(Write, EachVerbMovesACircuitAndSaysWhyToItsEvents) {
  const auto run = [this](const std::string& verb) {
    const Ran ran = Run({verb, "pay/1", "--reason", "because of " + verb});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(Look("pay/1").last_action->detail, "because of " + verb);
    EXPECT_EQ(Look("pay/1").last_action->actor, "local 127.0.0.1");
    return ran.out;
  };
  EXPECT_THAT(run("open"), ContainsRegex("\ntest-1 +pay/1 +open: done +OPEN +FORCED_OPEN\n"));
  EXPECT_EQ(Look("pay/1").mode, Mode::kForcedOpen);
  EXPECT_EQ(Look("pay/1").next_probe, std::nullopt);
  EXPECT_THAT(run("auto"), ContainsRegex("HALF_OPEN +AUTOMATIC\n"));
  EXPECT_THAT(run("disable"), ContainsRegex("CLOSED +DISABLED\n"));
  EXPECT_THAT(run("shadow"), ContainsRegex("CLOSED +SHADOW\n"));
  EXPECT_THAT(run("reset"), ContainsRegex("CLOSED +AUTOMATIC\n"));
  EXPECT_EQ(Look("pay/2").last_action, std::nullopt);
}

TEST_F(Write, EachVerbOfTheTableMovesByItsCause) {
  const auto expect_moves = [this](const char* word, Cause cause) {
    SCOPED_TRACE(word);
    // In a mode in which it does something.
    const auto circuit = server_.registry()->Find("pay/1");
    const fusebox::Operator by("the test");
    if (cause == Cause::kDisabled) {
      circuit->Reset(by);
    } else {
      circuit->Disable(by);
    }
    const Ran ran = Run({word, "pay/1", "--reason", "because"});
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(Look("pay/1").last_action->cause, cause);
    EXPECT_EQ(Look("pay/1").last_action->detail, "because");
  };
#define FUSEBOX_EXPECT(verb, field, cause, repeated, word, ...) expect_moves(word, Cause::cause);
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_EXPECT)
#undef FUSEBOX_EXPECT
}

TEST_F(Write, OpenTakesATimeToLive) {
  EXPECT_EQ(Run({"open", "pay/1", "--reason", "x", "--ttl", "5m"}).exit_code, 0);
  EXPECT_EQ(*Look("pay/1").next_probe, server_.clock().WallNow() + absl::Minutes(5));
}

TEST_F(Write, NeedsAReason) {
  const Ran ran = Run({"reset", "pay/1"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("--reason"), HasSubstr("FUSEBOX_REASON")));
  Surroundings surroundings;
  surroundings.variables = {"FUSEBOX_REASON=incident 7"};
  EXPECT_EQ(Run({"reset", "pay/1"}, surroundings).exit_code, 0);
  EXPECT_EQ(Look("pay/1").last_action->detail, "incident 7");
  EXPECT_EQ(Run({"reset", "--reason", "x"}).exit_code, 2) << "of what?";
  const Ran long_reason = Run({"reset", "pay/1", "--reason", std::string(501, 'x')});
  EXPECT_EQ(long_reason.exit_code, 1);
  EXPECT_THAT(long_reason.err, HasSubstr("INVALID_ARGUMENT\n  reason: "));
}

TEST_F(Write, DoesNothingToManyCircuitsIfThereIsNobodyToAsk) {
  const Ran ran = Run({"disable", "pay/*", "--reason", "x"});
  EXPECT_EQ(ran.exit_code, 5);
  EXPECT_THAT(ran.err,
              AllOf(HasSubstr("test-1  pay/1  CLOSED"),
                    HasSubstr("disable 2 circuits, and those made later?"), HasSubstr("--yes")));
  EXPECT_EQ(Look("pay/1").mode, Mode::kAutomatic);
}

TEST_F(Write, AsksAtATerminal) {
  Surroundings surroundings;
  surroundings.typed = "n\n";
  EXPECT_EQ(Run({"disable", "pay/*", "--reason", "x"}, surroundings).exit_code, 5);
  EXPECT_EQ(Look("pay/1").mode, Mode::kAutomatic);
  surroundings.typed = "y\n";
  const Ran ran = Run({"disable", "pay/*", "--reason", "x"}, surroundings);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("disable 2 circuits, and those made later? [y/N]"));
  EXPECT_EQ(Look("pay/1").mode, Mode::kDisabled);
  EXPECT_EQ(Look("pay/2").mode, Mode::kDisabled);
  EXPECT_EQ(Look("other").mode, Mode::kAutomatic);
}

TEST_F(Write, AsksNothingForOneCircuitOrWithYes) {
  EXPECT_EQ(Run({"disable", "pay/?", "--reason", "x", "--yes"}).exit_code, 0);
  EXPECT_EQ(Look("pay/2").mode, Mode::kDisabled);
  EXPECT_EQ(Run({"disable", "oth*", "--reason", "x"}).exit_code, 0);
  EXPECT_EQ(Look("other").mode, Mode::kDisabled);
  EXPECT_EQ(Run({"reset", "--all", "--reason", "x", "--yes"}).exit_code, 0);
  EXPECT_EQ(Look("other").mode, Mode::kAutomatic);
}

TEST_F(Write, DryRunsMoveNothing) {
  const Ran ran = Run({"open", "pay/*", "--reason", "x", "--dry-run"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, ContainsRegex("pay/2 +would open +CLOSED +AUTOMATIC"));
  EXPECT_EQ(Look("pay/2").mode, Mode::kAutomatic);
}

TEST_F(Write, VeryManyAreSummedUp) {
  for (int i = 0; i < 30; ++i) server_.Add("many/" + std::to_string(i));
  const std::vector<std::string> arguments = {"disable", "many/*", "--reason", "x", "--yes"};
  const Ran ran = Run(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "disable: done  30 circuits at 1 instance: 30 CLOSED DISABLED\n");
  std::vector<std::string> verbose = arguments;
  verbose.emplace_back("-v");
  EXPECT_THAT(Run(verbose).out, ContainsRegex("\ntest-1 +many/29 +disable: done"));
  const Ran few = Run({"disable", "pay/*", "--reason", "x", "--yes"});
  EXPECT_THAT(few.out, ContainsRegex("pay/2 +disable: done"));
  EXPECT_THAT(few.err, HasSubstr("disable: done  2 circuits at 1 instance: 2 CLOSED DISABLED"));
}

TEST_F(Write, AGlobThatFitsNothingFails) {
  const Ran ran = Run({"reset", "nope*", "--reason", "x"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, HasSubstr("no circuit matches"));
  EXPECT_THAT(Run({"reset", "pya/*", "--reason", "x"}).err,
              HasSubstr("did you mean pay/1 or pay/2?"));
  EXPECT_THAT(Run({"reset", "otherr", "--reason", "x"}).err, HasSubstr("did you mean other?"));
}

TEST_F(Write, ANameThatIsNowhereIsAnsweredWithWhatIsNear) {
  AdminServer other;
  other.Add("other");
  const auto run = [&other, this](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--endpoint", other.address()});
    return Run(std::move(arguments)).err;
  };
  EXPECT_THAT(run({"reset", "otherr", "--reason", "x"}), HasSubstr("did you mean other?"));
  EXPECT_THAT(run({"reset", "otherr", "--reason", "x", "--dry-run"}),
              HasSubstr("did you mean other?"));
  EXPECT_THAT(
      run({"reset", "otherr", "pya/1", "--reason", "x", "--yes"}),
      AllOf(HasSubstr("otherr: did you mean other?"), HasSubstr("pya/1: did you mean pay/1")));
  EXPECT_THAT(run({"reset", "pay/1", "--reason", "x"}), Not(HasSubstr("did you mean")));
  const auto commands = [](const std::string& name) {
    return std::vector<std::vector<std::string>>{
        {"get", name}, {"policy", "get", name}, {"policy", "diff", name, "jitter=0"}};
  };
  std::vector<std::vector<std::string>> of_one = commands("otherr");
  of_one.push_back({"policy", "set", "otherr", "jitter=0", "--reason", "x"});
  for (const auto& command : of_one) {
    EXPECT_THAT(run(command), HasSubstr("did you mean other?"));
  }
  for (const auto& command : commands("pay/*")) {
    EXPECT_THAT(run(command), HasSubstr("takes the name of one circuit; did you mean pay/1"));
  }
}

TEST_F(Write, ManyMoreThanAFilterHoldsAreMoved) {
  for (int i = 0; i < 230; ++i) server_.Add("many/" + std::to_string(i));
  EXPECT_EQ(Run({"disable", "many/*", "--reason", "x", "--yes"}).exit_code, 0);
  for (int i = 0; i < 230; ++i) {
    ASSERT_EQ(Look("many/" + std::to_string(i)).mode, Mode::kDisabled);
  }
}

TEST_F(Write, SeveralInstancesAreCountedTogether) {
  AdminServer other([](fusebox::CircuitAdminOptions& options) { options.instance = "test-2"; });
  other.Add("other");
  const std::vector<std::string> arguments = {"disable", "other",      "--reason",
                                              "x",       "--endpoint", other.address()};
  EXPECT_EQ(Run(arguments).exit_code, 5);
  std::vector<std::string> with_yes = arguments;
  with_yes.push_back("--yes");
  EXPECT_EQ(Run(with_yes).exit_code, 0);
  EXPECT_EQ(other.registry()->Find("other")->Snapshot().mode, Mode::kDisabled);

  with_yes[1] = "pay/1";
  const Ran ran = Run(with_yes);
  EXPECT_EQ(ran.exit_code, 3) << "one of them has no such circuit";
  EXPECT_EQ(Look("pay/1").mode, Mode::kDisabled);
  EXPECT_THAT(ran.err, HasSubstr("test-2: pay/1: NOT_FOUND"));
}

TEST_F(Write, JsonSaysWhatBecameOfEach) {
  const Ran ran = Run({"disable", "pay/1", "nope", "--reason", "x", "--yes", "--output", "json"});
  EXPECT_EQ(ran.exit_code, 3);
  const auto results = EndpointOf(ran.out, 0).fields().at("results").list_value();
  ASSERT_EQ(results.values_size(), 2);
  const auto done = results.values(0).struct_value().fields();
  EXPECT_EQ(done.at("name").string_value(), "pay/1");
  EXPECT_EQ(done.at("mode").string_value(), "MODE_DISABLED");
  const auto refused = results.values(1).struct_value().fields();
  EXPECT_EQ(refused.at("error").struct_value().fields().at("code").string_value(), "NOT_FOUND");
}

TEST_F(Write, JsonIsOneObjectWhateverComesOfIt) {
  const auto run = [this](std::vector<std::string> arguments, int exit_code) {
    arguments.insert(arguments.end(), {"--reason", "x", "--output", "json"});
    const Ran ran = Run(std::move(arguments));
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    return EndpointOf(ran.out, 0).fields();
  };
  EXPECT_EQ(run({"reset", "nope*"}, 1).at("results").list_value().values_size(), 0);
  const auto results = run({"reset", "pay/*"}, 5).at("results").list_value();
  ASSERT_EQ(results.values_size(), 2);
  const auto error = results.values(0).struct_value().fields().at("error").struct_value().fields();
  EXPECT_EQ(error.at("code").string_value(), "CANCELLED");
  EXPECT_EQ(error.at("message").string_value(), "not confirmed: nothing was done");
  AdminServer other;
  other.Add("other");
  const auto set = run({"policy", "set", "other", "jitter=0.5", "--endpoint", other.address()}, 5);
  EXPECT_EQ(set.at("error").struct_value().fields().at("code").string_value(), "CANCELLED");
}

// Answers what is read and planned, or fails it as if it had taken too long.
class SlowAdmin : public fusebox::v1::CircuitAdmin::Service {
 public:
  explicit SlowAdmin(bool plans) : plans_(plans) {
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  grpc::Status GetCircuit(grpc::ServerContext* /*context*/,
                          const fusebox::v1::GetCircuitRequest* request,
                          fusebox::v1::GetCircuitResponse* response) override {
    response->mutable_circuit()->set_name(request->name());
    return grpc::Status::OK;
  }
  grpc::Status ApplyToCircuits(grpc::ServerContext* /*context*/,
                               const fusebox::v1::ApplyToCircuitsRequest* request,
                               fusebox::v1::ApplyToCircuitsResponse* response) override {
    response->add_results()->set_name(request->filter().name_globs(0));
    return Answer(request->validate_only());
  }
  grpc::Status UpdatePolicy(grpc::ServerContext* /*context*/,
                            const fusebox::v1::UpdatePolicyRequest* request,
                            fusebox::v1::UpdatePolicyResponse* response) override {
    *response->mutable_circuit()->mutable_policy() = request->change().policy();
    return Answer(request->validate_only());
  }
  grpc::Status ResetCircuit(grpc::ServerContext* /*context*/,
                            const fusebox::v1::ResetCircuitRequest* /*request*/,
                            fusebox::v1::ResetCircuitResponse* /*response*/) override {
    return Answer(false);
  }

 private:
  grpc::Status Answer(bool plan) const {
    if (plan && plans_) return grpc::Status::OK;
    return {grpc::StatusCode::DEADLINE_EXCEEDED, "too slow"};
  }

  const bool plans_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(Write, MayHaveBeenDoneAllTheSameOnlyIfItWasAskedFor) {
  const auto run = [this](std::vector<std::string> arguments, const SlowAdmin& slow) {
    arguments.insert(arguments.end(),
                     {"pay/1", "--reason", "x", "--yes", "--endpoint", slow.address()});
    const Ran ran = Run(std::move(arguments));
    EXPECT_EQ(ran.exit_code, 3) << ran.err;
    return ran.err;
  };
  const SlowAdmin slow(/*plans=*/false);
  const SlowAdmin slow_to_write(/*plans=*/true);
  const auto not_asked_for =
      AllOf(HasSubstr("no answer in time"), Not(HasSubstr("may still have been done")));
  EXPECT_THAT(run({"reset"}, slow), not_asked_for);
  EXPECT_THAT(run({"reset"}, slow_to_write), HasSubstr("may still have been done"));
  const auto set = [](const SlowAdmin& at) {
    return RunCtl({"policy", "set", "x", "jitter=0.5", "--reason", "x", "--endpoint", at.address()})
        .err;
  };
  EXPECT_THAT(set(slow), not_asked_for);
  EXPECT_THAT(set(slow_to_write), HasSubstr("may still have been done"));
}

TEST(Writes, ThatAreNotAllowedSayWhatTheApplicationHasToDo) {
  AdminServer server([](fusebox::CircuitAdminOptions& options) {
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  server.Add("pay/1");
  for (const char* const which : {"pay/1", "pay/*"}) {
    const Ran ran = RunCtl({"--endpoint", server.address(), "reset", which, "--reason", "x"});
    EXPECT_EQ(ran.exit_code, 1);
    EXPECT_THAT(ran.err, AllOf(HasSubstr("FAILED_PRECONDITION"), HasSubstr("allow_writes"),
                               HasSubstr("CircuitAdminOptions")));
  }
}

}  // namespace
}  // namespace fusebox_testing
