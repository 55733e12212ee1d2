// SPDX-License-Identifier: Apache-2.0
//
// Many concurrent calls on circuits that open and close, with cancellations beside them. No thread
// of gRPC's takes part, so ThreadSanitizer sees every access.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {
namespace {

constexpr int kWorkers = 4;
constexpr int kCallsPerWorker = 1500;
constexpr int kCircuits = 2;

// What the workers saw, to be compared with what the circuits counted.
struct Seen {
  std::atomic<int64_t> started{0};
  std::atomic<int64_t> rejected{0};
  std::atomic<int64_t> abandoned{0};
};

// Another thread that cancels calls while their own thread plays them.
class Canceller {
 public:
  Canceller()
      : thread_([this] {
          while (FakeCall* call = calls_.Take()) {
            call->Cancel();
            done_.Put(true);
          }
        }) {}
  ~Canceller() {
    calls_.Put(nullptr);
    thread_.join();
  }

  void StartCancelling(FakeCall& call) { calls_.Put(&call); }
  void Wait() { done_.Take(); }

 private:
  Mailbox<FakeCall*> calls_;
  Mailbox<bool> done_;
  std::thread thread_;
};

class Worker {
 public:
  Worker(unsigned seed, FakeChannel& channel, FakeClock& clock, Seen& seen)
      : random_(seed), channel_(channel), clock_(clock), seen_(seen) {}

  void Run() {
    for (int i = 0; i < kCallsPerWorker; ++i) {
      MakeOneCall();
      if (Draw(20) == 0) clock_.Advance(absl::Seconds(10));
      if (Draw(50) == 0) channel_.registry().List();
      if (Draw(200) == 0)
        channel_.registry().ResetAll(fusebox::Operator("test").Because("at random"));
    }
  }

 private:
  unsigned Draw(unsigned below) {
    return std::uniform_int_distribution<unsigned>(0, below - 1)(random_);
  }

  void MakeOneCall() {
    const std::string method = "/shop.Inventory/" + std::to_string(Draw(kCircuits));
    const bool streams = Draw(2) == 0;
    const auto interceptor =
        channel_.MakeInterceptor(streams ? CallType::BIDI_STREAMING : CallType::UNARY, method);
    FakeCall call(*interceptor);
    const bool cancelled = Draw(4) == 0;
    if (cancelled) canceller_.StartCancelling(call);
    streams ? PlayStream(call) : PlayUnary(call);
    ++seen_.started;
    if (cancelled) canceller_.Wait();  // as a ClientContext outlives its TryCancel
  }

  void PlayUnary(FakeCall& call) { CountStatus(call.Play(UnaryOps(), DrawStatus()).status); }

  void PlayStream(FakeCall& call) {
    call.Play(StartOps());
    // Once started, a stream may be written and read at the same time.
    std::thread reader;
    if (Draw(10) == 0) reader = std::thread([&] { call.Play(ReadOps()); });
    call.Play(WriteOps());
    if (reader.joinable()) reader.join();
    if (Draw(8) == 0) {
      seen_.rejected += call.hijacked() ? 1 : 0;
      seen_.abandoned += call.hijacked() ? 0 : 1;
      return;
    }
    CountStatus(call.Play(FinishOps(), DrawStatus()).status);
  }

  // Failures come in bursts, so that circuits open, and close again.
  grpc::Status DrawStatus() {
    if (Draw(30) == 0) failing_ = !failing_;
    return failing_ ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "down") : grpc::Status::OK;
  }

  void CountStatus(const grpc::Status& status) {
    if (fusebox::GetRejection(status)) ++seen_.rejected;
  }

  std::minstd_rand random_;
  FakeChannel& channel_;
  FakeClock& clock_;
  Seen& seen_;
  Canceller canceller_;
  bool failing_ = false;
};

