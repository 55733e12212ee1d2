// SPDX-License-Identifier: Apache-2.0
//
// A registry's bound (rule P4), and the events that it keeps (docs/rules.md).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/core/circuit_core.h"
#include "src/core/event_log.h"
#include "src/core/kept_policies.h"
#include "src/core/opening_traces.h"
#include "tests/core/test_circuit.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::ProbeCallsPolicy;
using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const Operator kOncall = Operator("oncall").Because("why");

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
  // Others come until it has to go, be it OPEN.
  void Evict(const std::string& name) {
    for (int i = 0; i < 10 && registry_.Find(name) != nullptr; ++i) {
      CircuitBreaker& other = Make(absl::StrCat("other ", i));
      if (i < 2) other.Disable(kOncall);
    }
    ASSERT_EQ(registry_.Find(name), nullptr);
    for (const char* other : {"other 0", "other 1"}) {
      if (registry_.Find(other) != nullptr) registry_.Find(other)->Automate(kOncall);
    }
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
  EXPECT_EQ(events_[3].detail, "idle, and one more than max_circuits = 3");
  EXPECT_EQ(events_[4].kind, EventKind::kCircuitAdded);
  EXPECT_EQ(events_[4].circuit, "d");
  EXPECT_EQ(events_[4].cause, Cause::kNone);
}

TEST_F(RegistryBoundTest, P4_AHeldOneOrOneWithCallsInFlightNeverGoes) {
  Make("a").Disable(kOncall);
  EXPECT_TRUE(Make("b").ForceOpen(kOncall).ok());
  Admission out = Make("c").TryAcquire();
  const absl::Status full = registry_.GetOrCreate("d", SmallPolicy()).status();
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(registry_.Find("d"), nullptr);
  EXPECT_EQ(registry_.evicted(), 0);
  EXPECT_TRUE(registry_.GetOrCreate("a", SmallPolicy()).ok());  // those that exist are still given

  Make("b").Shadow(kOncall);
  EXPECT_FALSE(registry_.GetOrCreate("d", SmallPolicy()).ok());
  out.permit().RecordSuccess();
  EXPECT_TRUE(registry_.GetOrCreate("d", SmallPolicy()).ok());
  EXPECT_THAT(Names(), ElementsAre("a", "b", "d"));
  Make("b").Automate(kOncall);
  EXPECT_TRUE(registry_.GetOrCreate("e", SmallPolicy()).ok());
  EXPECT_EQ(registry_.size(), 3U);
}

// Keys that fail until they are cut off and never come again.
TEST_F(RegistryBoundTest, P4_AHalfOpenOneWithoutAProbeOutGoes) {
  for (const char* name : {"a", "b", "c"}) Open(Make(name));
  clock_.Advance(absl::Seconds(10));
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(Make(name).state(), State::kHalfOpen);
  for (const char* name : {"d", "e", "f"}) Make(name);
  EXPECT_THAT(Names(), ElementsAre("d", "e", "f"));
  EXPECT_EQ(registry_.Stats().unprotected_calls, 0);
}

TEST_F(RegistryBoundTest, P4_AHalfOpenOneWithAProbeOutStays) {
  for (const char* name : {"a", "b", "c"}) Open(Make(name));
  clock_.Advance(absl::Seconds(10));
  Admission probe = Make("a").TryAcquire();
  EXPECT_TRUE(probe.admitted());
  for (const char* name : {"d", "e", "f"}) Make(name);
  EXPECT_THAT(Names(), ElementsAre("a", "e", "f"));
}

TEST_F(RegistryBoundTest, P4_BeforeACallGoesUnprotectedTheOldestOpenOneGoes) {
  for (const char* name : {"c", "b", "a"}) Make(name);
  for (const char* name : {"b", "c", "a"}) {
    Open(Make(name));
    clock_.Advance(absl::Seconds(1));
  }
  Make("d");
  EXPECT_THAT(Names(), ElementsAre("a", "c", "d"));
  Open(Make("d"));
  Make("e");
  EXPECT_THAT(Names(), ElementsAre("a", "d", "e"));
}

