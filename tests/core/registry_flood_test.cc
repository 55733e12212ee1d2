// SPDX-License-Identifier: Apache-2.0
//
// Keys that fail, are cut off and never come again, without end, beside tenants that go on calling
// (P4). FUSEBOX_FLOOD_KEYS=1000000 is the form that takes minutes.
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;

int FloodKeys() {
  const char* const asked = std::getenv("FUSEBOX_FLOOD_KEYS");
  int keys = 20'000;
  if (asked != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(asked, &keys)) << asked;
  }
  return keys;
}

// Zero under sanitizers, which have their own.
std::size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// Five failures open it for 30 s; one that fails as a probe, too.
Policy FloodPolicy() {
  Policy policy = Policy::Fixed();
  policy.jitter = 0;
  return policy;
}

class Flood {
 public:
  static constexpr std::size_t kMaxCircuits = 1'000;
  static constexpr int kTenants = 100;
  static constexpr int kKeysPerSecond = 500;  // so that two seconds turn the whole registry over
  static constexpr absl::Duration kTenantsCallEvery = absl::Seconds(5);
  static constexpr absl::Duration kOpen = absl::Seconds(30);

  explicit Flood(int keys_per_second = kKeysPerSecond)
      : keys_per_second_(keys_per_second), registry_(OptionsOf(*this)), open_until_(kTenants) {
    for (int tenant = 0; tenant < kTenants; ++tenant) {
      FailUntilCutOff(TenantName(tenant));
      open_until_[static_cast<std::size_t>(tenant)] = clock_.Now() + kOpen;
    }
  }

  void OneOffKey() {
    FailUntilCutOff(absl::StrCat("one-off ", next_key_++));
    clock_.Advance(absl::Seconds(1) / keys_per_second_);
    if (clock_.Now() - tenants_called_ >= kTenantsCallEvery) TenantsCall();
  }

  CircuitRegistry& registry() { return registry_; }
  int64_t rejected() const { return rejected_; }
  int64_t probes() const { return probes_; }
  int64_t leaked() const { return leaked_; }  // calls that should have been rejected
  int64_t unprotected() const { return unprotected_; }

 private:
  static CircuitRegistry::Options OptionsOf(const Flood& flood) {
    CircuitRegistry::Options options;
    options.clock = &flood.clock_;
    options.max_circuits = kMaxCircuits;
    return options;
  }
  static std::string TenantName(int tenant) { return absl::StrCat("tenant ", tenant); }

  void FailUntilCutOff(const std::string& name) {
    const auto circuit = registry_.GetOrCreate(name, FloodPolicy());
    if (!circuit.ok()) {
      ++unprotected_;
      return;
    }
    for (int i = 0; i < 5; ++i) EXPECT_TRUE((*circuit)->TryAcquire().permit().RecordFailure());
    EXPECT_FALSE((*circuit)->TryAcquire().admitted());
  }

  // Each is let through when its time is up, and fails; and at no other time.
  void TenantsCall() {
    tenants_called_ = clock_.Now();
    for (int tenant = 0; tenant < kTenants; ++tenant) {
      SteadyTime& open_until = open_until_[static_cast<std::size_t>(tenant)];
      const auto circuit = registry_.GetOrCreate(TenantName(tenant), FloodPolicy());
      ASSERT_TRUE(circuit.ok()) << circuit.status();
      Admission admission = (*circuit)->TryAcquire();
      const bool due = clock_.Now() >= open_until;
      if (due) {
        ASSERT_TRUE(admission.admitted()) << TenantName(tenant) << " after " << next_key_;
        ++probes_;
      } else {
        ++(admission ? leaked_ : rejected_);
      }
      if (!admission) continue;
      admission.permit().RecordFailure();
      open_until = clock_.Now() + kOpen;
    }
  }

  const int keys_per_second_;
  FakeClock clock_;
  CircuitRegistry registry_;
  SteadyTime tenants_called_ = clock_.Now();
  std::vector<SteadyTime> open_until_;
  int next_key_ = 0;
  int64_t rejected_ = 0;
  int64_t probes_ = 0;
  int64_t leaked_ = 0;
  int64_t unprotected_ = 0;
};

