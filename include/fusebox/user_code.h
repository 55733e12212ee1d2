// SPDX-License-Identifier: Apache-2.0
//
// Code of the application's that the library calls: functions and objects that it was given. They
// should not throw. If they throw anyway, it ends where they were called, and the call goes on:
// by the classifier's table for a predicate, by the scope for a circuit key, as a plain rejection
// for a fallback. Each exception is counted (`RegistryStats::user_code_failures`), and an event
// (`EventKind::kUserCodeFailed`) names the code and the type of what it threw.
//
// It must not end its thread (pthread_exit, pthread_cancel): that ends the process almost wherever
// it is called.
//
// A library that is built without exceptions catches none.
#ifndef FUSEBOX_USER_CODE_H_
#define FUSEBOX_USER_CODE_H_

#include <iosfwd>

#include "absl/strings/string_view.h"
#include "fusebox/enum_table.h"
#include "fusebox/export.h"

namespace fusebox {

// Kinds of such code, as X(enumerator, number, name, what it is called in events).
#define FUSEBOX_USER_CODES(X)                                      \
  X(kListener, 0, listener, "a listener")                          \
  X(kClock, 1, clock, "the clock")                                 \
  X(kCircuitKey, 2, circuit_key, "the circuit_key function")       \
  /* Of a StatusClassifier. */                                     \
  X(kPredicate, 3, predicate, "the classifier's predicate")        \
  /* Of a FallbackTable. */                                        \
  X(kFallback, 4, fallback, "a fallback")                          \
  /* Of the admin service. */                                      \
  X(kAuthorizer, 5, authorizer, "an authorizer")                   \
  /* That circuits speak through. */                               \
  X(kHealthService, 6, health_service, "the health check service") \
  /* Of CircuitRegistry::SetOrderKeeper. */                        \
  X(kOrderKeeper, 7, order_keeper, "the order keeper")

enum class UserCode { FUSEBOX_USER_CODES(FUSEBOX_ENUMERATOR) };

// "listener", "circuit_key" and so on: the enumerator in snake case.
FUSEBOX_EXPORT absl::string_view UserCodeName(UserCode code);

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, UserCode code);

}  // namespace fusebox

#endif  // FUSEBOX_USER_CODE_H_