TEST_F(RegistryBoundTest, P4_AnEvictedOpenOneGoesOnWhenItsKeyComesBack) {
  Policy policy = SmallPolicy();
  policy.backoff_multiplier = 2;
  Open(Make("a", policy));
  clock_.Advance(absl::Seconds(10));
  Make("a").TryAcquire().permit().RecordFailure();  // the second opening in a row: 20 s
  clock_.Advance(absl::Seconds(5));
  Make("b").Disable(kOncall);
  Make("c").Disable(kOncall);
  Make("d");
  ASSERT_THAT(Names(), ElementsAre("b", "c", "d"));

  CircuitBreaker& a = Make("a", policy);
  EXPECT_EQ(registry_.Stats().restored, 1);
  EXPECT_EQ(events_.back().kind, EventKind::kCircuitAdded);
  EXPECT_EQ(events_.back().to, State::kOpen);
  EXPECT_EQ(events_.back().detail, "goes on as it was when it was evicted");
  const Admission rejected = a.TryAcquire();
  EXPECT_FALSE(rejected.admitted());
  EXPECT_EQ(rejected.reason(), RejectionReason::kOpen);
  EXPECT_EQ(rejected.retry_after(), absl::Seconds(15));
  EXPECT_NE(events_.back().kind, EventKind::kFirstRejection) << "no news of this opening";

  clock_.Advance(absl::Seconds(15));
  EXPECT_EQ(a.state(), State::kHalfOpen);
  a.TryAcquire().permit().RecordFailure();
  EXPECT_EQ(a.TryAcquire().retry_after(), absl::Seconds(40)) << "the third opening in a row";
}

TEST_F(RegistryBoundTest, P4_OneThatComesBackAfterItsTimeIsHalfOpen) {
  Open(Make("a"));
  Make("b").Disable(kOncall);
  Make("c").Disable(kOncall);
  Make("d");
  clock_.Advance(absl::Seconds(10));
  CircuitBreaker& a = Make("a");
  EXPECT_EQ(a.state(), State::kHalfOpen);
  a.TryAcquire().permit().RecordFailure();
  EXPECT_EQ(a.state(), State::kOpen) << "one failed probe is enough";
}

TEST_F(RegistryBoundTest, P4_AnOpeningLongPastIsForgotten) {
  Open(Make("a"));
  Make("b").Disable(kOncall);
  Make("c").Disable(kOncall);
  Make("d");
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(Make("a").state(), State::kClosed);
  EXPECT_EQ(registry_.Stats().restored, 0);
}

TEST_F(RegistryBoundTest, P4_WhoResetsAllOrRemovesACircuitStartsItAnew) {
  Open(Make("a"));
  Make("b").Disable(kOncall);
  Admission out = Make("c").TryAcquire();
  Make("d");
  ASSERT_EQ(registry_.Find("a"), nullptr);
  registry_.ResetAll(kOncall);
  EXPECT_EQ(Make("a").state(), State::kClosed);

  Open(Make("a"));
  EXPECT_TRUE(registry_.Remove("a", kOncall).ok());
  EXPECT_EQ(Make("a").state(), State::kClosed);
}

TEST_F(RegistryBoundTest, P4_EachUnprotectedCallIsCountedAndAnEventSaysSoNowAndThen) {
  for (const char* name : {"a", "b", "c"}) Make(name).Disable(kOncall);
  events_.clear();
  for (int i = 1; i <= 200; ++i) {
    EXPECT_FALSE(registry_.GetOrCreate("d", SmallPolicy()).ok());
    EXPECT_EQ(registry_.Stats().unprotected_calls, i);
    clock_.Advance(absl::Milliseconds(100));  // 20 s in all
  }
  ASSERT_EQ(events_.size(), 2U);
  EXPECT_EQ(events_[0].kind, EventKind::kCallsUnprotected);
  EXPECT_EQ(events_[0].circuit, "d");
  EXPECT_EQ(events_[0].cause, Cause::kNone);
  EXPECT_THAT(events_[0].detail, StartsWith("1 so far; the registry holds max_circuits = 3 "));
  EXPECT_THAT(events_[1].detail, StartsWith("101 so far; "));
  EXPECT_EQ(events_[1].time - events_[0].time, absl::Seconds(10));
  EXPECT_EQ(registry_.EventsSince(0).events.back().kind, EventKind::kCallsUnprotected);
  EXPECT_GT(events_[0].sequence, 0U);
}

