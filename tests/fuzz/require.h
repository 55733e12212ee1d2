// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_FUZZ_REQUIRE_H_
#define FUSEBOX_TESTS_FUZZ_REQUIRE_H_

#include <cstdlib>
#include <iostream>
#include <string>

namespace fusebox_testing {

// What must hold whatever the input. If it doesn't, the fuzzer keeps the input.
inline void Require(bool holds, const char* what, const std::string& more = "") {
  if (holds) return;
  std::cerr << "does not hold: " << what << (more.empty() ? "" : ": ") << more << '\n';
  std::abort();
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_FUZZ_REQUIRE_H_
