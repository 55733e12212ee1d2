// SPDX-License-Identifier: Apache-2.0
//
// Cancellations at every moment of a call's life, down to its last: a ClientContext may be
// destroyed as soon as its TryCancel has returned. No thread of gRPC's takes part, so
// ThreadSanitizer sees every access.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

// Threads that cancel a call over and over, beside whatever else it does. They have cancelled it at
// least once when they are stopped.
class Cancellers {
 public:
  explicit Cancellers(FakeCall& call) {
    for (std::thread& thread : threads_) thread = std::thread([this, &call] { Run(call); });
  }
  ~Cancellers() {
    stopped_.store(true, std::memory_order_relaxed);
    for (std::thread& thread : threads_) thread.join();
  }

  // Whether the call has been cancelled by now. Orders nothing: that is up to the interceptor.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  void Run(FakeCall& call) {
    do {
      EXPECT_EQ(call.Cancel(), "Proceed");
      cancelled_.store(true, std::memory_order_relaxed);
    } while (!stopped_.load(std::memory_order_relaxed));
  }

  std::atomic<bool> stopped_{false};
  std::atomic<bool> cancelled_{false};
  std::array<std::thread, 2> threads_;
};

enum class End { kFinished, kDropped, kRejected, kNeverStarted };

std::string Name(End end) {
  switch (end) {
    case End::kFinished:
      return "Finished";
    case End::kDropped:
      return "Dropped";
    case End::kRejected:
      return "Rejected";
    case End::kNeverStarted:
      return "NeverStarted";
  }
  return "";
}

std::string Name(CallType type) {
  switch (type) {
    case CallType::CLIENT_STREAMING:
      return "ClientStream";
    case CallType::SERVER_STREAMING:
      return "ServerStream";
    case CallType::BIDI_STREAMING:
      return "Bidi";
    default:
      return "Unary";
  }
}

class CancelledCallTest : public testing::TestWithParam<std::tuple<CallType, End>> {
 protected:
  CallType type() const { return std::get<CallType>(GetParam()); }
  End end() const { return std::get<End>(GetParam()); }

  // Every hook that a call of that type has. Gives the status, if the call comes to one.
  std::optional<grpc::Status> Play(FakeCall& call, const Cancellers& cancellers) const {
    if (end() == End::kNeverStarted) return std::nullopt;
    const auto status = [&] {
      return cancellers.cancelled() ? grpc::Status::CANCELLED : grpc::Status::OK;
    };
    if (type() == CallType::UNARY) {
      if (end() != End::kDropped) return call.Play(UnaryOps(), status()).status;
      call.Play(StartOps());
      return std::nullopt;
    }
    const bool writes = type() != CallType::SERVER_STREAMING;
    const bool reads = type() != CallType::CLIENT_STREAMING;
    call.Play(writes ? StartOps() : StartReadOnlyOps());
    if (writes) call.Play(WriteOps());
    if (writes) call.Play(WritesDoneOps());
    if (reads) call.Play(ReadOps());
    if (end() == End::kDropped) return std::nullopt;
    return call.Play(reads ? FinishOps() : FinishWithReplyOps(), status()).status;
  }
};