TEST_F(RegistryBoundTest, P4_AnOperatorsPolicyComesBackWithItsCircuit) {
  Policy other = SmallPolicy();
  other.consecutive_failures = 1;
  ASSERT_TRUE(Make("a").SetPolicy(other, kOncall).ok());
  for (const char* name : {"b", "c", "d"}) Make(name);
  ASSERT_EQ(registry_.Find("a"), nullptr) << "only a mode holds it";
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Make("a").Snapshot().policy, other) << round;
    EXPECT_EQ(events_.back().detail,
              "with the policy that an operator gave it before it was evicted");
    for (const char* name : {"b", "c", "d", "e"}) Make(name);
    ASSERT_EQ(registry_.Find("a"), nullptr);
  }
  Make("a");
  EXPECT_TRUE(registry_.Remove("a", kOncall).ok());
  EXPECT_EQ(Make("a").Snapshot().policy, SmallPolicy()) << "made anew";
}

TEST_F(RegistryBoundTest, P4_AReplacedPolicyComesBackToo) {
  Policy other = SmallPolicy();
  other.consecutive_failures = 1;
  ASSERT_TRUE(Make("a").ReplacePolicy(SmallPolicy(), other, kOncall).ok());
  for (const char* name : {"b", "c", "d"}) Make(name);
  EXPECT_EQ(Make("a").Snapshot().policy, other);
}

TEST_F(RegistryBoundTest, P4_OfMorePoliciesThanCanBeKeptTheOldestGoes) {
  Policy other = SmallPolicy();
  other.consecutive_failures = 1;
  const int kept = static_cast<int>(KeptPolicies::kMax);
  for (int i = 0; i < kept + 3; ++i) {
    ASSERT_TRUE(Make(absl::StrCat("circuit ", i)).SetPolicy(other, kOncall).ok());
  }
  EXPECT_EQ(registry_.evicted(), kept);
  // From here on one more has to be kept each time; circuits without such a policy go first.
  Make("without");
  const Event forgotten = events_.end()[-2];
  EXPECT_EQ(forgotten.kind, EventKind::kPolicyChanged);
  EXPECT_EQ(forgotten.circuit, "circuit 0");
  EXPECT_THAT(forgotten.detail, StartsWith("what an operator gave it is forgotten"));
  EXPECT_EQ(events_.back().kind, EventKind::kCircuitAdded);
  for (int i = 0; i < 3; ++i) Make(absl::StrCat("another ", i));  // takes each other's place
  EXPECT_EQ(registry_.evicted(), kept + 4);
  EXPECT_EQ(registry_.Find("without"), nullptr);
  EXPECT_EQ(Make("circuit 1").Snapshot().policy, other);
  EXPECT_EQ(Make("circuit 0").Snapshot().policy, SmallPolicy());
  EXPECT_EQ(registry_.Stats().unprotected_calls, 0);
}

TEST_F(RegistryBoundTest, P4_WhoMakesRoomDoesNotPushOutWhatComesBack) {
  // As many as there are circuits and traces, and each comes again in turn.
  const int all = 3 + 3 * static_cast<int>(OpeningTraces::kPerCircuit);
  for (int i = 0; i < all; ++i) Open(Make(absl::StrCat("tenant ", i)));
  for (int i = 0; i < all; ++i) {
    EXPECT_EQ(Make(absl::StrCat("tenant ", i)).state(), State::kOpen) << i;
  }
}

TEST_F(RegistryBoundTest, P4_R5_ProbesThatSucceededBeforeCount) {
  Open(Make("a"));
  clock_.Advance(absl::Seconds(10));
  Call(Make("a"));  // the first of two
  Evict("a");
  EXPECT_EQ(Make("a").state(), State::kHalfOpen);
  Call(Make("a"));
  EXPECT_EQ(Make("a").state(), State::kClosed);
}

TEST_F(RegistryBoundTest, P4_OneThatIsOpenWhenItGoesAgainKeepsThemToo) {
  Policy policy = ProbeCallsPolicy(3, 0.5);
  Open(Make("a", policy));
  clock_.Advance(absl::Seconds(10));
  Make("a").TryAcquire().permit().RecordFailure();
  for (int round = 0; round < 2; ++round) {
    Evict("a");
    ASSERT_EQ(Make("a", policy).state(), State::kHalfOpen);
  }
  Make("a").TryAcquire().permit().RecordFailure();
  Call(Make("a"));
  EXPECT_EQ(Make("a").state(), State::kOpen) << "2 failures of 3";
}

