// SPDX-License-Identifier: Apache-2.0
//
// One circuit on a clock that the test moves, its events written down.
//
//   TestCircuit circuit(SmallPolicy());
//   circuit.Fail(3);
//   EXPECT_EQ(circuit->state(), fusebox::State::kOpen);
#ifndef FUSEBOX_TESTS_CORE_TEST_CIRCUIT_H_
#define FUSEBOX_TESTS_CORE_TEST_CIRCUIT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"

namespace fusebox_testing {

// Nothing random: 3 failures in a row open the circuit for 10 s (at most 80 s); 2 probes may
// be out at the same time, 2 successes close it, a probe times out after 60 s.
inline fusebox::Policy SmallPolicy() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.consecutive_failures = 3;
  policy.open_duration = absl::Seconds(10);
  policy.max_open_duration = absl::Seconds(80);
  policy.jitter = 0;
  policy.half_open.max_concurrent = 2;
  policy.half_open.verdict = fusebox::SuccessThreshold{2};
  return policy;
}

// The same with all trip rules off, for a test to set its own: with none, it is 5 in a row.
inline fusebox::Policy NoRulePolicy() {
  fusebox::Policy policy = SmallPolicy();
  policy.consecutive_failures = std::nullopt;
  return policy;
}

// SmallPolicy judged by the failure rate of exactly `calls` probes; CLOSED trips at 3 in a row.
inline fusebox::Policy ProbeCallsPolicy(int64_t calls, double failure_rate) {
  fusebox::Policy policy = SmallPolicy();
  policy.failure_rate = failure_rate;
  policy.half_open.verdict = fusebox::ProbeCalls{calls};
  return policy;
}

// Not thread-safe.
class TestCircuit {
 public:
  explicit TestCircuit(const fusebox::Policy& policy = SmallPolicy(),
                       absl::string_view name = "circuit", uint64_t seed = 1) {
    fusebox::CircuitBreaker::Options options;
    options.clock = &clock_;
    options.seed = seed;
    options.listener = [this](const fusebox::Event& event) { events_.push_back(event); };
    breaker_ = fusebox::CircuitBreaker::Create(name, policy, options).value();
  }
  TestCircuit(const TestCircuit&) = delete;
  TestCircuit& operator=(const TestCircuit&) = delete;

  fusebox::CircuitBreaker* operator->() { return breaker_.get(); }
  fusebox::CircuitBreaker& operator*() { return *breaker_; }
  FakeClock& clock() { return clock_; }
  const std::vector<fusebox::Event>& events() const { return events_; }

  // Of those, the changes of state.
  std::vector<fusebox::Event> moves() const {
    std::vector<fusebox::Event> moves;
    for (const fusebox::Event& event : events_) {
      if (event.kind == fusebox::EventKind::kTransition) moves.push_back(event);
    }
    return moves;
  }

  void Advance(absl::Duration by) { clock_.Advance(by); }

  // A permit for a call that has to be admitted.
  fusebox::Permit Acquire() {
    fusebox::Admission admission = breaker_->TryAcquire();
    EXPECT_TRUE(admission.admitted()) << fusebox::RejectionMessage(admission.rejection());
    return std::move(admission).permit();
  }
  std::vector<fusebox::Permit> AcquireMany(int count) {
    std::vector<fusebox::Permit> permits;
    for (int i = 0; i < count; ++i) permits.push_back(Acquire());
    return permits;
  }

  // As many as it admits now; the next one is held back.
  std::vector<fusebox::Permit> Fill() {
    std::vector<fusebox::Permit> permits;
    for (fusebox::Admission call = breaker_->TryAcquire(); call; call = breaker_->TryAcquire()) {
      permits.push_back(std::move(call).permit());
    }
    return permits;
  }

  // What any call does, and a read doesn't: a look at the calls and probes that are out.
  void Look() { (void)breaker_->TryAcquire(); }

  // So that no look comes late (R5, R14): one at the start, the middle and the end.
  void AdvanceLooking(absl::Duration by) {
    const absl::Duration half = absl::Floor(by / 2, absl::Nanoseconds(1));
    Look();
    Advance(half);
    Look();
    Advance(by - half);
    Look();
  }

  // Calls that are admitted and end at once.
  void Call(const fusebox::Outcome& outcome, int times = 1) {
    for (int i = 0; i < times; ++i) EXPECT_TRUE(Acquire().Record(outcome));
  }
  void Succeed(int times = 1) { Call(fusebox::Outcome::Success(), times); }
  void Fail(int times = 1) { Call(fusebox::Outcome::Failure(), times); }
  void Ignore(int times = 1) { Call(fusebox::Outcome::Ignored(), times); }

  // A call that took so long, by its own measure.
  void CallThatTook(absl::Duration latency, fusebox::Outcome outcome) {
    outcome.latency = latency;
    Call(outcome);
  }

  // A failed call whose server asked to be left alone for that long.
  void FailWithPushback(absl::Duration pushback) {
    fusebox::Outcome outcome = fusebox::Outcome::Failure();
    outcome.pushback = pushback;
    Call(outcome);
  }

  // Of a circuit that is OPEN: how long it will be.
  absl::Duration RemainingOpen() {
    fusebox::Admission admission = breaker_->TryAcquire();
    EXPECT_FALSE(admission.admitted());
    EXPECT_EQ(admission.reason(), fusebox::RejectionReason::kOpen);
    return admission.retry_after();
  }

  // From CLOSED, by SmallPolicy's rule.
  void Open() {
    Fail(3);
    EXPECT_EQ(breaker_->state(), fusebox::State::kOpen);
  }
  // From OPEN, by the time.
  void WaitUntilHalfOpen() {
    Advance(RemainingOpen());
    EXPECT_EQ(breaker_->state(), fusebox::State::kHalfOpen);
  }
  // From CLOSED to HALF_OPEN.
  void OpenAndWaitUntilHalfOpen() {
    Open();
    WaitUntilHalfOpen();
  }

 private:
  FakeClock clock_;
  std::vector<fusebox::Event> events_;
  std::shared_ptr<fusebox::CircuitBreaker> breaker_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_CORE_TEST_CIRCUIT_H_
