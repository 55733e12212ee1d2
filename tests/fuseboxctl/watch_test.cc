// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl watch`, and `--wait` after a write.
#include <signal.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

constexpr char kName[] = "payments/shop.Payments/Charge";

TEST(Watch, ShowsWhatIsNotClosedAndThenWhatHappens) {
  AdminServer server;
  server.Add("healthy");
  AdminServer::Open(server.Add("sick"));
  Running watch({"--endpoint", server.address(), "watch"});
  EXPECT_THAT(watch.WaitForLine(""),
              AllOf(HasSubstr("test-1  sick  OPEN for "), HasSubstr("next probe in"),
                    HasSubstr("3 failures in a row")));
  ASSERT_TRUE(watch.WaitForError("watching 2 circuits, 1 not closed and automatic"));
  AdminServer::Open(server.Add(kName));
  EXPECT_THAT(watch.WaitForLine("-> OPEN  3"), HasSubstr(std::string("test-1  ") + kName));
  server.registry()->Find(kName)->Reset(fusebox::Operator("oncall").Because("it is back"));
  EXPECT_THAT(watch.WaitForLine("OPEN -> CLOSED"), HasSubstr("oncall: it is back"));
  AdminServer::OpenByTwoPeers(*server.registry()->Find(kName));
  EXPECT_THAT(watch.WaitForLine("10.0.0.7:50051"),
              HasSubstr("3 failures in a row >= 3: 2 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 2 of them "
                        "from 10.0.0.7:50051, 1 from 10.0.0.8:50051"));
  watch.Signal(SIGINT);
  EXPECT_EQ(watch.Wait().exit_code, 0);
}

TEST(Watch, JsonIsAnObjectALine) {
  AdminServer server;
  server.Add(kName);
  Running watch({"--endpoint", server.address(), "watch", "--output", "json", "pay*"});
  const auto first = Json(watch.WaitForLine("")).fields();
  EXPECT_EQ(first.at("instance").string_value(), "test-1");
  EXPECT_EQ(first.at("circuit").struct_value().fields().at("name").string_value(), kName);
  EXPECT_TRUE(Json(watch.WaitForLine("")).fields().at("snapshot_complete").bool_value());
  AdminServer::Open(server.Add("other"));
  server.registry()->Find(kName)->Disable(fusebox::Operator("oncall").Because("why"));
  const auto event = Json(watch.WaitForLine("")).fields().at("event").struct_value().fields();
  EXPECT_EQ(event.at("circuit").string_value(), kName);
  EXPECT_EQ(event.at("to_mode").string_value(), "MODE_DISABLED");
}

TEST(Watch, UntilEndsWhenAllAreThere) {
  AdminServer server;
  AdminServer::Open(server.Add("pay/1"));
  AdminServer::Open(server.Add("pay/2"));
  AdminServer::Open(server.Add("other"));
  Running watch({"--endpoint", server.address(), "watch", "pay/*", "--until", "closed"});
  ASSERT_NE(watch.WaitForLine("pay/2  OPEN"), "");
  server.registry()->Find("pay/1")->Reset(fusebox::Operator("oncall").Because("why"));
  ASSERT_NE(watch.WaitForLine("pay/1  reset"), "");
  server.registry()->Find("pay/2")->Reset(fusebox::Operator("oncall").Because("why"));
  EXPECT_EQ(watch.Wait().exit_code, 0);
}

TEST(Watch, UntilTellsTimeoutsFromInterrupts) {
  AdminServer server;
  AdminServer::Open(server.Add(kName));
  const std::vector<std::string> arguments = {"--endpoint", server.address(), "watch", "--until",
                                              "closed"};
  std::vector<std::string> with_timeout = arguments;
  with_timeout.insert(with_timeout.end(), {"--until-timeout", "200ms"});
  const Ran ran = RunCtl(with_timeout);
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("--until CLOSED was not reached in 200ms"),
                             HasSubstr(std::string(kName) + " is OPEN")));
  Running watch(arguments);
  ASSERT_NE(watch.WaitForLine(kName), "");
  watch.Signal(SIGTERM);
  EXPECT_EQ(watch.Wait().exit_code, 130);
}

TEST(Watch, UntilNamesAFewOfThoseThatItWaitsFor) {
  AdminServer server;
  for (int i = 0; i < 25; ++i) AdminServer::Open(server.Add("many/" + std::to_string(i)));
  const Ran ran = RunCtl(
      {"--endpoint", server.address(), "watch", "--until", "closed", "--until-timeout", "500ms"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("and 5 more are not in that state yet"),
                             HasSubstr("many/0 is OPEN"), Not(HasSubstr("many/9 is OPEN"))));
}

