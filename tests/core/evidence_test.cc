// SPDX-License-Identifier: Apache-2.0
//
// What an opening keeps of the calls that caused it (rule R9): codes, peers, the last message.
#include "fusebox/evidence.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::NoRulePolicy;
using fusebox_testing::ProbeCallsPolicy;
using fusebox_testing::SmallPolicy;
using fusebox_testing::TestCircuit;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kDeadlineExceeded = 4;
constexpr int kResourceExhausted = 8;
constexpr int kInternal = 13;
constexpr int kUnavailable = 14;

Outcome FailureOf(int code, std::string peer = {}, std::string message = {}) {
  Outcome outcome = Outcome::Failure(code, std::move(message));
  outcome.peer = std::move(peer);
  return outcome;
}

// 5 in a row, as by default.
Policy RunOfFive() {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 5;
  return policy;
}

Evidence EvidenceOf(TestCircuit& circuit) {
  const std::optional<Move> opening = circuit->Snapshot().last_opening;
  EXPECT_TRUE(opening && opening->evidence);
  return opening ? opening->evidence.value_or(Evidence()) : Evidence();
}

std::string TextOf(TestCircuit& circuit) { return EvidenceText(EvidenceOf(circuit)); }

std::vector<std::pair<int, int64_t>> CodesOf(const Evidence& evidence) {
  std::vector<std::pair<int, int64_t>> codes;
  for (const auto& [code, count] : evidence.codes) codes.emplace_back(code, count);
  return codes;
}

TEST(Evidence, R9_OfARunNamesCodesPeersAndTheLastMessage) {
  TestCircuit circuit(RunOfFive());
  circuit.Call(FailureOf(kUnavailable, "10.0.0.7:50051", "refused"), 4);
  circuit.Call(FailureOf(kDeadlineExceeded, "10.0.0.8:50051", "too late"));
  const Evidence evidence = EvidenceOf(circuit);
  EXPECT_EQ(evidence.calls, 5);
  EXPECT_EQ(evidence.told_apart, 5);
  EXPECT_EQ(evidence.last_code, kDeadlineExceeded);
  EXPECT_EQ(evidence.last_message, "too late");
  EXPECT_EQ(EvidenceText(evidence),
            "4 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 4 of them from 10.0.0.7:50051, 1 from "
            "10.0.0.8:50051");
}

TEST(Evidence, R9_IsInTheRuleAndTheTransitionAndNowhereElse) {
  TestCircuit circuit(RunOfFive());
  circuit.Call(FailureOf(kUnavailable, "a:1", "refused"), 5);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed(2);
  circuit->ForceOpen(Operator("oncall").Because("why")).IgnoreError();
  std::vector<std::pair<EventKind, Cause>> with;
  for (const Event& event : circuit.events()) {
    if (!event.evidence) continue;
    with.emplace_back(event.kind, event.cause);
    EXPECT_EQ(EvidenceText(*event.evidence), "5 UNAVAILABLE; all of them from a:1");
    EXPECT_EQ(event.evidence->last_message, "refused");
  }
  EXPECT_THAT(with, ElementsAre(std::pair(EventKind::kRuleExceeded, Cause::kConsecutiveFailures),
                                std::pair(EventKind::kTransition, Cause::kConsecutiveFailures)));
  EXPECT_FALSE(circuit->Snapshot().last_opening->evidence);  // an operator's
}

TEST(Evidence, R9_AFailureBeforeTheLastSuccessIsNotInTheRun) {
  TestCircuit circuit;
  circuit.Call(FailureOf(kInternal, "a:1"), 2);
  circuit.Succeed();
  circuit.Call(FailureOf(kUnavailable, "b:1"), 3);
  EXPECT_EQ(TextOf(circuit), "3 UNAVAILABLE; all of them from b:1");
}

TEST(Evidence, R9_OfACountWindowIsOfItsFailuresAlone) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 3;
  policy.window = CountWindow{5};
  TestCircuit circuit(policy);
  circuit.Call(FailureOf(kInternal), 2);
  circuit.Succeed(4);  // one of those two has left
  circuit.Call(FailureOf(kUnavailable), 3);
  EXPECT_EQ(TextOf(circuit), "3 UNAVAILABLE");
}

