// SPDX-License-Identifier: Apache-2.0
//
// Faults that are switched while calls run, are held, and are cancelled. No thread of gRPC's takes
// part, so ThreadSanitizer sees every access.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "fusebox/grpc/fault_injection.h"
#include "interceptors/fault_injection_call.h"
#include "tests/interceptors/late_batch.h"
#include "tests/support/fake_batch.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {
namespace {

using fusebox::Fault;
using fusebox::InjectedDelay;
using fusebox::InjectedHang;
using fusebox::InjectedStatus;
using fusebox::internal::FaultEngine;
using fusebox::internal::FaultInjectionInterceptor;
using CallType = fusebox::internal::FaultyCall::CallType;

constexpr char kMethod[] = "/shop.Inventory/Reserve";

// What the calls saw, to be compared with what was counted.
struct Seen {
  std::atomic<int64_t> statuses{0};
  std::atomic<int64_t> delays{0};
  std::atomic<int64_t> hangs{0};

  // A call that is made while no fault is set is over in no time.
  bool All() const { return statuses > 0 && delays > 0 && hangs > 0; }
};

std::unique_ptr<FaultInjectionInterceptor> MakeInterceptor(
    const std::shared_ptr<FaultEngine>& engine, CallType type) {
  auto rule = engine->Find(kMethod);
  if (rule == nullptr) return nullptr;
  return std::make_unique<FaultInjectionInterceptor>(engine, std::move(rule), type,
                                                     absl::InfiniteFuture());
}

void MakeOneCall(const std::shared_ptr<FaultEngine>& engine, bool cancelled, Seen& seen) {
  const auto interceptor = MakeInterceptor(engine, CallType::UNARY);
  if (interceptor == nullptr) return;
  std::thread canceller;
  if (cancelled) canceller = std::thread([&] { FakeCall(*interceptor).Cancel(); });
  LateBatch batch(*interceptor, UnaryOps());
  batch.WaitUntilGone();
  if (canceller.joinable()) canceller.join();
  // Only a call that may go its way later has its message serialised.
  if (absl::StrContains(batch.log(), "GetSerializedSendMessage")) {
    ++seen.delays;
  } else if (absl::StrContains(batch.log(), "Hijack")) {
    ++(batch.status().error_code() == InjectedStatus().code ? seen.statuses : seen.hangs);
  }
}

void SwitchFaults(FaultEngine& engine, const std::atomic<bool>& stopped) {
  std::minstd_rand random(1);
  while (!stopped) {
    const char* const names[] = {"*", "shop.Inventory", "shop.Inventory/Reserve"};
    const decltype(Fault::kind) kinds[] = {InjectedStatus{}, InjectedDelay{absl::Milliseconds(1)},
                                           InjectedHang{}};
    Fault fault;
    fault.kind = kinds[random() % 3];
    fault.fraction = 0.7;
    engine.Set(names[random() % 3], fault);
    if (random() % 8 == 0) engine.Clear(names[random() % 3]);
    if (random() % 64 == 0) engine.ClearAll();
    engine.injected();
    std::this_thread::yield();
  }
}

TEST(FaultInjectionConcurrencyTest, EveryFaultIsCountedOnceAndEveryCallEnds) {
  const auto engine = std::make_shared<FaultEngine>(7, absl::Milliseconds(2));
  Seen seen;
  std::atomic<bool> stopped{false};
  std::thread switcher([&] { SwitchFaults(*engine, stopped); });
  std::vector<std::thread> workers;
  for (unsigned seed = 1; seed <= 4; ++seed) {
    workers.emplace_back([&, seed] {
      std::minstd_rand random(seed);
      for (int i = 0; i < 500 || !seen.All(); ++i) MakeOneCall(engine, random() % 4 == 0, seen);
    });
  }
  for (std::thread& worker : workers) worker.join();
  stopped = true;
  switcher.join();

  const fusebox::InjectedFaults injected = engine->injected();
  EXPECT_EQ(injected.statuses, seen.statuses);
  EXPECT_EQ(injected.delays, seen.delays);
  EXPECT_EQ(injected.hangs, seen.hangs);
  for (const int64_t count : {injected.statuses, injected.delays, injected.hangs}) {
    EXPECT_GT(count, 0);
  }
}

// A corked stream may be read and written at the same time with nothing before: both batches are
// its first.
TEST(FaultInjectionConcurrencyTest, TwoFirstBatchesDrawOneLotAndAreHijackedOnce) {
  const auto engine = std::make_shared<FaultEngine>(7, absl::Minutes(1));
  engine->Set("*", Fault());
  constexpr int kCalls = 200;
  for (int i = 0; i < kCalls; ++i) {
    const auto interceptor = MakeInterceptor(engine, CallType::BIDI_STREAMING);
    std::string read_log;
    std::thread reader([&] {
      LateBatch read(*interceptor, ReadOps());
      read.WaitUntilGone();
      read_log = read.log();
    });
    LateBatch write(*interceptor, CorkedWriteOps());
    write.WaitUntilGone();
    reader.join();
    EXPECT_NE(absl::StrContains(read_log, "Hijack"), absl::StrContains(write.log(), ", Hijack"));
  }
  EXPECT_EQ(engine->injected().statuses, kCalls);
}

// However near the end of the delay it comes.
TEST(FaultInjectionConcurrencyTest, WriteNeverOvertakesItsStart) {
  const auto engine = std::make_shared<FaultEngine>(7, absl::Minutes(1));
  Fault fault;
  fault.kind = InjectedDelay{absl::Milliseconds(1)};
  engine->Set("*", fault);
  for (int i = 0; i < 200; ++i) {
    const auto interceptor = MakeInterceptor(engine, CallType::BIDI_STREAMING);
    Mailbox<std::string> gone;
    FakeBatch start(StartOps().send);
    FakeBatch write(WriteOps().send);
    start.on_proceed = [&] { gone.Put("start"); };
    write.on_proceed = [&] { gone.Put("write"); };
    interceptor->Intercept(&start);
    for (int spin = 0; spin < i; ++spin) std::this_thread::yield();
    interceptor->Intercept(&write);
    EXPECT_EQ(gone.Take(), "start");
    EXPECT_EQ(gone.Take(), "write");
  }
}

}  // namespace
}  // namespace fusebox_testing
