// SPDX-License-Identifier: Apache-2.0
//
// A process that is stopped, and goes on after all that its circuits wait for is over (rule R13). A
// server answers meanwhile.
#include <grpcpp/support/status.h>
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/testing/scripted_server.h"
#include "tests/end2end/every_call.h"
#include "tests/support/child_process.h"
#include "tests/support/echo.pb.h"

namespace fusebox_testing {
namespace {

class StoppedClientTest : public EveryCallTest {
 protected:
  StoppedClientTest() { server_.Answer(method(), Ok()); }

  std::string method() const { return MethodOf(kind()); }
  static Reply Ok() {
    EchoReply reply;
    reply.set_text("hello");
    return Reply::Ok(reply);
  }
  void Break() { server_.Answer(method(), Reply::Fail(grpc::StatusCode::UNAVAILABLE, "broken")); }

  // stopped_client.cc has the parts.
  std::vector<std::string> ArgumentsFor(const std::string& part) const {
    return {server_.target(), Name(style()), Name(kind()), part};
  }

  // What the server does while the client is stopped is done when it goes on. No state is waited
  // for: it is time that must pass, twice as much as any of the client's times.
  template <typename Meanwhile>
  static void StopAndContinue(ChildProcess& client, Meanwhile meanwhile) {
    client.Stop();
    meanwhile();
    absl::SleepFor(absl::Seconds(1));
    client.Continue();
    client.WriteLine("go on");
  }

  ScriptedServer server_;
};

TEST_P(StoppedClientTest, R14_CallsThatWereAnsweredMeanwhileDidNotHang) {
  server_.Hold(method());
  ChildProcess client(FUSEBOX_TEST_STOPPED_CLIENT, ArgumentsFor("HungCalls"));
  EXPECT_EQ(client.ReadLine(), "4 calls are out");
  ASSERT_TRUE(server_.WaitForCalls(method(), 4));
  StopAndContinue(client, [this] { server_.Release(method()); });
  EXPECT_EQ(client.Wait(), 0);
}

TEST_P(StoppedClientTest, R5_NorDidAProbe) {
  Break();
  ChildProcess client(FUSEBOX_TEST_STOPPED_CLIENT, ArgumentsFor("Probe"));
  EXPECT_EQ(client.ReadLine(), "the circuit is half-open");
  server_.Answer(method(), Ok());
  server_.Hold(method());
  client.WriteLine("go on");
  EXPECT_EQ(client.ReadLine(), "a probe is out");
  ASSERT_TRUE(server_.WaitForCalls(method(), 3));
  StopAndContinue(client, [this] { server_.Release(method()); });
  EXPECT_EQ(client.Wait(), 0);
}

TEST_P(StoppedClientTest, CallsThatAreLateAreCountedAsTheirCallersSeeThem) {
  server_.Hold(method());
  ChildProcess client(FUSEBOX_TEST_STOPPED_CLIENT, ArgumentsFor("Deadlines"));
  EXPECT_EQ(client.ReadLine(), "3 calls are out");
  StopAndContinue(client, [this] { server_.Release(method()); });
  EXPECT_EQ(client.Wait(), 0);
}

TEST_P(StoppedClientTest, R4_AnOpeningThatIsOverIsFollowedByAProbe) {
  Break();
  ChildProcess client(FUSEBOX_TEST_STOPPED_CLIENT, ArgumentsFor("Opening"));
  EXPECT_EQ(client.ReadLine(), "the circuit is open");
  StopAndContinue(client, [this] { server_.Answer(method(), Ok()); });
  EXPECT_EQ(client.Wait(), 0);
}

TEST_P(StoppedClientTest, R3_FailuresBeforeHaveLeftTheWindow) {
  Break();
  ChildProcess client(FUSEBOX_TEST_STOPPED_CLIENT, ArgumentsFor("Window"));
  EXPECT_EQ(client.ReadLine(), "2 calls have failed");
  StopAndContinue(client, [] {});
  EXPECT_EQ(client.Wait(), 0);
}

// Of the other styles' unary calls nothing is sent before they are waited for.
INSTANTIATE_TEST_SUITE_P(Streams, StoppedClientTest,
                         testing::Combine(testing::ValuesIn(kStyles),
                                          testing::Values(Kind::kServerStream)),
                         EveryCallName);
INSTANTIATE_TEST_SUITE_P(Unary, StoppedClientTest,
                         testing::Values(std::make_tuple(Style::kCallback, Kind::kUnary)),
                         EveryCallName);

}  // namespace
}  // namespace fusebox_testing