TEST(Evidence, R9_OfATimeWindowLeavesWithItsSlices) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 3;
  policy.window = TimeWindow{absl::Seconds(10), 10};
  TestCircuit circuit(policy);
  circuit.Call(FailureOf(kInternal, "a:1"));
  circuit.Advance(absl::Seconds(6));
  circuit.Call(FailureOf(kDeadlineExceeded, "b:1"));
  circuit.Advance(absl::Seconds(6));
  circuit.Call(FailureOf(kUnavailable, "c:1"), 2);
  EXPECT_EQ(TextOf(circuit), "2 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 2 of them from c:1, 1 from b:1");
}

TEST(Evidence, R9_OfARateIsOfTheFailuresOfTheWindow) {
  Policy policy = NoRulePolicy();
  policy.failure_rate = 0.5;
  policy.minimum_calls = 6;
  TestCircuit circuit(policy);
  circuit.Call(FailureOf(kUnavailable), 2);
  circuit.Call(FailureOf(kInternal, {}, "broken"));
  circuit.Succeed(3);  // the last one makes six
  const Evidence evidence = EvidenceOf(circuit);
  EXPECT_EQ(evidence.calls, 3);
  EXPECT_EQ(EvidenceText(evidence), "2 UNAVAILABLE, 1 INTERNAL");
  EXPECT_EQ(evidence.last_message, "broken");
}

TEST(Evidence, R9_OfSlowCallsIsOfThoseFailedOrNot) {
  Policy policy = NoRulePolicy();
  policy.slow_call_rate = 0.5;
  policy.slow_call_duration = absl::Seconds(1);
  policy.minimum_calls = 6;
  TestCircuit circuit(policy);
  Outcome slow = Outcome::Success();
  slow.peer = "a:1";
  circuit.Call(FailureOf(kUnavailable, "b:1"));
  circuit.CallThatTook(absl::Seconds(2), slow);
  circuit.CallThatTook(absl::Seconds(2), FailureOf(kDeadlineExceeded, "a:1"));
  circuit.Succeed(2);
  circuit.CallThatTook(absl::Seconds(2), slow);
  EXPECT_EQ(TextOf(circuit), "2 OK, 1 DEADLINE_EXCEEDED; all of them from a:1");
}

TEST(Evidence, R9_ASlowSuccessThatIsAFailureHasItsCode) {
  Policy policy = SmallPolicy();
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_is_failure = true;
  TestCircuit circuit(policy);
  for (int i = 0; i < 3; ++i) circuit.CallThatTook(absl::Seconds(2), Outcome::Success());
  EXPECT_EQ(TextOf(circuit), "3 OK");
}

TEST(Evidence, R9_OfAProbe) {
  TestCircuit circuit;
  circuit.Call(FailureOf(kInternal, "a:1"), 3);
  circuit.WaitUntilHalfOpen();
  circuit.Succeed();
  circuit.Call(FailureOf(kUnavailable, "b:1", "refused"));
  EXPECT_EQ(TextOf(circuit), "1 UNAVAILABLE; from b:1");
  EXPECT_EQ(EvidenceOf(circuit).last_message, "refused");
}

TEST(Evidence, R9_OfProbeCallsIsOfTheFailedOnes) {
  TestCircuit circuit(ProbeCallsPolicy(4, 0.5));
  circuit.Call(FailureOf(kInternal), 3);
  circuit.WaitUntilHalfOpen();
  circuit.Call(FailureOf(kUnavailable));
  circuit.Succeed(2);
  circuit.Call(FailureOf(kDeadlineExceeded));
  EXPECT_THAT(CodesOf(EvidenceOf(circuit)),
              ElementsAre(std::pair(kDeadlineExceeded, 1), std::pair(kUnavailable, 1)));
}

