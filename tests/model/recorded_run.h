// SPDX-License-Identifier: Apache-2.0
//
// A run of random steps that is the same forever: numbers, weights and lengths are spelt out here
// and depend on nothing that may change with the rules.
#ifndef FUSEBOX_TESTS_MODEL_RECORDED_RUN_H_
#define FUSEBOX_TESTS_MODEL_RECORDED_RUN_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/model/recorded_policy.h"

namespace fusebox_testing {

// What one step has shown.
struct Decision {
  std::string step;   // what was done
  std::string shown;  // everything: answers, events, figures
  char answer = '?';  // the last answer to asking for a permit, and the state: see AnswerText
  std::vector<std::string> causes;  // of the events
  // Six bits of the sum over all that the run has shown up to here.
  char check = '?';
};

// What such a character says, as "rejected as CIRCUIT_OPEN; OPEN".
std::string AnswerText(char answer);

class RecordedRun {
 public:
  // Begins with the first of the policies; a change of policy takes any of them.
  RecordedRun(uint64_t number, std::vector<RecordedPolicy> policies);
  RecordedRun(const RecordedRun&) = delete;
  RecordedRun& operator=(const RecordedRun&) = delete;

  static constexpr int kSteps = 200;

  // The next of kSteps.
  Decision Next();

  // In force.
  const RecordedPolicy& policy() const { return *policy_; }

  // Over all that was shown.
  uint64_t sum() const { return sum_; }

 private:
  struct OutCall {
    fusebox::Permit permit;
    int64_t since = 0;
  };

  // What a step picks from whatever there is.
  struct Picks {
    uint32_t action = 0;
    uint32_t which = 0;
    uint32_t length = 0;
    uint32_t nudge = 0;
    uint32_t details = 0;
  };

  // One kind of step: how often it is taken, what it is called, what does it.
  struct Kind {
    uint32_t weight;
    const char* name;
    void (RecordedRun::*take)(const Picks& picks);
  };
  static const Kind kKinds[];
  static const Kind& KindOf(uint32_t number);

  uint32_t Draw();
  int64_t Now() const { return clock_.Now().nanos(); }
  int64_t NanosOf(absl::Time time) const;
  std::optional<OutCall> TakeOut(const Picks& picks);
  int64_t LengthOf(const Picks& picks) const;
  fusebox::Outcome SuccessOf(const Picks& picks) const;
  fusebox::Outcome FailureOf(const Picks& picks) const;
  void Show(const std::string& text);
  void Ask(std::optional<fusebox::Outcome> outcome);
  void Tell(const fusebox::Event& event);

  void Acquire(const Picks& picks);
  void Succeed(const Picks& picks);
  void Fail(const Picks& picks);
  void Ignore(const Picks& picks);
  void Drop(const Picks& picks);
  void Cancel(const Picks& picks);
  void GoodCalls(const Picks& picks);
  void BadCalls(const Picks& picks);
  void Report(const Picks& picks);
  void Message(const Picks& picks);
  void FirstMessage(const Picks& picks);
  void Break(const Picks& picks);
  void Advance(const Picks& picks);
  void AdvanceToDue(const Picks& picks);
  void AdvanceToTimeout(const Picks& picks);
  void Hang(const Picks& picks);
  void Jump(const Picks& picks);
  void ReadState(const Picks& picks);
  void ReadSnapshot(const Picks& picks);
  void Reset(const Picks& picks);
  void ForceOpen(const Picks& picks);
  void Disable(const Picks& picks);
  void Shadow(const Picks& picks);
  void Automate(const Picks& picks);
  void SetPolicy(const Picks& picks);

  const std::vector<RecordedPolicy> policies_;
  const RecordedPolicy* policy_;
  uint64_t random_;
  uint64_t sum_;
  std::string shown_;
  std::vector<std::string> causes_;
  int answer_ = 0;
  fusebox::State state_ = fusebox::State::kClosed;  // as last told
  std::optional<int64_t> due_;                      // as last told to a rejected call
  FakeClock clock_;
  std::shared_ptr<fusebox::CircuitBreaker> breaker_;
  std::deque<fusebox::FirstMessage> streams_;
  std::deque<OutCall> out_;  // before the breaker goes
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_RECORDED_RUN_H_