TEST(Watch, EndsIfNoEndpointWillEverLetItWatch) {
  AdminServer server([](fusebox::CircuitAdminOptions& options) {
    options.read_authorizer = fusebox::AllowBearerToken("0123456789abcdef", "ci").value();
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  const Ran ran = RunCtl({"--endpoint", server.address(), "watch"});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("UNAUTHENTICATED"), HasSubstr("--token-file")));
}

// A server that goes and comes back, at the same place.
class ComingServer : public TestCircuits {
 public:
  explicit ComingServer(std::size_t event_capacity)
      : TestCircuits(event_capacity),
        path_(testing::TempDir() + "fuseboxctl-watch-" + std::to_string(getpid())) {
    fusebox::CircuitAdminOptions options;
    options.registry = registry();
    options.instance = "here";
    service_ = fusebox::CreateCircuitAdmin(options).value();
    Come();
  }
  ~ComingServer() { Go(); }

  std::string address() const { return "unix:" + path_; }

  void Come() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(address(), grpc::InsecureServerCredentials());
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
  }
  void Go() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_.reset();
  }

 private:
  const std::string path_;
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

TEST(Watch, GoesOnWhereItWasAndSaysHowMuchItMissed) {
  ComingServer server(/*event_capacity=*/4);
  fusebox::CircuitBreaker& circuit = server.Add(kName);
  Running watch({"--endpoint", server.address(), "watch"});
  ASSERT_TRUE(watch.WaitForError("watching 1 circuit"));
  circuit.Disable(fusebox::Operator("oncall").Because("first"));
  ASSERT_NE(watch.WaitForLine("first"), "");
  server.Go();
  ASSERT_TRUE(watch.WaitForError("trying again until it answers"));
  for (int i = 0; i < 3; ++i) {
    circuit.Shadow(fusebox::Operator("oncall").Because("unseen"));
    circuit.Disable(fusebox::Operator("oncall").Because("last"));
  }
  server.Come();
  EXPECT_THAT(watch.WaitForLine(kName), HasSubstr("unseen"));
  EXPECT_THAT(watch.WaitForLine(kName), HasSubstr("last"));
  EXPECT_TRUE(watch.WaitForError("here: missed 2 events"));
  EXPECT_TRUE(watch.WaitForError("here: connected again"));
}

TEST(Wait, EndsWhenTheTouchedCircuitIsThereByTimeAlone) {
  AdminServer server;
  server.Add(kName);
  Running open({"--endpoint", server.address(), "open", kName, "--reason", "deploy", "--ttl", "10s",
                "--wait", "half-open"});
  ASSERT_THAT(open.WaitForLine(kName), ContainsRegex("open: done +OPEN +FORCED_OPEN"));
  ASSERT_TRUE(open.WaitForError(std::string("waiting for test-1: ") + kName +
                                " to be HALF_OPEN, at most 1m"));
  server.clock().Advance(absl::Seconds(10));
  const Ran ran = open.Wait();
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_THAT(ran.err, HasSubstr(std::string("test-1: ") + kName + " is HALF_OPEN, after "));
}

TEST(Wait, JsonHasTheStateInTheEnd) {
  AdminServer server;
  server.Add(kName);
  Running open({"--endpoint", server.address(), "open", kName, "--reason", "deploy", "--ttl", "10s",
                "--wait", "half-open", "--output", "json"});
  ASSERT_TRUE(open.WaitForError("waiting for "));
  server.clock().Advance(absl::Seconds(10));
  const Ran ran = open.Wait();
  const auto result =
      EndpointOf(ran.out, 0).fields().at("results").list_value().values(0).struct_value().fields();
  EXPECT_EQ(result.at("state").string_value(), "STATE_HALF_OPEN");
  EXPECT_EQ(result.at("mode").string_value(), "MODE_AUTOMATIC");
}

TEST(Wait, SaysWhatItWaitedForInVain) {
  AdminServer server;
  server.Add("a/1");
  server.Add("a/2");
  const Ran ran = RunCtl({"--endpoint", server.address(), "open", "a/*", "--yes", "--reason", "x",
                          "--wait", "closed", "--wait-timeout", "200ms"});
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("a/1 is OPEN (it is forced open"), HasSubstr("a/2 is OPEN"),
                             HasSubstr("--wait CLOSED was not reached in 200ms")));
  AdminServer::Open(server.Add("b"));
  const Ran by_time = RunCtl({"--endpoint", server.address(), "auto", "b", "--reason", "x",
                              "--wait", "closed", "--wait-timeout", "200ms"});
  EXPECT_EQ(by_time.exit_code, 4);
  EXPECT_THAT(by_time.err, HasSubstr("b is OPEN (it turns HALF_OPEN when its time is up: "));
}

}  // namespace
}  // namespace fusebox_testing