TEST(RegistryFloodTest, P4_OneOffKeysThatFailTakeNobodysProtection) {
  const int keys = FloodKeys();
  Flood flood;
  for (int i = 0; i < keys / 2; ++i) flood.OneOffKey();
  const std::size_t half_way = BytesInUse();
  for (int i = keys / 2; i < keys && !testing::Test::HasFatalFailure(); ++i) flood.OneOffKey();
  const std::size_t at_the_end = BytesInUse();

  const RegistryStats stats = flood.registry().Stats();
  EXPECT_EQ(stats.circuits, Flood::kMaxCircuits);
  EXPECT_EQ(stats.unprotected_calls, 0);
  EXPECT_EQ(flood.unprotected(), 0);
  EXPECT_EQ(flood.leaked(), 0);
  EXPECT_GT(stats.restored, 0);
  EXPECT_GT(flood.probes(), 0);
  EXPECT_GT(flood.rejected(), 4 * flood.probes());
  EXPECT_LE(at_the_end, half_way + half_way / 20) << "memory grows with the number of keys";
}

// More keys between two calls of a tenant than there is room for: its opening is forgotten, and
// then its circuit after each failure, before it can open anew.
TEST(RegistryFloodTest, P4_WhatABoundTooSmallLetsThroughIsCounted) {
  Flood flood(/*keys_per_second=*/10 * static_cast<int>(Flood::kMaxCircuits));
  for (int i = 0; i < 200'000 && !testing::Test::HasFatalFailure(); ++i) flood.OneOffKey();
  EXPECT_GT(flood.leaked(), 0);
  EXPECT_GE(flood.registry().Stats().forgotten, flood.leaked());
}

// A flood of keys that come once, beside tenants that are well for a minute, and then fail.
struct Outage {
  int max_circuits = 200;
  int keys_per_second = 0;
  int failures = 0;  // of each key; 0: it succeeds
};

struct TenantCalls {
  int64_t failed = 0;  // reached the dependency while it was down
  RegistryStats stats;
};

TenantCalls CallDuring(const Outage& outage) {
  constexpr int kTenants = 20;
  constexpr absl::Duration kEvery = absl::Seconds(5);
  FakeClock clock;
  CircuitRegistry::Options options;
  options.clock = &clock;
  options.max_circuits = static_cast<std::size_t>(outage.max_circuits);
  CircuitRegistry registry(std::move(options));
  TenantCalls calls;
  const SteadyTime start = clock.Now();
  SteadyTime tenants_call = start + kEvery;
  int key = 0;
  while (clock.Now() - start < absl::Minutes(6)) {
    if (outage.keys_per_second > 0) {
      const auto one_off =
          registry.GetOrCreate(absl::StrCat("one-off ", key++), FloodPolicy()).value();
      if (outage.failures == 0) one_off->TryAcquire().permit().RecordSuccess();
      for (int i = 0; i < outage.failures; ++i) one_off->TryAcquire().permit().RecordFailure();
      clock.Advance(absl::Seconds(1) / outage.keys_per_second);
    } else {
      clock.Advance(kEvery);
    }
    if (clock.Now() < tenants_call) continue;
    tenants_call = tenants_call + kEvery;
    for (int tenant = 0; tenant < kTenants; ++tenant) {
      const auto circuit =
          registry.GetOrCreate(absl::StrCat("tenant ", tenant), FloodPolicy()).value();
      Admission admission = circuit->TryAcquire();
      if (clock.Now() - start <= absl::Minutes(1)) {
        admission.permit().RecordSuccess();
      } else if (admission) {
        ++calls.failed;
        admission.permit().RecordFailure();
      }
    }
  }
  calls.stats = registry.Stats();
  return calls;
}

TEST(RegistryFloodTest, P4_TenantsThatBeginToFailAmongOneOffKeysAreCutOff) {
  const int64_t without = CallDuring({}).failed;
  EXPECT_GT(without, 0);
  // Keys that open, fail a few times, or succeed; the last ones in numbers that turn the registry
  // over several times between two calls of a tenant.
  for (const Outage& outage : {Outage{200, 6, 5}, Outage{200, 30, 5}, Outage{200, 30, 0},
                               Outage{200, 30, 1}, Outage{200, 30, 3}, Outage{200, 100, 5}}) {
    const TenantCalls calls = CallDuring(outage);
    EXPECT_LE(calls.failed, without + without / 20)
        << outage.keys_per_second << " keys a second, with " << outage.failures << " failures each";
    EXPECT_EQ(calls.stats.unprotected_calls, 0);
    EXPECT_GT(calls.stats.evicted, 0);
  }
}

TEST(RegistryFloodTest, P4_RunsOfFailuresThatABoundTooSmallLosesAreCounted) {
  const TenantCalls calls = CallDuring({200, 100, 1});
  EXPECT_GT(calls.failed, CallDuring({}).failed);
  EXPECT_GE(calls.stats.forgotten, calls.failed);
}

}  // namespace
}  // namespace fusebox
