// SPDX-License-Identifier: Apache-2.0
//
// What R23 says, as plainly as can be: a second reference circuit, which hears of the calls that
// the first one admits and that it would have admitted too.
#ifndef FUSEBOX_TESTS_MODEL_REFERENCE_SHADOW_H_
#define FUSEBOX_TESTS_MODEL_REFERENCE_SHADOW_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/model/reference_circuit.h"

namespace fusebox_testing {

// Beside a circuit, whatever its policy: without a candidate it does nothing. Calls are numbered as
// those of the circuit are.
class ReferenceShadow {
 public:
  ReferenceShadow(const ReferencePolicy& policy, int64_t now) { SetPolicy(policy, now); }

  void SetPolicy(const ReferencePolicy& policy, int64_t now);
  void Reset(int64_t now);
  void MakeDueMoves(int64_t now);

  void Acquire(const ReferenceCircuit::Answer& answer, int64_t now, bool connected = true);
  void Return(std::size_t call, const ReferenceCircuit::Result& result, int64_t now);
  void ReceiveMessage(std::size_t call, const ReferenceCircuit::Result& message, int64_t now);
  struct Stream {
    int candidate = 0;
    ReferenceCircuit::Stream of_candidate;
  };
  Stream RecordFirstMessage(std::size_t call, const ReferenceCircuit::Result& message, int64_t now);
  void Report(const ReferenceCircuit::Result& failure, int64_t now);
  void Report(const ReferenceCircuit::Result& failure, const Stream& stream, int64_t now);

  std::optional<int64_t> NextDue() const;

  // What it would have done, in words.
  std::string Text() const;

  // Openings and closings of all candidates so far, in words.
  std::vector<std::string> told() const;

 private:
  // Null: there is none.
  std::unique_ptr<ReferenceCircuit> candidate_;
  int number_ = 0;                            // of candidates, so far
  std::map<std::size_t, std::size_t> calls_;  // those of the circuit that are the candidate's too
  int64_t came_ = 0;
  int64_t rejected_ = 0;
  int64_t would_reject_ = 0;
  int64_t would_admit_ = 0;
  std::vector<std::string> told_before_;  // by earlier candidates
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_REFERENCE_SHADOW_H_
