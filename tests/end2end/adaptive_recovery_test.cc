// SPDX-License-Identifier: Apache-2.0
//
// The policy that needs no numbers on a real channel with gRPC's default arguments: a dependency
// that answers errors, hangs or sheds load, and one that is well again (rules R15 to R18).
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/event.h"
#include "fusebox/grpc/fault_injection.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitSnapshot;
using fusebox::EventKind;
using fusebox::FaultInjector;
using fusebox::RejectionReason;
using fusebox::State;
using grpc::StatusCode;

std::optional<RejectionReason> ReasonOf(const grpc::Status& status) {
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
  if (!rejection) return std::nullopt;
  return rejection->reason;
}

// Faults that the breaker takes for the server's. A hang ends soon, with DEADLINE_EXCEEDED.
std::shared_ptr<FaultInjector> MakeInjector() {
  fusebox::FaultInjectorOptions options;
  options.max_hang = absl::Milliseconds(1);
  return *FaultInjector::Create(std::move(options));
}

class AdaptiveRecoveryTest : public EveryCallTest {
 protected:
  AdaptiveRecoveryTest() {
    client_.emplace(server_.address(), [this](fusebox::ChannelOptions& options) {
      options.breaker.policies = fusebox::PolicyTable();
      options.breaker.policies.Default(fusebox::Policy());
      options.inner_interceptors.push_back(
          *fusebox::FaultInjectionInterceptorFactory::Create(injector_));
    });
  }

  grpc::Status Call() { return MakeCall(style(), kind(), client_->channel()).status; }
  CircuitSnapshot Snapshot() { return client_->Snapshot(kind()); }

  void Inject(decltype(fusebox::Fault::kind) fault_kind) {
    fusebox::Fault fault;
    fault.kind = std::move(fault_kind);
    ASSERT_TRUE(injector_->Set(FaultInjector::kDefault, fault).ok());
  }

  void AdvanceToProbe() {
    const std::optional<absl::Time> next = Snapshot().next_probe;
    ASSERT_TRUE(next.has_value());
    client_->clock().Advance(*next - client_->clock().WallNow());
  }

  // Calls that fail with that code until the circuit is OPEN, and probes that fail.
  void Lose(StatusCode code) {
    EXPECT_TRUE(Call().ok());
    Inject(code == StatusCode::DEADLINE_EXCEEDED
               ? decltype(fusebox::Fault::kind)(fusebox::InjectedHang{})
               : fusebox::InjectedStatus{code, "down"});
    while (Snapshot().state == State::kClosed) {
      EXPECT_EQ(Call().error_code(), code);
      client_->clock().Advance(absl::Milliseconds(20));
    }
    EXPECT_EQ(Snapshot().last_opening->cause, fusebox::Cause::kImprobableRun);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(ReasonOf(Call()), RejectionReason::kOpen);
      AdvanceToProbe();
      const grpc::Status probe = Call();
      EXPECT_EQ(probe.error_code(), code);
      EXPECT_EQ(ReasonOf(probe), std::nullopt);
      EXPECT_EQ(Snapshot().state, State::kOpen);
    }
    EXPECT_EQ(Told(EventKind::kProbeFailed), 3);
    EXPECT_EQ(Snapshot().totals.opened, 1);
  }

  // A good probe, slow start, and all calls; what slow start has found is kept or not.
  void Recover(double first_limit, bool kept) {
    injector_->ClearAll();
    AdvanceToProbe();
    EXPECT_TRUE(Call().ok());
    EXPECT_EQ(Snapshot().state, State::kHalfOpen);
    EXPECT_EQ(Snapshot().limit, first_limit);
    EXPECT_EQ(Told(EventKind::kSlowStartBegan), 1);
    // It grows with each success.
    EXPECT_TRUE(Call().ok());
    EXPECT_GT(Snapshot().limit.value_or(0), first_limit);
    EXPECT_EQ(Snapshot().state, State::kHalfOpen);
    client_->clock().Advance(absl::Seconds(1));
    EXPECT_TRUE(Call().ok());
    EXPECT_EQ(Snapshot().state, State::kClosed);
    EXPECT_EQ(Snapshot().limit.has_value(), kept);
    EXPECT_EQ(Told(EventKind::kLimitBegan), kept ? 1 : 0);
    client_->clock().Advance(absl::Seconds(10));
    EXPECT_TRUE(Call().ok());
    EXPECT_EQ(Snapshot().limit, std::nullopt);
    EXPECT_EQ(Snapshot().in_flight, 0);
  }

  int64_t Told(EventKind wanted) {
    int64_t told = 0;
    for (const fusebox::Event& event : client_->registry().EventsSince(0, 1'000).events) {
      told += event.kind == wanted ? 1 : 0;
    }
    return told;
  }

  ScriptedEcho server_;
  const std::shared_ptr<FaultInjector> injector_ = MakeInjector();
  std::optional<ProtectedClient> client_;
};

