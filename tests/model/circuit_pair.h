// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_MODEL_CIRCUIT_PAIR_H_
#define FUSEBOX_TESTS_MODEL_CIRCUIT_PAIR_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fusebox/circuit_breaker.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/model/crew.h"
#include "tests/model/reference_circuit.h"
#include "tests/model/reference_shadow.h"
#include "tests/model/trace.h"

namespace fusebox_testing {

// A breaker and its reference, taken through the same steps. Every answer, figure and event is
// compared, by assertions of the running property.
class CircuitPair {
 public:
  // Begins with the first of the policies; SetPolicy has all to choose from. The crew must outlive
  // the pair.
  CircuitPair(const std::vector<ReferencePolicy>& policies, Crew& crew);
  CircuitPair(const CircuitPair&) = delete;
  CircuitPair& operator=(const CircuitPair&) = delete;

  void Do(const Step& step);

  // The calls that are still out come back late, and all is compared.
  void End();

  const ReferenceCircuit& reference() const { return reference_; }

 private:
  struct OutCall {
    fusebox::Permit permit;
    std::size_t reference = 0;
  };

  struct OutStream {
    fusebox::FirstMessage first_message;
    ReferenceCircuit::Stream reference;
    ReferenceShadow::Stream shadow;
  };

  int64_t Now() const { return clock_.Now().nanos(); }
  int64_t NanosOf(absl::Time time) const;

  OutCall TakeOut(const Step& step);

  // On the step's thread.
  void On(const Step& step, const std::function<void()>& work);

  void Acquire(const Step& step);
  void Return(const Step& step);
  void Call(const Step& step);
  void Report(const Step& step);
  void ReceiveMessage(const Step& step);
  void RecordFirstMessage(const Step& step);
  void Break(const Step& step);
  void ForceOpen(const Step& step);
  void SetPolicy(const Step& step);
  void ReadState();
  void AdvanceToDue(const Step& step);

  void CompareEvents();
  void CompareSnapshots();
  std::string TextOf(const ReferenceCircuit::Told& told) const;
  std::string TextOf(const fusebox::Event& event) const;
  void Hear(const fusebox::Event& event);
  std::string TextOf(const fusebox::CircuitSnapshot& snapshot) const;
  static std::string TextOf(const ReferenceCircuit& circuit);

  const std::vector<ReferencePolicy> policies_;
  Crew& crew_;
  FakeClock clock_;
  ReferenceCircuit reference_;
  ReferenceShadow shadow_;
  std::vector<std::string> events_;
  std::vector<std::string> shadow_events_;
  std::size_t compared_ = 0;
  std::shared_ptr<fusebox::CircuitBreaker> breaker_;
  std::vector<OutStream> streams_;
  std::vector<OutCall> out_;  // before the breaker goes
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_CIRCUIT_PAIR_H_
