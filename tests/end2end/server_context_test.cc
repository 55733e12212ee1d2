// SPDX-License-Identifier: Apache-2.0
//
// Calls that a server makes while it serves one: whose deadline is whose (rule C3).
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/grpc/client_context.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"
#include "tests/end2end/front_server.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.grpc.pb.h"
#include "tests/support/mailbox.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using Time = std::chrono::system_clock::time_point;

constexpr Time kNone = Time::max();

// A call to the server behind, on behalf of one that is served.
struct RelayedCall {
  std::unique_ptr<grpc::ClientContext> context;
  EchoRequest request;
  EchoReply reply;
};

class ServerContextTest : public testing::TestWithParam<ServerStyle> {
 protected:
  FrontServer::Handler Relay(ProtectedClient& client) {
    return [stub = std::shared_ptr<Echo::Stub>(Echo::NewStub(client.channel()))](
               const grpc::ServerContextBase& served, FrontServer::Done done) {
      auto call = std::make_shared<RelayedCall>();
      call->context = fusebox::ClientContextFor(served);
      stub->async()->Unary(
          call->context.get(), &call->request, &call->reply,
          [call, done = std::move(done)](grpc::Status status) { done(std::move(status)); });
    };
  }

  static grpc::Status CallFront(const FrontServer& front, Time deadline) {
    const auto stub =
        Echo::NewStub(grpc::CreateChannel(front.address(), grpc::InsecureChannelCredentials()));
    grpc::ClientContext context;
    context.set_deadline(deadline);
    EchoReply reply;
    return stub->Unary(&context, EchoRequest(), &reply);
  }
};

TEST_P(ServerContextTest, C3_ImpatientCallersOpenNothingForPatientOnes) {
  ScriptedEcho behind(Script::Hang());
  ProtectedClient client(behind.address(), [](fusebox::ChannelOptions& options) {
    options.breaker.classifier.min_deadline = absl::Seconds(1);
  });
  {
    const FrontServer front(GetParam(), Relay(client));
    // Not forever, if it does open: no more calls get through then.
    while (behind.calls() < 5 && client.Snapshot(Kind::kUnary).state == fusebox::State::kClosed) {
      const Time soon = std::chrono::system_clock::now() + std::chrono::milliseconds(20);
      EXPECT_EQ(CallFront(front, soon).error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
    }
  }  // whatever had been relayed is over
  fusebox::CircuitSnapshot circuit = client.Snapshot(Kind::kUnary);
  EXPECT_EQ(circuit.totals.failure, 0);
  EXPECT_GE(circuit.totals.ignored, 5);
  EXPECT_EQ(circuit.state, fusebox::State::kClosed);

  behind.Play(Script::Answer());
  const FrontServer front(GetParam(), Relay(client));
  const Time late = std::chrono::system_clock::now() + std::chrono::minutes(1);
  EXPECT_TRUE(CallFront(front, late).ok());
  EXPECT_EQ(client.Snapshot(Kind::kUnary).totals.success, 1);
}

TEST_P(ServerContextTest, C3_TheEarlierDeadlineCounts) {
  const Time now = std::chrono::system_clock::now();
  const Time early = now + std::chrono::minutes(5);
  const Time late = now + std::chrono::hours(5);
  struct Deadlines {
    Time served = kNone;
    Time alone = kNone;            // of a context that is told nothing
    Time with_early = kNone;       // of one that is told `early` for its own
    Time with_late = kNone;        // or `late`
    Time without_passing = kNone;  // nothing, and no deadline is passed on
    Time late_without_passing = kNone;
  };
  Mailbox<Deadlines> seen;
  const FrontServer front(GetParam(), [&](const grpc::ServerContextBase& served,
                                          const FrontServer::Done& done) {
    grpc::PropagationOptions not_passed_on;
    not_passed_on.disable_deadline_propagation();
    Deadlines deadlines;
    deadlines.served = served.deadline();
    deadlines.alone = fusebox::ClientContextFor(served)->deadline();
    deadlines.with_early = fusebox::ClientContextFor(served, early)->deadline();
    deadlines.with_late = fusebox::ClientContextFor(served, late)->deadline();
    deadlines.without_passing = fusebox::ClientContextFor(served, kNone, not_passed_on)->deadline();
    deadlines.late_without_passing =
        fusebox::ClientContextFor(served, late, not_passed_on)->deadline();
    seen.Put(deadlines);
    done(grpc::Status::OK);
  });

  const Time between = now + std::chrono::hours(1);
  EXPECT_TRUE(CallFront(front, between).ok());
  Deadlines deadlines = seen.Take();
  // The wire carries the time that is left, so the server's clock decides when that is over.
  EXPECT_LT(deadlines.served, late);
  EXPECT_GT(deadlines.served, early);
  const auto about = std::chrono::seconds(1);
  EXPECT_LT(deadlines.alone, deadlines.served + about);
  EXPECT_GT(deadlines.alone, deadlines.served - about);
  EXPECT_EQ(deadlines.with_early, early);
  EXPECT_LT(deadlines.with_late, deadlines.served + about);
  EXPECT_EQ(deadlines.without_passing, kNone);
  EXPECT_EQ(deadlines.late_without_passing, late);

  EXPECT_TRUE(CallFront(front, kNone).ok());
  deadlines = seen.Take();
  EXPECT_EQ(deadlines.served, kNone);
  EXPECT_EQ(deadlines.alone, kNone);
  EXPECT_EQ(deadlines.with_early, early);
}

INSTANTIATE_TEST_SUITE_P(Servers, ServerContextTest, testing::ValuesIn(kServerStyles),
                         [](const testing::TestParamInfo<ServerStyle>& style) {
                           return Name(style.param);
                         });

}  // namespace
}  // namespace fusebox_testing
