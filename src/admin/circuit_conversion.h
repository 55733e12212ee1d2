// SPDX-License-Identifier: Apache-2.0
//
// The core's words as the protos have them.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_CONVERSION_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_CONVERSION_H_

#include <fusebox/v1/circuit.pb.h>

#include <string>

#include "fusebox/event.h"
#include "fusebox/policy.h"
#include "fusebox/policy_patch.h"
#include "fusebox/snapshot.h"

namespace fusebox::internal {

// What of a circuit may be shown.
struct Disclosure {
  bool failure_messages = false;
  bool operators = true;  // who has moved it, and why
};

// Writes circuits' policies, with their etags. Most of the circuits of a list have the policy of
// the one before: it is converted once for all of those.
class PolicyWriter {
 public:
  void Write(const Policy& policy, v1::Circuit& circuit);

 private:
  Policy last_;
  v1::Policy proto_;
  std::string etag_;  // empty: nothing has been written yet
};

// `policies` is for one list, from circuit to circuit.
void ToProto(const CircuitSnapshot& snapshot, const Disclosure& disclosure, PolicyWriter& policies,
             v1::Circuit& circuit);
void ToProto(const CircuitSnapshot& snapshot, const Disclosure& disclosure, v1::Circuit& circuit);

void ToProto(const Event& event, const Disclosure& disclosure, v1::Event& proto);

void ToProto(const FieldOrigin& origin, const Disclosure& disclosure, v1::FieldOrigin& proto);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_CONVERSION_H_
