// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl list` and `get`, as a user sees them.
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"
#include "tools/fuseboxctl/list_columns.h"

namespace fusebox_testing {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr char kReserve[] = "inventory/shop.Inventory/Reserve";
constexpr char kCharge[] = "payments/shop.Payments/Charge";

// A regular expression for the headings of the wide table, with their line's end.
std::string Headings() {
  std::string line;
  for (const fuseboxctl::ListColumn& column : fuseboxctl::ListColumns()) {
    if (column.wide.heading == nullptr) continue;
    line += (line.empty() ? "" : " +") + std::string(column.wide.heading);
  }
  return line + "\n";
}

// One for a row of it, of expressions by heading. In other columns there may be anything.
std::string Row(const std::map<std::string, std::string>& cells) {
  std::string line;
  std::size_t found = 0;
  for (const fuseboxctl::ListColumn& column : fuseboxctl::ListColumns()) {
    if (column.wide.heading == nullptr) continue;
    const auto cell = cells.find(column.wide.heading);
    line += (line.empty() ? "" : " +") + (cell == cells.end() ? ".*" : cell->second);
    found += cell == cells.end() ? 0 : 1;
  }
  EXPECT_EQ(found, cells.size()) << "there is no such column";
  return line + "\n";
}

// Where nothing listens.
constexpr char kDead[] = "unix:/nonexistent/fuseboxctl";

class Read : public testing::Test {
 protected:
  Read() {
    Open(server_.Add(kReserve, "inventory"));
    server_.Add(kCharge, "payments");
  }
  static void Open(fusebox::CircuitBreaker& circuit) { AdminServer::Open(circuit); }

  Ran Run(std::vector<std::string> arguments, const Surroundings& surroundings = {}) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address()});
    return RunCtl(std::move(arguments), surroundings);
  }

  AdminServer server_;
};