TEST_F(RegistryBoundTest, P4_WhatARemovedCircuitStillDoesIsNotTold) {
  CircuitBreaker& a = Make("a");
  std::vector<Admission> out;
  for (int i = 0; i < 3; ++i) out.push_back(a.TryAcquire());
  const std::shared_ptr<CircuitBreaker> kept = registry_.Find("a");
  EXPECT_TRUE(registry_.Remove("a", kOncall).ok());
  Make("a");
  events_.clear();
  for (Admission& admission : out) admission.permit().RecordFailure();
  EXPECT_EQ(kept->state(), State::kOpen);
  EXPECT_THAT(events_, IsEmpty());
}

TEST_F(RegistryBoundTest, P4_C6_AFirstMessageOfAnEarlierCircuitIsNoMoreThanAFailure) {
  const Outcome failure = Outcome::Failure();
  const FirstMessage of_closed = Make("a").TryAcquire().permit().RecordFirstMessage({});
  Open(Make("a"));
  clock_.Advance(absl::Seconds(10));
  const FirstMessage of_probe = Make("a").TryAcquire().permit().RecordFirstMessage({});
  ASSERT_TRUE(registry_.Remove("a", kOncall).ok());
  Open(Make("a"));
  Evict("a");
  CircuitBreaker& back = Make("a");
  ASSERT_EQ(back.state(), State::kOpen);
  back.ReportFailure(failure, of_closed);
  back.ReportFailure(failure, of_probe);
  EXPECT_EQ(back.Snapshot().totals.failure, 2);
  clock_.Advance(absl::Seconds(10));
  ASSERT_EQ(back.state(), State::kHalfOpen);
  back.ReportFailure(failure, of_probe);
  EXPECT_EQ(back.state(), State::kHalfOpen) << "no probe of this circuit's";
}

TEST_F(RegistryBoundTest, P4_ResettingAllReachesThoseThatGoMeanwhile) {
  for (const char* name : {"a", "b", "c"}) Open(Make(name));
  // At the first reset another circuit comes, for which an OPEN one has to go.
  const auto listener = registry_.AddListener([&](const Event& event) {
    if (event.kind == EventKind::kReset) Make("d").Disable(kOncall);
  });
  registry_.ResetAll(kOncall);
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(Make(name).state(), State::kClosed) << name;
}

// Between a look at a circuit and its eviction an operator may come.
TEST_F(RegistryBoundTest, P4_WhatMustStayByThenIsNotRetired) {
  CircuitBreaker& a = Make("a");
  CircuitCore& core = CircuitCore::Of(a);
  ASSERT_FALSE(core.StandingAt(clock_.Now()).must_stay);
  ASSERT_TRUE(a.ForceOpen(kOncall).ok());
  EXPECT_FALSE(core.Retire(clock_.Now(), "late"));
  EXPECT_FALSE(a.removed());
  a.Reset(kOncall);
  {
    const Admission out = a.TryAcquire();
    EXPECT_FALSE(core.Retire(clock_.Now(), "late"));
  }
  Policy other = SmallPolicy();
  other.consecutive_failures = 1;
  ASSERT_TRUE(a.SetPolicy(other, kOncall).ok());
  Call(a);
  const auto retired = core.Retire(clock_.Now(), "late");
  ASSERT_TRUE(retired);
  EXPECT_EQ(*retired->operators_policy, other);
  EXPECT_FALSE(retired->opening);
  EXPECT_TRUE(a.removed());
}

TEST_F(RegistryBoundTest, P4_RemovingForgetsAnEvictedOne) {
  Open(Make("a"));
  Evict("a");
  EXPECT_TRUE(registry_.Remove("a", kOncall).ok());
  EXPECT_EQ(registry_.Remove("a", kOncall).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Make("a").state(), State::kClosed);
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
  EXPECT_EQ(Make("a", policy).state(), State::kClosed);
}

TEST_F(RegistryBoundTest, P4_TheEvictedCircuitLivesOnForItsHolders) {
  const std::shared_ptr<CircuitBreaker> a = registry_.GetOrCreate("a", SmallPolicy()).value();
  for (const char* name : {"b", "c", "d"}) Make(name);
  EXPECT_EQ(registry_.Find("a"), nullptr);
  Open(*a);
  EXPECT_EQ(a->state(), State::kOpen);
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
  EXPECT_EQ(registry_.EventsSince(0).next, 3U);
  for (int i = 0; i < 5; ++i) Make("b").Reset(kOncall);
  EXPECT_THAT(SequencesOf(registry_.EventsSince(0)), ElementsAre(1, 3, 4, 5, 6, 7, 8));
  EXPECT_EQ(registry_.EventsSince(0).missed, 1U);  // 2, the first of six resets
  EXPECT_EQ(registry_.EventsSince(1).missed, 1U);
  EXPECT_EQ(registry_.EventsSince(2).missed, 0U);
  EXPECT_EQ(registry_.EventsSince(99).missed, 0U);
  EXPECT_EQ(registry_.EventsSince(99).next, 99U);
  // What the listener heard is what is kept.
  for (const Event& event : registry_.EventsSince(0).events) {
    const Event& heard = events_[static_cast<std::size_t>(event.sequence) - 1];
    EXPECT_EQ(event.sequence, heard.sequence);
    EXPECT_EQ(event.circuit, heard.circuit);
    EXPECT_EQ(event.kind, heard.kind);
  }
}

