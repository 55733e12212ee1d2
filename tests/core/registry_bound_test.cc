// SPDX-License-Identifier: Apache-2.0
//
// A registry's bound (DESIGN P4), and the events that it keeps (DESIGN section 6).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/event_log.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Operator kOncall = {"oncall", "why"};

class RegistryBoundTest : public ::testing::Test {
 protected:
  RegistryBoundTest() : registry_(OptionsFor(*this)) {}

  static CircuitRegistry::Options OptionsFor(RegistryBoundTest& test) {
    CircuitRegistry::Options options;
    options.clock = &test.clock_;
    options.seed = 1;
    options.max_circuits = 3;
    options.event_capacity = 5;
    options.listener = [&test](const Event& event) { test.events_.push_back(event); };
    return options;
  }

  CircuitBreaker& Make(const std::string& name, const Policy& policy = SmallPolicy()) {
    return *registry_.GetOrCreate(name, policy).value();
  }
  static void Call(CircuitBreaker& breaker) {
    Admission admission = breaker.TryAcquire();
    admission.permit().RecordSuccess();
  }
  static void Open(CircuitBreaker& breaker) {
    for (int i = 0; i < 3; ++i) breaker.TryAcquire().permit().RecordFailure();
  }
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const CircuitSnapshot& circuit : registry_.List()) names.push_back(circuit.name);
    return names;
  }

  FakeClock clock_;
  std::vector<Event> events_;
  CircuitRegistry registry_;
};

TEST_F(RegistryBoundTest, P4_WithinTheBoundNothingGoes) {
  for (const char* name : {"a", "b", "c", "a", "b"}) Make(name);
  EXPECT_EQ(registry_.size(), 3U);
  EXPECT_EQ(registry_.evicted(), 0);
}

TEST_F(RegistryBoundTest, P4_TheOneThatHasBeenIdleForLongestGoes) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  Make("d");
  EXPECT_THAT(Names(), ElementsAre("b", "c", "d"));
  Call(Make("b"));  // so c is idle for longer now
  Make("e");
  EXPECT_THAT(Names(), ElementsAre("b", "d", "e"));
  EXPECT_EQ(registry_.evicted(), 2);
  EXPECT_EQ(registry_.size(), 3U);
}

TEST_F(RegistryBoundTest, P4_AnEventSaysSo) {
  for (const char* name : {"a", "b", "c", "d"}) Make(name);
  ASSERT_EQ(events_.size(), 5U);
  EXPECT_EQ(events_[3].kind, EventKind::kCircuitRemoved);
  EXPECT_EQ(events_[3].circuit, "a");
  EXPECT_EQ(events_[3].actor, "");
  EXPECT_EQ(events_[3].detail, "idle for longest of max_circuits = 3");
  EXPECT_EQ(events_[4].kind, EventKind::kCircuitAdded);
  EXPECT_EQ(events_[4].circuit, "d");
  EXPECT_EQ(events_[4].cause, Cause::kNone);
}

TEST_F(RegistryBoundTest, P4_AnOpenOrHeldOneOrOneWithCallsInFlightNeverGoes) {
  Open(Make("a"));
  EXPECT_TRUE(Make("b").ForceOpen(kOncall).ok());
  Admission out = Make("c").TryAcquire();
  const absl::Status full = registry_.GetOrCreate("d", SmallPolicy()).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(registry_.Find("d"), nullptr);
  EXPECT_EQ(registry_.evicted(), 0);
  EXPECT_TRUE(registry_.GetOrCreate("a", SmallPolicy()).ok());  // those that exist are still given

  Make("b").Disable(kOncall);
  EXPECT_FALSE(registry_.GetOrCreate("d", SmallPolicy()).ok());
  Make("b").Shadow(kOncall);
  EXPECT_FALSE(registry_.GetOrCreate("d", SmallPolicy()).ok());

  clock_.Advance(absl::Seconds(10));  // a is HALF_OPEN
  EXPECT_FALSE(registry_.GetOrCreate("d", SmallPolicy()).ok());

  out.permit().RecordSuccess();
  EXPECT_TRUE(registry_.GetOrCreate("d", SmallPolicy()).ok());
  EXPECT_THAT(Names(), ElementsAre("a", "b", "d"));
}

TEST_F(RegistryBoundTest, P4_AnIdlerOneThatMustStayIsPassedOver) {
  Open(Make("a"));
  for (const char* name : {"b", "c", "d"}) Make(name);
  EXPECT_THAT(Names(), ElementsAre("a", "c", "d"));
}