TEST(Evidence, R9_OfHungCallsIsHowManyAndForHowLong) {
  Policy policy = SmallPolicy();
  policy.hung_calls = HungCalls{3, absl::Seconds(8)};
  TestCircuit circuit(policy);
  circuit.Fail();
  const std::vector<Permit> hung = circuit.AcquireMany(3);
  // Looked at again and again, as calls do.
  for (int i = 0; i < 40 && circuit->state() == State::kClosed; ++i) {
    circuit.Advance(absl::Seconds(1));
    const Admission look = circuit->TryAcquire();
  }
  const Evidence evidence = EvidenceOf(circuit);
  EXPECT_EQ(evidence.calls, 3);
  EXPECT_EQ(evidence.told_apart, 0);
  EXPECT_EQ(evidence.age, absl::Seconds(8));
  EXPECT_THAT(evidence.codes, IsEmpty());
  EXPECT_EQ(EvidenceText(evidence), "3 calls without a status after 8s");
}

TEST(Evidence, R9_OfAProbeThatHangs) {
  TestCircuit circuit;
  circuit.OpenAndWaitUntilHalfOpen();
  const Permit hung = circuit.Acquire();
  circuit.AdvanceLooking(absl::Minutes(1));
  EXPECT_EQ(TextOf(circuit), "1 call without a status after 1m");
}

TEST(Evidence, R9_BrokenStreamsAreInIt) {
  TestCircuit circuit;
  circuit.Fail();
  for (int i = 0; i < 2; ++i) circuit->ReportFailure(FailureOf(kUnavailable, "a:1", "reset"));
  EXPECT_EQ(TextOf(circuit), "2 UNAVAILABLE, 1 UNKNOWN; 2 of them from a:1");
}

TEST(Evidence, R9_OfALargeWindowIsOfTheNewestSixtyFour) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 100;
  policy.window = CountWindow{1000};
  TestCircuit circuit(policy);
  circuit.Call(FailureOf(kInternal, "a:1"), 40);
  circuit.Call(FailureOf(kUnavailable, "b:1"), 60);
  const Evidence evidence = EvidenceOf(circuit);
  EXPECT_EQ(evidence.calls, 100);
  EXPECT_EQ(evidence.told_apart, 64);
  EXPECT_EQ(EvidenceText(evidence),
            "60 UNAVAILABLE, 4 INTERNAL (the last 64 of 100); 60 of them from b:1, 4 from a:1");
}

TEST(Evidence, R9_NamesFourPeersAndCountsTheOthers) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 12;
  TestCircuit circuit(policy);
  for (const int peer : {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 1, 2}) {
    circuit.Call(FailureOf(kUnavailable, absl::StrCat("10.0.0.", peer, ":1")));
  }
  EXPECT_EQ(TextOf(circuit),
            "12 UNAVAILABLE; 3 of them from 10.0.0.1:1, 3 from 10.0.0.2:1, 2 from 10.0.0.3:1, 2 "
            "from 10.0.0.4:1, 2 from others");
}

// One bad peer among more than are remembered.
TEST(Evidence, R9_ManyPeersDontHideABadOne) {
  Policy policy = SmallPolicy();
  policy.consecutive_failures = 60;
  TestCircuit circuit(policy);
  for (int i = 0; i < 30; ++i) {
    circuit.Call(FailureOf(kUnavailable, absl::StrCat("10.0.1.", i, ":1")));
    circuit.Call(FailureOf(kUnavailable, "10.0.0.7:1"));
  }
  const Evidence evidence = EvidenceOf(circuit);
  ASSERT_EQ(evidence.peers.size(), kMaxEvidencePeers);
  EXPECT_EQ(evidence.peers[0].peer, "10.0.0.7:1");
  EXPECT_EQ(evidence.peers[0].count, 30);
  int64_t all = evidence.other_peers;
  for (const PeerCount& peer : evidence.peers) all += peer.count;
  EXPECT_EQ(all, 60);
}

TEST(Evidence, R9_PeersAreCutAndPrintable) {
  TestCircuit circuit;
  circuit.Call(FailureOf(kUnavailable, std::string(1000, 'x')), 2);
  circuit.Call(FailureOf(kUnavailable, "a\x1b[31m\n\xC2\x9B 1"));
  const Evidence evidence = EvidenceOf(circuit);
  ASSERT_EQ(evidence.peers.size(), 2);
  EXPECT_EQ(evidence.peers[0].peer, std::string(kMaxPeerBytes, 'x'));
  EXPECT_EQ(evidence.peers[1].peer, "a?[31m????1");
}