TEST_F(Read, InfoShowsEachProcessAsAWhole) {
  const Ran ran = Run({"info"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(
      ran.out,
      "test-1 at " + server_.address() +
          "\n"
          "  circuits     2, without a bound\n"
          "  evicted      0 circuits, 0 came back and went on, 0 forgotten while they failed\n"
          "  unprotected  0 calls\n"
          "  user code    0 exceptions\n"
          "  listeners    0 events dropped\n");
  EXPECT_EQ(ran.err, "");
}

TEST_F(Read, P1_InfoShowsSettingsThatNoCallHasMatched) {
  std::vector<fusebox::PolicyUse::Entry> entries = {{"policy", "shop.Inventry"}};
  auto use = server_.registry()->TrackPolicies("inventory", entries);
  EXPECT_THAT(Run({"info"}).out,
              HasSubstr("  unused       1 setting that no call has matched so far\n"
                        "                 policy of shop.Inventry, on channels to inventory\n"));
  for (int i = 0; i < 150; ++i) entries.emplace_back("fallback", "a.B/C" + std::to_string(i));
  use = server_.registry()->TrackPolicies("inventory", std::move(entries));
  EXPECT_THAT(Run({"info"}).out,
              AllOf(HasSubstr("151 settings"), HasSubstr("\n                 and 51 more\n")));
  use->Note("policy", "shop.Inventry");
  EXPECT_THAT(Run({"info"}).out, Not(HasSubstr("shop.Inventry")));
}

TEST_F(Read, ListTakesMoreNamesThanAFilterHolds) {
  std::vector<std::string> arguments = {"list", "--names", kReserve};
  for (int i = 0; i < 150; ++i) arguments.push_back("x" + std::to_string(i));
  arguments.insert(arguments.end(), {kCharge, "*Reserve"});
  const Ran ran = Run(arguments);
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, std::string(kReserve) + "\n" + kCharge + "\n");
  arguments.insert(arguments.end(), {"--output", "json"});
  EXPECT_EQ(EndpointOf(Run(arguments).out, 0).fields().at("names").list_value().values_size(), 2);
}

TEST_F(Read, NamesAreJsonTooIfThatIsAskedFor) {
  const Ran ran = Run({"list", "--names", "--output", "json"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  const auto endpoint = EndpointOf(ran.out, 0).fields();
  EXPECT_EQ(endpoint.at("instance").string_value(), "test-1");
  EXPECT_EQ(endpoint.count("circuits"), 0U);
  const auto names = endpoint.at("names").list_value();
  ASSERT_EQ(names.values_size(), 2);
  EXPECT_EQ(names.values(0).string_value(), kReserve);
}

TEST_F(Read, InfoJsonHoldsTheInstanceOfEachEndpoint) {
  const Ran ran = Run({"info", "--output", "json", "--endpoint", kDead});
  EXPECT_EQ(ran.exit_code, 3);
  const auto alive = EndpointOf(ran.out, 0).fields();
  EXPECT_EQ(alive.at("endpoint").string_value(), server_.address());
  EXPECT_EQ(alive.count("error"), 0U);
  const auto instance = alive.at("instance").struct_value().fields();
  EXPECT_EQ(instance.at("name").string_value(), "test-1");
  EXPECT_EQ(instance.at("circuits").string_value(), "2");
  EXPECT_EQ(instance.at("max_circuits").string_value(), "0");
  EXPECT_EQ(instance.at("evicted_circuits").string_value(), "0");
  EXPECT_EQ(instance.at("restored_circuits").string_value(), "0");
  EXPECT_EQ(instance.at("forgotten_circuits").string_value(), "0");
  EXPECT_EQ(instance.at("unprotected_calls").string_value(), "0");
  EXPECT_EQ(instance.at("user_code_failures").string_value(), "0");
  EXPECT_EQ(instance.at("dropped_events").string_value(), "0");
  const auto dead = EndpointOf(ran.out, 1).fields();
  EXPECT_EQ(dead.at("error").struct_value().fields().at("code").string_value(), "UNAVAILABLE");
  EXPECT_EQ(dead.count("instance"), 0U);
}

TEST_F(Read, ListShowsWhoWhatAndWhy) {
  const Ran ran = Run({"list"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, ContainsRegex("^" + Headings()));
  EXPECT_THAT(ran.out, ContainsRegex("\n" + Row({{"INSTANCE", "test-1"},
                                                 {"CIRCUIT", kReserve},
                                                 {"STATE", "OPEN"},
                                                 {"MODE", "AUTOMATIC"},
                                                 {"SINCE", "[0-9a-z]+"},
                                                 {"NEXT PROBE", "in [0-9a-z]+"},
                                                 {"FAILURES", "-"},
                                                 {"WHY", "3 failures in a row.*"}})));
  EXPECT_THAT(ran.out, ContainsRegex("\n" + Row({{"INSTANCE", "test-1"},
                                                 {"CIRCUIT", kCharge},
                                                 {"STATE", "CLOSED"},
                                                 {"MODE", "AUTOMATIC"}})));
  EXPECT_THAT(ran.out, AllOf(Not(HasSubstr(" \n")), Not(HasSubstr("\x1b"))));
  EXPECT_EQ(ran.err, "");
}

TEST_F(Read, ListFiltersByStateModeTargetAndName) {
  const auto names = [this](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"list", "--names"});
    return Run(std::move(arguments)).out;
  };
  const std::string reserve = std::string(kReserve) + "\n";
  const std::string charge = std::string(kCharge) + "\n";
  EXPECT_EQ(names({}), reserve + charge);
  EXPECT_EQ(names({"--state", "open"}), reserve);
  EXPECT_EQ(names({"--state", "Closed,half-open"}), charge);
  EXPECT_EQ(names({"--mode", "shadow"}), "");
  EXPECT_EQ(names({"--target", "payments"}), charge);
  EXPECT_EQ(names({"*Reserve"}), reserve);
  EXPECT_EQ(names({"nope", "pay*"}), charge);
}

TEST_F(Read, ListOfANameThatNoCircuitHasFails) {
  Ran ran = Run({"list", "inventroy/*"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, AllOf(HasSubstr("no circuit matches; did you mean "), HasSubstr(kReserve)));
  EXPECT_EQ(Run({"list", "inventroy/*", "--state", "open"}).exit_code, 1);
  EXPECT_EQ(Run({"list", "--target", "nope"}).exit_code, 1);
  EXPECT_EQ(Run({"list", "nope", "--output", "json"}).exit_code, 1);
  EXPECT_THAT(Run({"list", "zzzzzzzz"}).err, HasSubstr("`fuseboxctl list` shows the names"));
}

TEST_F(Read, ListOfAStateThatNoCircuitIsInIsGoodNews) {
  AdminServer other([](fusebox::CircuitAdminOptions& options) { options.instance = "test-2"; });
  other.Add(kCharge, "payments");
  const auto said = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--endpoint", other.address(), "list"});
    const Ran ran = Run(std::move(arguments));
    EXPECT_EQ(ran.exit_code, 0) << ran.err;
    EXPECT_EQ(ran.out, "");
    return ran.err;
  };
  EXPECT_EQ(said({"--state", "half_open"}),
            "fuseboxctl: no circuit is HALF_OPEN (3 circuits at 2 instances)\n");
  EXPECT_EQ(said({"--mode", "shadow", "--mode", "disabled"}),
            "fuseboxctl: no circuit is in mode SHADOW or DISABLED (3 circuits at 2 instances)\n");
  EXPECT_EQ(said({"--state", "open,half_open", "--mode", "shadow"}),
            "fuseboxctl: no circuit is OPEN or HALF_OPEN in mode SHADOW (3 circuits at 2 "
            "instances)\n");
  EXPECT_EQ(said({"--state", "open", "--target", "payments"}),
            "fuseboxctl: no such circuit is OPEN (2 circuits at 2 instances)\n");
  EXPECT_EQ(said({"inv*", "--state", "closed"}),
            "fuseboxctl: no such circuit is CLOSED (1 circuit at 1 instance)\n");
}

TEST_F(Read, ListOfNoCircuitsAtAllSaysHowOneIsMade) {
  const AdminServer empty;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"list"}, std::vector<std::string>{"list", "--state", "open"}}) {
    std::vector<std::string> all = arguments;
    all.insert(all.begin(), {"--endpoint", empty.address()});
    const Ran ran = RunCtl(all);
    EXPECT_EQ(ran.exit_code, 0);
    EXPECT_THAT(ran.err, HasSubstr("no circuit matches; a circuit is made by the first call"));
  }
}

