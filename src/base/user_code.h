// SPDX-License-Identifier: Apache-2.0
//
// Where the library calls code of the application's, what that code throws ends here: this project
// itself neither throws nor lets an exception pass through code that isn't made for it, such as
// gRPC's threads.
#ifndef FUSEBOX_SRC_BASE_USER_CODE_H_
#define FUSEBOX_SRC_BASE_USER_CODE_H_

#include <string>

#include "absl/base/config.h"

#ifdef ABSL_HAVE_EXCEPTIONS
#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <typeinfo>
#endif

namespace fusebox::internal {

#ifdef ABSL_HAVE_EXCEPTIONS

// The type of the exception that is being handled: "std::out_of_range". Not what it says, which may
// hold what a request held.
inline std::string HandledExceptionType() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  if (type == nullptr) return "an exception of another language";
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : type->name();
}

// Calls `run()`. Of what it throws, `thrown(type)` is told the type. True if it threw nothing.
template <typename Run, typename Thrown>
bool RunUserCode(Run&& run, Thrown&& thrown) {
  try {
    run();
    return true;
#ifdef __GLIBCXX__
  } catch (abi::__forced_unwind&) {
    // A thread that is being ended: to stop that here would end the process. The first destructor
    // that it comes through further up does all the same, but not every caller is in one.
    throw;
#endif
  } catch (...) {
    thrown(HandledExceptionType());
  }
  return false;
}

#else

template <typename Run, typename Thrown>
bool RunUserCode(Run&& run, Thrown&&) {
  run();
  return true;
}

#endif

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_USER_CODE_H_