TEST(Evidence, R9_OddCodesAreUnknown) {
  TestCircuit circuit;
  circuit.Call(FailureOf(-1));
  circuit.Call(FailureOf(17));
  circuit.Call(FailureOf(1 << 30));
  EXPECT_EQ(TextOf(circuit), "3 UNKNOWN");
  EXPECT_EQ(circuit->Snapshot().totals.failures_by_code[2], 3);
}

TEST(Evidence, R9_TheMessageIsCut) {
  TestCircuit circuit;
  circuit.Call(FailureOf(kUnavailable, {}, std::string(1000, 'x')), 3);
  EXPECT_EQ(EvidenceOf(circuit).last_message, std::string(kMaxFailureMessageBytes, 'x'));
}

TEST(Evidence, R7_LateResultsChangeNeitherItNorTheLastFailure) {
  TestCircuit circuit;
  std::vector<Permit> late = circuit.AcquireMany(50);
  circuit.Call(FailureOf(kResourceExhausted, "a:1", "quota"), 3);
  circuit.Advance(absl::Seconds(1));
  for (Permit& permit : late) permit.Record(FailureOf(kDeadlineExceeded, "b:1", "too late"));
  const CircuitSnapshot snapshot = circuit->Snapshot();
  EXPECT_EQ(TextOf(circuit), "3 RESOURCE_EXHAUSTED; all of them from a:1");
  EXPECT_EQ(snapshot.last_opening->evidence->last_message, "quota");
  EXPECT_EQ(snapshot.last_failure->code, kResourceExhausted);
  EXPECT_EQ(snapshot.last_failure->message, "quota");
  EXPECT_EQ(snapshot.totals.failure, 53);
  EXPECT_EQ(snapshot.totals.failures_by_code[kDeadlineExceeded], 50);
}

TEST(Evidence, R7_LateResultsAreInNoLaterOpening) {
  TestCircuit circuit;
  std::vector<Permit> late = circuit.AcquireMany(3);
  circuit.OpenAndWaitUntilHalfOpen();
  for (Permit& permit : late) permit.Record(FailureOf(kDeadlineExceeded, "b:1"));
  circuit.Call(FailureOf(kUnavailable, "a:1"));
  EXPECT_EQ(TextOf(circuit), "1 UNAVAILABLE; from a:1");
}

TEST(Evidence, R9_OfShadowModeIsOfTheCallsThatTheMachineSaw) {
  TestCircuit circuit;
  circuit->Shadow(Operator("oncall").Because("trial"));
  circuit.Call(FailureOf(kUnavailable, "a:1"), 3);
  circuit.Call(FailureOf(kInternal, "b:1"), 3);  // would have been rejected
  EXPECT_EQ(TextOf(circuit), "3 UNAVAILABLE; all of them from a:1");
  EXPECT_EQ(circuit->Snapshot().last_failure->code, kInternal);
}

TEST(Evidence, R9_TotalsByCode) {
  TestCircuit circuit;
  circuit.Call(FailureOf(kUnavailable), 2);
  circuit.Succeed();
  circuit->ReportFailure(FailureOf(kInternal));
  circuit.Ignore();
  const Totals totals = circuit->Snapshot().totals;
  EXPECT_EQ(totals.failures_by_code[kUnavailable], 2);
  EXPECT_EQ(totals.failures_by_code[kInternal], 1);
  int64_t all = 0;
  for (const int64_t count : totals.failures_by_code) all += count;
  EXPECT_EQ(all, totals.failure);
}

// Any calls, and the same counted call by call over what the window holds by its definition (R3).
class Oracle {
 public:
  struct Call {
    absl::Time time;
    bool failed = false;
    int code = 0;
    std::string peer;
  };

  explicit Oracle(const Window& window) : window_(window) {}

  void Add(const Call& call) { calls_.push_back(call); }
  void Forget() { calls_.clear(); }

