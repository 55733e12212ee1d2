// SPDX-License-Identifier: Apache-2.0
//
// Code of the application's that the library calls: functions and objects that it was given. They
// should not throw. What they throw all the same ends where they were called, and the call goes on:
// by the classifier's table for a predicate, by the scope for a circuit key, as a plain rejection
// for a fallback. Each time is counted (`RegistryStats::user_code_failures`), and an event
// (`EventKind::kUserCodeFailed`) names the code and the type of what it threw.
//
// It must not end its thread (pthread_exit, pthread_cancel): that ends the process almost wherever
// it is called.
//
// A library that is built without exceptions catches none.
#ifndef FUSEBOX_USER_CODE_H_
#define FUSEBOX_USER_CODE_H_

#include "absl/strings/string_view.h"

namespace fusebox {

enum class UserCode {
  kListener,
  kClock,
  kCircuitKey,
  kPredicate,      // of a StatusClassifier
  kFallback,       // of a FallbackTable
  kAuthorizer,     // of the admin service
  kHealthService,  // that circuits speak through
};

// "listener", "circuit_key" and so on: the enumerator in snake case.
absl::string_view UserCodeName(UserCode code);

}  // namespace fusebox

#endif  // FUSEBOX_USER_CODE_H_