// Each call is the only probe that there may be, so that a place which isn't given back is missed
// by the next.
TEST_P(CancelledCallTest, IsCountedOnceAndFreesItsProbePlace) {
  FakeClock clock;
  FakeChannel channel(clock);
  const auto breaker = channel.breaker();
  constexpr int kCalls = 50;
  int64_t succeeded = 0;
  int64_t cancelled = 0;
  for (int i = 0; i < kCalls; ++i) {
    breaker->Reset(fusebox::Operator("test").Because("once more"));
    for (int failure = 0; failure < 2; ++failure) breaker->TryAcquire().permit().RecordFailure();
    if (end() != End::kRejected) clock.Advance(absl::Seconds(30));
    const auto interceptor = channel.MakeInterceptor(type());
    FakeCall call(*interceptor);
    const Cancellers cancellers(call);
    const std::optional<grpc::Status> status = Play(call, cancellers);
    ASSERT_EQ(call.hijacked(), end() == End::kRejected);
    if (!status) continue;
    succeeded += status->ok() ? 1 : 0;
    cancelled += status->error_code() == grpc::StatusCode::CANCELLED ? 1 : 0;
    EXPECT_EQ(fusebox::GetRejection(*status).has_value(), end() == End::kRejected);
  }
  const fusebox::CircuitSnapshot circuit = breaker->Snapshot();
  EXPECT_EQ(circuit.in_flight, 0);
  EXPECT_EQ(circuit.probes_in_flight, 0);
  EXPECT_EQ(circuit.totals.success, succeeded);
  EXPECT_EQ(circuit.totals.ignored, end() == End::kDropped ? kCalls : cancelled);
  EXPECT_EQ(circuit.totals.rejected, end() == End::kRejected ? kCalls : 0);
  EXPECT_EQ(circuit.totals.failure, 2 * kCalls);
  EXPECT_EQ(succeeded + cancelled, end() == End::kFinished ? kCalls : 0);
}

INSTANTIATE_TEST_SUITE_P(
    EveryCall, CancelledCallTest,
    testing::Combine(testing::Values(CallType::UNARY, CallType::CLIENT_STREAMING,
                                     CallType::SERVER_STREAMING, CallType::BIDI_STREAMING),
                     testing::Values(End::kFinished, End::kDropped, End::kRejected,
                                     End::kNeverStarted)),
    [](const testing::TestParamInfo<std::tuple<CallType, End>>& cell) {
      return Name(std::get<CallType>(cell.param)) + "_" + Name(std::get<End>(cell.param));
    });

// What a caller and its canceller hand over: the next call to cancel, and that TryCancel is back.
// Only spinning, so that nothing but these two orders them.
struct Handover {
  std::atomic<FakeCall*> call{nullptr};
  std::atomic<bool> ended{false};
};

void CancelEach(Handover& handover) {
  while (!handover.ended.load(std::memory_order_acquire)) {
    FakeCall* const call = handover.call.load(std::memory_order_acquire);
    if (call == nullptr) {
      std::this_thread::yield();
      continue;
    }
    call->Cancel();
    handover.call.store(nullptr, std::memory_order_release);
  }
}

TEST(CancellationConcurrencyTest, CallMayBeDestroyedAsSoonAsItsLastCancelIsBack) {
  const FakeClock clock;
  FakeChannel channel(clock);
  const auto breaker = channel.breaker();
  constexpr int kCallers = 3;
  constexpr int kCallsPerCaller = 1000;
  std::vector<std::thread> callers;
  for (int caller = 0; caller < kCallers; ++caller) {
    callers.emplace_back([&channel] {
      Handover handover;
      std::thread canceller([&] { CancelEach(handover); });
      for (int i = 0; i < kCallsPerCaller; ++i) {
        auto interceptor = channel.MakeInterceptor(CallType::SERVER_STREAMING);
        FakeCall call(*interceptor);
        call.Play(StartReadOnlyOps());
        handover.call.store(&call, std::memory_order_release);
        call.Play(ReadOps());
        if (i % 2 == 0) call.Play(FinishOps());
        while (handover.call.load(std::memory_order_acquire) != nullptr) std::this_thread::yield();
        interceptor.reset();
      }
      handover.ended.store(true, std::memory_order_release);
      canceller.join();
    });
  }
  for (std::thread& caller : callers) caller.join();
  const fusebox::CircuitSnapshot circuit = breaker->Snapshot();
  EXPECT_EQ(circuit.in_flight, 0);
  EXPECT_EQ(circuit.totals.success, kCallers * kCallsPerCaller / 2);
  EXPECT_EQ(circuit.totals.ignored, kCallers * kCallsPerCaller / 2);
}

}  // namespace
}  // namespace fusebox_testing