TEST_P(AdaptiveRecoveryTest, R16_R17_ADependencyThatAnswersErrorsIsBack) {
  Lose(StatusCode::INTERNAL);
  Recover(/*first_limit=*/2, /*kept=*/false);
}

// What was too much once may be it again: it begins with one.
TEST_P(AdaptiveRecoveryTest, R16_R17_ADependencyThatHangsIsBack) {
  Lose(StatusCode::DEADLINE_EXCEEDED);
  Recover(/*first_limit=*/1, /*kept=*/true);
}

// Real calls that are out, held by the server until this is destroyed.
class HeldCalls {
 public:
  HeldCalls(Style style, Kind kind, ChannelRef channel, ScriptedEcho& server, int count)
      : contexts_(static_cast<std::size_t>(count)) {
    server.Play(Script::Hang());
    const int64_t before = server.calls();
    for (grpc::ClientContext& context : contexts_) {
      threads_.emplace_back(
          [&context, style, kind, channel] { MakeCall(style, kind, channel, context); });
    }
    server.WaitForCalls(before + count);
    server.Play(Script::Answer());
  }
  HeldCalls(const HeldCalls&) = delete;
  HeldCalls& operator=(const HeldCalls&) = delete;
  ~HeldCalls() {
    for (grpc::ClientContext& context : contexts_) context.TryCancel();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  std::vector<grpc::ClientContext> contexts_;
  std::vector<std::thread> threads_;
};

TEST_P(AdaptiveRecoveryTest, R17_CallsBeyondTheWindowAreRejected) {
  Lose(StatusCode::INTERNAL);
  injector_->ClearAll();
  AdvanceToProbe();
  EXPECT_TRUE(Call().ok());
  {
    const HeldCalls held(style(), kind(), client_->channel(), server_, 2);
    EXPECT_EQ(Snapshot().in_flight, 2);
    EXPECT_EQ(ReasonOf(Call()), RejectionReason::kLimited);
  }
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(Snapshot().state, State::kHalfOpen);
}

TEST_P(AdaptiveRecoveryTest, R18_OneThatShedsIsSentLess) {
  EXPECT_TRUE(Call().ok());
  {
    const HeldCalls held(style(), kind(), client_->channel(), server_, 4);
    server_.Play(Script::Fail(grpc::Status(StatusCode::RESOURCE_EXHAUSTED, "busy")));
    for (int i = 0; i < 3; ++i) {
      const grpc::Status status = Call();
      if (i == 0) {
        EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
      } else {
        EXPECT_EQ(ReasonOf(status), RejectionReason::kLimited) << status.error_message();
      }
    }
    EXPECT_EQ(Snapshot().state, State::kClosed);
    EXPECT_EQ(Snapshot().limit, 3.5);
    EXPECT_EQ(Told(EventKind::kLimitBegan), 1);
    server_.Play(Script::Answer());
  }
  EXPECT_TRUE(Call().ok());
  EXPECT_TRUE(Snapshot().limit);
  client_->clock().Advance(absl::Seconds(10));
  EXPECT_TRUE(Call().ok());
  EXPECT_EQ(Snapshot().limit, std::nullopt);
  EXPECT_EQ(Told(EventKind::kLimitEnded), 1);
  EXPECT_EQ(Snapshot().totals.opened, 0);
}

FUSEBOX_FOR_EVERY_CALL(AdaptiveRecoveryTest);

}  // namespace
}  // namespace fusebox_testing
