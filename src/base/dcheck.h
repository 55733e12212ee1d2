// SPDX-License-Identifier: Apache-2.0
//
// What must hold inside the library, whatever its users do:
//
//   void Probes::Return(int32_t place, bool counts) {
//     FUSEBOX_DCHECK(out_ > 0);
//
// Where the checks are on, a condition that doesn't hold ends the process with its file, line and
// text. They are on in a build without NDEBUG and under a sanitizer, and off otherwise: then the
// condition is compiled, so that it stays right, but never evaluated, and nothing is left of it.
//
// Never for what a user can cause. That is an absl::Status, or has no effect.
#ifndef FUSEBOX_SRC_BASE_DCHECK_H_
#define FUSEBOX_SRC_BASE_DCHECK_H_

#include "absl/base/config.h"

#ifndef FUSEBOX_DCHECKS
#if !defined(NDEBUG) || defined(ABSL_HAVE_ADDRESS_SANITIZER) || \
    defined(ABSL_HAVE_MEMORY_SANITIZER) || defined(ABSL_HAVE_THREAD_SANITIZER)
#define FUSEBOX_DCHECKS 1
#else
#define FUSEBOX_DCHECKS 0
#endif
#endif

#if FUSEBOX_DCHECKS

#include <cstdio>
#include <cstdlib>

#include "absl/base/attributes.h"

namespace fusebox::internal {

[[noreturn]] ABSL_ATTRIBUTE_NOINLINE inline void DcheckFailed(const char* file, int line,
                                                              const char* condition) {
  std::fprintf(stderr, "%s:%d: must hold: %s\n", file, line, condition);
  std::abort();
}

}  // namespace fusebox::internal

#define FUSEBOX_DCHECK(condition)     \
  ((condition) ? static_cast<void>(0) \
               : fusebox::internal::DcheckFailed(__FILE__, __LINE__, #condition))

#else

#define FUSEBOX_DCHECK(condition) static_cast<void>(sizeof((condition) ? 1 : 0))

#endif

#endif  // FUSEBOX_SRC_BASE_DCHECK_H_
