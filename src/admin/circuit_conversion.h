// SPDX-License-Identifier: Apache-2.0
//
// The core's words as the protos have them.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_CONVERSION_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_CONVERSION_H_

#include <fusebox/v1/circuit.pb.h>

#include "fusebox/event.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"

namespace fusebox::internal {

// What of a circuit may be shown.
struct Disclosure {
  bool failure_messages = false;
  bool operators = true;  // who has moved it, and why
};

void ToProto(const CircuitSnapshot& snapshot, const Disclosure& disclosure, v1::Circuit& circuit);
// The policy and its etag.
void SetPolicy(const Policy& policy, v1::Circuit& circuit);

void ToProto(const Event& event, const Disclosure& disclosure, v1::Event& proto);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_CONVERSION_H_