TEST_F(RegistryBoundTest, P4_R1_ARampThatHasEndedIsClosed) {
  Policy policy = SmallPolicy();
  policy.ramp = Ramp{absl::Hours(1), 1};
  policy.half_open.verdict = SuccessThreshold{1};
  for (const char* name : {"a", "b", "c"}) {
    Open(Make(name, policy));
    clock_.Advance(absl::Seconds(10));
    Call(Make(name, policy));
  }
  EXPECT_EQ(registry_.GetOrCreate("d", policy).status().code(),
            absl::StatusCode::kResourceExhausted);
  clock_.Advance(absl::Hours(1));
  events_.clear();
  Make("d", policy);
  // Its last move is told before it goes.
  ASSERT_EQ(events_.size(), 3U);
  EXPECT_EQ(events_[0].kind, EventKind::kTransition);
  EXPECT_EQ(events_[0].cause, Cause::kRampEnded);
  EXPECT_EQ(events_[1].kind, EventKind::kCircuitRemoved);
  EXPECT_EQ(events_[1].circuit, "a");
  EXPECT_EQ(events_[1].from, State::kClosed);
  EXPECT_EQ(events_[1].to, State::kClosed);
  EXPECT_EQ(events_[2].kind, EventKind::kCircuitAdded);
}

TEST_F(RegistryBoundTest, P4_TheEvictedCircuitLivesOnForItsHolders) {
  const std::shared_ptr<CircuitBreaker> a = registry_.GetOrCreate("a", SmallPolicy()).value();
  for (const char* name : {"b", "c", "d"}) Make(name);
  EXPECT_EQ(registry_.Find("a"), nullptr);
  Open(*a);
  EXPECT_EQ(a->state(), State::kOpen);
  EXPECT_EQ(events_.back().circuit, "a");
}

TEST_F(RegistryBoundTest, P4_AnInvalidPolicyEvictsNothing) {
  for (const char* name : {"a", "b", "c"}) Make(name);
  Policy invalid;
  invalid.jitter = 1;
  EXPECT_FALSE(registry_.GetOrCreate("d", invalid).ok());
  EXPECT_FALSE(registry_.GetOrCreate("", SmallPolicy()).ok());
  EXPECT_EQ(registry_.size(), 3U);
}

TEST(CircuitRegistry, P4_ZeroIsNoBound) {
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  CircuitRegistry registry(options);
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(registry.GetOrCreate("circuit " + std::to_string(i), Policy()).ok());
  }
  EXPECT_EQ(registry.size(), 100U);
}

TEST_F(RegistryBoundTest, RemovalSaysWhoAndWhy) {
  Make("a");
  EXPECT_TRUE(registry_.Remove("a", kOncall).ok());
  EXPECT_EQ(events_.back().kind, EventKind::kCircuitRemoved);
  EXPECT_EQ(events_.back().actor, "oncall");
  EXPECT_EQ(events_.back().detail, "why");
  EXPECT_EQ(registry_.evicted(), 0);
}

std::vector<uint64_t> SequencesOf(const EventBatch& batch) {
  std::vector<uint64_t> sequences;
  for (const Event& event : batch.events) sequences.push_back(event.sequence);
  return sequences;
}

TEST_F(RegistryBoundTest, EventsSinceGivesTheLastOnesAndCountsWhatIsMissing) {
  EXPECT_THAT(registry_.EventsSince(0).events, IsEmpty());
  EXPECT_EQ(registry_.EventsSince(0).missed, 0U);
  Make("a").Reset(kOncall);
  Make("b");
  EXPECT_THAT(SequencesOf(registry_.EventsSince(0)), ElementsAre(1, 2, 3));
  EXPECT_THAT(SequencesOf(registry_.EventsSince(2)), ElementsAre(3));
  EXPECT_THAT(SequencesOf(registry_.EventsSince(3)), IsEmpty());
  EXPECT_THAT(SequencesOf(registry_.EventsSince(99)), IsEmpty());
  for (int i = 0; i < 5; ++i) Make("b").Reset(kOncall);
  EXPECT_THAT(SequencesOf(registry_.EventsSince(0)), ElementsAre(4, 5, 6, 7, 8));
  EXPECT_EQ(registry_.EventsSince(0).missed, 3U);
  EXPECT_EQ(registry_.EventsSince(2).missed, 1U);
  EXPECT_EQ(registry_.EventsSince(3).missed, 0U);
  EXPECT_EQ(registry_.EventsSince(99).missed, 0U);
  // What the listener heard is what is kept.
  const EventBatch kept = registry_.EventsSince(0);
  for (std::size_t i = 0; i < kept.events.size(); ++i) {
    EXPECT_EQ(kept.events[i].sequence, events_[i + 3].sequence);
    EXPECT_EQ(kept.events[i].circuit, events_[i + 3].circuit);
    EXPECT_EQ(kept.events[i].kind, events_[i + 3].kind);
  }
}

TEST(EventLog, WithoutCapacityItOnlyNumbers) {
  EventLog log(0);
  Event event;
  for (uint64_t i = 1; i <= 3; ++i) {
    log.Append(event);
    EXPECT_EQ(event.sequence, i);
  }
  EXPECT_THAT(log.Since(0, 100).events, IsEmpty());
  EXPECT_EQ(log.Since(0, 100).missed, 3U);
  EXPECT_EQ(log.Since(2, 100).missed, 1U);
  EXPECT_EQ(log.Since(3, 100).missed, 0U);
}

}  // namespace
}  // namespace fusebox