  std::string TextAt(absl::Time now) const {
    std::map<int, int64_t> codes;
    std::map<std::string, int64_t> peers;
    for (const Call& call : calls_) {
      if (!call.failed || !Holds(call, now)) continue;
      ++codes[call.code];
      ++peers[call.peer];
    }
    return TextOf(codes, peers);
  }

  static std::string TextOf(const Evidence& evidence) {
    std::map<int, int64_t> codes;
    std::map<std::string, int64_t> peers;
    for (const auto& [code, count] : evidence.codes) codes[code] = count;
    for (const auto& [peer, count] : evidence.peers) peers[peer] = count;
    return TextOf(codes, peers);
  }

 private:
  bool Holds(const Call& call, absl::Time now) const {
    if (const auto* size = std::get_if<CountWindow>(&window_)) {
      return static_cast<std::size_t>(&calls_.back() - &call) <
             static_cast<std::size_t>(size->size);
    }
    const auto& time = std::get<TimeWindow>(window_);
    const auto slice = [&](absl::Time at) {
      return absl::ToInt64Nanoseconds(at - kZero) /
             (absl::ToInt64Nanoseconds(time.duration) / time.buckets);
    };
    return slice(now) - slice(call.time) < time.buckets;
  }

  static std::string TextOf(const std::map<int, int64_t>& codes,
                            const std::map<std::string, int64_t>& peers) {
    std::string text;
    for (const auto& [code, count] : codes) absl::StrAppend(&text, count, " of ", code, ", ");
    for (const auto& [peer, count] : peers) absl::StrAppend(&text, count, " from ", peer, ", ");
    return text;
  }

  const absl::Time kZero = absl::UnixEpoch();
  const Window window_;
  std::vector<Call> calls_;
};

void CompareWithOracle(const Window& window, unsigned seed) {
  Policy policy = NoRulePolicy();
  policy.failures_in_window = 12;
  policy.window = window;
  TestCircuit circuit(policy);
  Oracle oracle(window);
  std::mt19937 random(seed);
  const auto below = [&](int limit) {
    return static_cast<int>(random() % static_cast<unsigned>(limit));
  };
  int openings = 0;
  while (openings < 20) {
    circuit.Advance(absl::Milliseconds(below(400)));
    const absl::Time now = absl::UnixEpoch() + absl::Nanoseconds(circuit.clock().Now().nanos());
    Oracle::Call call = {now, below(3) == 0, below(kStatusCodeCount), absl::StrCat("p", below(4))};
    oracle.Add(call);
    circuit.Call(call.failed ? FailureOf(call.code, call.peer) : Outcome::Success());
    if (circuit->state() != State::kOpen) continue;
    ++openings;
    ASSERT_EQ(Oracle::TextOf(EvidenceOf(circuit)), oracle.TextAt(now)) << "opening " << openings;
    circuit->Reset(Operator("oncall").Because("again"));
    oracle.Forget();
  }
}

TEST(Evidence, R9_IsWhatTheWindowHoldsWhateverTheCalls) {
  for (unsigned seed = 1; seed <= 10; ++seed) {
    CompareWithOracle(CountWindow{30}, seed);
    CompareWithOracle(TimeWindow{absl::Seconds(10), 10}, seed);
  }
}

TEST(Evidence, R9_AListOfAddressesIsOnePeerInBrackets) {
  const std::string list = "10.0.0.7:50051,10.0.0.8:50051";
  TestCircuit all(RunOfFive());
  all.Call(FailureOf(kUnavailable, list), 5);
  EXPECT_EQ(TextOf(all), absl::StrCat("5 UNAVAILABLE; all of them from [", list, "]"));

  TestCircuit some(RunOfFive());
  some.Call(FailureOf(kUnavailable, list), 3);
  some.Call(FailureOf(kUnavailable, "10.0.0.8:50051"), 2);
  EXPECT_EQ(TextOf(some),
            absl::StrCat("5 UNAVAILABLE; 3 of them from [", list, "], 2 from 10.0.0.8:50051"));
}

TEST(Evidence, ThereIsNothingToSayOfNothing) { EXPECT_EQ(EvidenceText(Evidence()), ""); }

}  // namespace
}  // namespace fusebox