TEST(InterceptorConcurrencyTest, EveryCallIsCountedOnceAndNothingStaysOut) {
  FakeClock clock;
  fusebox::CircuitRegistry::Options options;
  options.clock = &clock;
  std::atomic<int64_t> events{0};
  options.listener = [&](const fusebox::Event&) { ++events; };
  FakeChannel channel(std::make_shared<fusebox::CircuitRegistry>(std::move(options)));
  Seen seen;

  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= kWorkers; ++seed) {
    threads.emplace_back([&, seed] { Worker(seed, channel, clock, seen).Run(); });
  }
  for (std::thread& thread : threads) thread.join();

  fusebox::Totals sum;
  for (const fusebox::CircuitSnapshot& circuit : channel.registry().List()) {
    EXPECT_EQ(circuit.in_flight, 0);
    EXPECT_EQ(circuit.probes_in_flight, 0);
    EXPECT_GT(circuit.totals.opened, 0);
    EXPECT_GT(circuit.totals.Transitions(fusebox::State::kHalfOpen, fusebox::State::kClosed), 0);
    sum.success += circuit.totals.success;
    sum.failure += circuit.totals.failure;
    sum.ignored += circuit.totals.ignored;
    sum.rejected += circuit.totals.rejected;
  }
  EXPECT_EQ(seen.started, kWorkers * kCallsPerWorker);
  EXPECT_EQ(sum.success + sum.failure + sum.ignored + sum.rejected, seen.started);
  EXPECT_EQ(sum.rejected, seen.rejected);
  EXPECT_EQ(sum.ignored, seen.abandoned);
  EXPECT_GT(events, 0);
}

// A corked stream may be read and written at the same time with nothing before: both batches are
// its first.
TEST(InterceptorConcurrencyTest, TwoFirstBatchesAreOneStart) {
  const FakeClock clock;
  for (const bool open : {false, true}) {
    FakeChannel channel(clock);
    const auto breaker = channel.breaker();
    for (int i = 0; open && i < 2; ++i) breaker->TryAcquire().permit().RecordFailure();
    constexpr int kCalls = 200;
    for (int i = 0; i < kCalls; ++i) {
      const auto interceptor = channel.MakeInterceptor(CallType::BIDI_STREAMING);
      FakeBatch read;
      FakeBatch write(CorkedWriteOps().send);
      std::thread reader([&] { interceptor->Intercept(&read); });
      interceptor->Intercept(&write);
      reader.join();
      EXPECT_EQ(breaker->Snapshot().in_flight, open ? 0 : 1);
    }
    EXPECT_EQ(breaker->Snapshot().totals.rejected, open ? kCalls : 0);
    EXPECT_EQ(breaker->Snapshot().totals.ignored, open ? 0 : kCalls);
  }
}

// Calls look circuits up while circuits are made, removed and pushed out by the registry's bound.
TEST(InterceptorConcurrencyTest, CallsFindCircuitsWhileCircuitsComeAndGo) {
  const FakeClock clock;
  fusebox::CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = 40;
  FakeChannel channel(std::make_shared<fusebox::CircuitRegistry>(std::move(options)));
  constexpr unsigned kMethods = 300;  // the table grows on the way
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= kWorkers; ++seed) {
    threads.emplace_back([&channel, seed] {
      std::minstd_rand random(seed);
      for (int i = 0; i < kCallsPerWorker; ++i) {
        const std::string method = "/shop.Inventory/" + std::to_string(random() % kMethods);
        const auto interceptor = channel.MakeInterceptor(CallType::UNARY, method);
        const FakeCall::Played played = FakeCall(*interceptor).Play(UnaryOps());
        EXPECT_EQ(played.received, "Proceed");
        if (random() % 10 == 0) {
          // The circuit may be gone already.
          channel.registry().Remove("inventory" + method).IgnoreError();
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(channel.registry().size(), 40U);
  EXPECT_GT(channel.registry().evicted(), 0);
  for (const auto& circuit : channel.registry().List()) EXPECT_EQ(circuit.in_flight, 0);
}

}  // namespace
}  // namespace fusebox_testing