TEST_F(RegistryBoundTest, CircuitsThatComeAndGoDoNotPushOutWhatHasMovedOthers) {
  Open(Make("a"));  // added, rule exceeded, transition
  Make("a").ForceOpen(kOncall).IgnoreError();
  for (int i = 0; i < 1'100; ++i) Make(absl::StrCat("tenant ", i));
  std::vector<EventKind> moves;
  const EventBatch all = registry_.EventsSince(0);
  for (const Event& event : all.events) {
    if (event.circuit == "a") moves.push_back(event.kind);
  }
  EXPECT_THAT(moves, ElementsAre(EventKind::kRuleExceeded, EventKind::kTransition,
                                 EventKind::kModeChanged));
  EXPECT_EQ(all.next, all.last);
  EXPECT_EQ(all.missed + all.events.size(), all.last);
}

TEST_F(RegistryBoundTest, NorDoCircuitsThatHaveNeverWorkedByOpening) {
  Make("a").TryAcquire().permit().RecordSuccess();
  Open(Make("a"));
  for (int i = 0; i < 2'000; ++i) Open(Make(absl::StrCat("tenant ", i)));
  std::vector<EventKind> moves;
  const EventBatch all = registry_.EventsSince(0);
  for (const Event& event : all.events) {
    if (event.circuit == "a") moves.push_back(event.kind);
  }
  EXPECT_THAT(moves, ElementsAre(EventKind::kRuleExceeded, EventKind::kTransition));
  EXPECT_EQ(all.next, all.last);
  EXPECT_EQ(all.missed + all.events.size(), all.last);
}

TEST_F(RegistryBoundTest, EventsSinceToldInPartsMissesAndRepeatsNothing) {
  Make("a").TryAcquire().permit().RecordSuccess();
  Open(Make("a"));
  for (int i = 0; i < 100; ++i) {
    Make(absl::StrCat("tenant ", i));
    if (i % 7 == 0) Open(Make(absl::StrCat("tenant ", i)));
    if (i % 10 == 0) Make("a").Reset(kOncall);
  }
  const EventBatch all = registry_.EventsSince(0);
  for (std::size_t limit : {1U, 2U, 3U, 5U, 100U}) {
    std::vector<uint64_t> seen;
    uint64_t missed = 0;
    uint64_t next = 0;
    while (next < all.last) {
      const EventBatch part = registry_.EventsSince(next, limit);
      ASSERT_GT(part.next, next);
      for (const Event& event : part.events) seen.push_back(event.sequence);
      missed += part.missed;
      next = part.next;
      EXPECT_EQ(seen.size() + missed, next);
    }
    EXPECT_EQ(seen, SequencesOf(all));
    EXPECT_EQ(missed, all.missed);
  }
  const EventBatch none = registry_.EventsSince(1, 0);
  EXPECT_EQ(none.next, 1U);
  EXPECT_EQ(none.missed, 0U);
  EXPECT_EQ(none.last, all.last);
}

TEST(EventLog, WithoutCapacityItOnlyNumbers) {
  EventLog log(0);
  Event event;
  for (uint64_t i = 1; i <= 3; ++i) {
    log.Append(event, EventLog::Circuit::kHasWorked);
    EXPECT_EQ(event.sequence, i);
  }
  EXPECT_THAT(log.Since(0, 100).events, IsEmpty());
  EXPECT_EQ(log.Since(0, 100).missed, 3U);
  EXPECT_EQ(log.Since(2, 100).missed, 1U);
  EXPECT_EQ(log.Since(3, 100).missed, 0U);
  EXPECT_EQ(log.Since(0, 100).next, 3U);
}

}  // namespace
}  // namespace fusebox::internal