TEST_F(Read, ListGoesThroughAllPages) {
  for (int i = 0; i < 1'100; ++i) server_.Add("many/" + std::to_string(i));
  const Ran ran = Run({"list", "--names", "many/*"});
  EXPECT_EQ(std::count(ran.out.begin(), ran.out.end(), '\n'), 1'100);
}

TEST_F(Read, ListCanShowWhatIsOpenFirst) {
  AdminServer::Open(server_.Add("zebra"));
  const std::string by_name = Run({"list"}).out;
  EXPECT_GT(by_name.find("zebra"), by_name.find(kCharge));
  const std::string by_state = Run({"list", "--sort", "state"}).out;
  EXPECT_LT(by_state.find("zebra"), by_state.find(kCharge));
}

TEST_F(Read, ColourComesWhenItIsAskedFor) {
  EXPECT_THAT(Run({"list", "--color", "always"}).out, HasSubstr("\x1b[31mOPEN\x1b[0m"));
  EXPECT_THAT(Run({"list", "--color", "never"}).out, Not(HasSubstr("\x1b")));
}

TEST_F(Read, ListJsonHasEveryField) {
  const Ran ran = Run({"list", "--output", "json", "--endpoint", kDead});
  EXPECT_EQ(ran.exit_code, 3);
  const auto alive = EndpointOf(ran.out, 0).fields();
  EXPECT_EQ(alive.at("endpoint").string_value(), server_.address());
  EXPECT_EQ(alive.at("instance").string_value(), "test-1");
  EXPECT_EQ(alive.count("error"), 0U);
  ASSERT_EQ(alive.at("circuits").list_value().values_size(), 2);
  const auto circuit = alive.at("circuits").list_value().values(0).struct_value().fields();
  EXPECT_EQ(circuit.at("name").string_value(), kReserve);
  EXPECT_EQ(circuit.at("state").string_value(), "STATE_OPEN");
  EXPECT_EQ(circuit.at("in_flight").string_value(), "0");
  EXPECT_FALSE(circuit.at("ramping").bool_value());
  const auto dead = EndpointOf(ran.out, 1).fields();
  EXPECT_EQ(dead.at("error").struct_value().fields().at("code").string_value(), "UNAVAILABLE");
  EXPECT_EQ(dead.at("circuits").list_value().values_size(), 0);
}

TEST_F(Read, ADeadEndpointIsReportedAndTheOthersAreShown) {
  AdminServer other([](fusebox::CircuitAdminOptions& options) { options.instance = ""; });
  other.Add(kReserve);
  const Ran ran = Run({"list", "--endpoint", kDead, "--endpoint", other.address()});
  EXPECT_EQ(ran.exit_code, 3);
  EXPECT_THAT(ran.out, ContainsRegex("\ntest-1 +inventory"));
  EXPECT_THAT(ran.out, HasSubstr("\n" + other.address() + "  inventory"))
      << "one without a name goes by its address";
  EXPECT_THAT(ran.err, AllOf(HasSubstr(kDead), HasSubstr("UNAVAILABLE"), HasSubstr("--tls")));

  EXPECT_EQ(RunCtl({"--endpoint", kDead, "list"}).exit_code, 1);
}

TEST_F(Read, EndpointsMayBeInTheEnvironment) {
  Surroundings surroundings;
  surroundings.variables = {"FUSEBOX_ENDPOINTS=" + server_.address() + "," + kDead};
  EXPECT_EQ(RunCtl({"list"}, surroundings).exit_code, 3);
}

TEST_F(Read, AServerWithoutTheServiceSaysWhatToDo) {
  fusebox::v1::CircuitAdmin::Service nothing;  // every method of it is unimplemented
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&nothing);
  const auto server = builder.BuildAndStart();
  const Ran ran = RunCtl({"--endpoint", "127.0.0.1:" + std::to_string(port), "list"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("UNIMPLEMENTED"), HasSubstr("CreateCircuitAdmin")));
}

TEST_F(Read, GetShowsAllThereIs) {
  const Ran ran = Run({"get", kReserve});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  for (const char* const part :
       {"inventory/shop.Inventory/Reserve on test-1\n", "state         OPEN for ",
        "next probe    in ", "last opening  3 failures in a row", "last failure  UNAVAILABLE, ",
        "totals        success 0, failure 3", "opened        1 time: CLOSED -> OPEN 1",
        "policy (etag ", "  open_duration: 10s    ", " code\n", " default\n", "  ramp: off\n",
        "events\n", "circuit added", "CLOSED -> OPEN  3 failures in a row"}) {
    EXPECT_THAT(ran.out, HasSubstr(part));
  }
  EXPECT_THAT(Run({"get", kReserve, "--events", "0"}).out, Not(HasSubstr("events")));
}

TEST_F(Read, R22_GetTellsWhichOpeningInARowItIs) {
  EXPECT_THAT(Run({"get", kReserve}).out, Not(HasSubstr("; 1 in a row")));
  server_.clock().Advance(absl::Seconds(10));
  server_.registry()->Find(kReserve)->TryAcquire().permit().RecordFailure();
  EXPECT_THAT(Run({"get", kReserve}).out, HasSubstr("ago; 2 in a row\n"));
}

TEST_F(Read, R21_GetTellsThatTheServerCannotBeAsked) {
  const auto circuit = server_.registry()->Find(kReserve);
  fusebox::Policy policy = circuit->Snapshot().policy;
  policy.health_probe = fusebox::HealthProbe{};
  ASSERT_TRUE(circuit->SetPolicy(policy, fusebox::Operator("oncall")).ok());
  server_.clock().Advance(absl::Seconds(10));
  EXPECT_THAT(Run({"get", kReserve}).out, Not(HasSubstr("health probe")));
  circuit->TryAcquire([] { return fusebox::Reach::kAsk; })
      .TakeProbe()
      .Record(fusebox::Outcome::Failure(12));
  const std::string out = Run({"get", kReserve}).out;
  EXPECT_THAT(out, HasSubstr("  health probe  stopped: it can't be asked, calls are the probes\n"));
  EXPECT_THAT(out, HasSubstr("the dependency can't be asked, UNIMPLEMENTED: calls are the probes"));
}

constexpr char kEvidence[] =
    "2 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 2 of them from 10.0.0.7:50051, 1 from 10.0.0.8:50051";

TEST_F(Read, R23_GetAndListTellWhatACandidateWouldHaveDone) {
  EXPECT_THAT(Run({"get", kCharge}).out, Not(HasSubstr("candidate")));
  const Ran set =
      Run({"policy", "set", kCharge, "shadow_policy.consecutive_failures=1", "--reason", "to see"});
  EXPECT_EQ(set.exit_code, 0) << set.err;
  EXPECT_THAT(set.out, HasSubstr("\n  shadow_policy: off -> on\n"));
  EXPECT_THAT(set.out, HasSubstr("\n  shadow_policy.consecutive_failures: - -> 1\n"));
  EXPECT_THAT(set.out, Not(HasSubstr("shadow_policy.failure_rate")));
  const auto circuit = server_.registry()->Find(kCharge);
  circuit->TryAcquire().permit().RecordFailure();
  circuit->TryAcquire().permit().RecordSuccess();
  const std::string counts =
      "of 2 calls it would reject 1 that were admitted, and admit 0 that were rejected; opened 1 "
      "time";
  const Ran get = Run({"get", kCharge});
  EXPECT_THAT(get.out, ContainsRegex("candidate +OPEN; " + counts));
  EXPECT_THAT(get.out, HasSubstr("shadow opened  1 failure in a row >= 1"));
  EXPECT_THAT(Run({"policy", "get", kCharge}).out,
              HasSubstr("\nshadow_policy.consecutive_failures: 1\n"));
}

TEST_F(Read, GetShowsWhichFailuresOpenedIt) {
  AdminServer::OpenByTwoPeers(*server_.registry()->Find(kCharge));
  const Ran ran = Run({"get", kCharge});
  EXPECT_THAT(ran.out, HasSubstr(std::string("  evidence      ") + kEvidence + "\n"));
  EXPECT_THAT(ran.out,
              HasSubstr(std::string("CLOSED -> OPEN  3 failures in a row >= 3: ") + kEvidence));
}

TEST_F(Read, ListShowsWhichFailuresOpenedIt) {
  AdminServer::OpenByTwoPeers(*server_.registry()->Find(kCharge));
  EXPECT_THAT(Run({"list", "pay*"}).out,
              HasSubstr(std::string("3 failures in a row >= 3: ") + kEvidence + "\n"));
}

// That of a later failure is not that of the opening.
TEST(ReadMessages, GetShowsTheOpeningsLastMessageBesideALaterOne) {
  AdminServer server([](auto& options) { options.show_failure_messages = true; });
  fusebox::CircuitBreaker& circuit = server.Add(kCharge);
  AdminServer::OpenByTwoPeers(circuit);
  EXPECT_THAT(RunCtl({"--endpoint", server.address(), "get", kCharge}).out,
              AllOf(HasSubstr("10.0.0.8:50051\n"), HasSubstr("ago: the password is 1234\n")));
  circuit.Reset(fusebox::Operator("oncall").Because("why"));
  EXPECT_TRUE(circuit.TryAcquire().permit().Record(fusebox::Outcome::Failure(13, "broken")));
  EXPECT_THAT(RunCtl({"--endpoint", server.address(), "get", kCharge}).out,
              AllOf(HasSubstr("10.0.0.8:50051; the last: the password is 1234\n"),
                    HasSubstr("last failure  INTERNAL, ")));
}

TEST_F(Read, GetJsonHoldsTheEvidence) {
  AdminServer::OpenByTwoPeers(*server_.registry()->Find(kCharge));
  const auto circuit = EndpointOf(Run({"get", kCharge, "--output", "json"}).out, 0)
                           .fields()
                           .at("circuit")
                           .struct_value()
                           .fields();
  const auto evidence = circuit.at("last_opening").struct_value().fields().at("evidence");
  const auto fields = evidence.struct_value().fields();
  EXPECT_EQ(fields.at("calls").string_value(), "3");
  const auto code = fields.at("codes").list_value().values(0).struct_value().fields();
  EXPECT_EQ(code.at("code").number_value(), 14);
  EXPECT_EQ(code.at("count").string_value(), "2");
  const auto peer = fields.at("peers").list_value().values(0).struct_value().fields();
  EXPECT_EQ(peer.at("peer").string_value(), "10.0.0.7:50051");
  EXPECT_EQ(fields.at("text").string_value(), kEvidence);
}

TEST_F(Read, GetJsonHoldsTheCircuitAndItsEvents) {
  const auto endpoint =
      EndpointOf(Run({"get", kReserve, "--output", "json", "--events", "2"}).out, 0).fields();
  EXPECT_EQ(endpoint.at("circuit").struct_value().fields().at("name").string_value(), kReserve);
  EXPECT_EQ(endpoint.at("events").list_value().values_size(), 2);
}

TEST_F(Read, GetOfWhatIsNotThereSaysHowToFindOut) {
  const Ran ran = Run({"get", "nope"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("NOT_FOUND"), HasSubstr("fuseboxctl list")));
  EXPECT_THAT(Run({"get", "Reserve"}).err, HasSubstr(std::string("did you mean ") + kReserve));
  EXPECT_THAT(Run({"policy", "get", "Charge"}).err, HasSubstr(kCharge));
}

}  // namespace
}  // namespace fusebox_testing
