// SPDX-License-Identifier: Apache-2.0
//
// The constants of the rules without numbers (R15 to R18). A benchmark measures what hangs on each:
// it builds the sources that have some once more, for itself alone, with FUSEBOX_TUNABLE_CONSTANTS,
// where they are variables with names. Else they are constants like any other. To be included by
// sources, and by a header only if no other header includes that one.
#ifndef FUSEBOX_SRC_CORE_TUNABLE_H_
#define FUSEBOX_SRC_CORE_TUNABLE_H_

#ifndef FUSEBOX_TUNABLE_CONSTANTS

#define FUSEBOX_TUNABLE(type, name, value) inline constexpr type name = value

#else

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

// The variable must have no other initializer that needs it, since those run in any order.
#define FUSEBOX_TUNABLE(type, name, value) \
  inline type name = ::fusebox::internal::Tunable<type>(name, #name, value)

namespace fusebox::internal {

struct TunableConstant {
  std::string name;
  std::string usual;                        // its value
  std::function<std::string(double)> tune;  // takes it times that, and returns what it is then
};

// All of the program, in any order.
inline std::vector<TunableConstant>& TunableConstants() {
  static auto* const kAll = new std::vector<TunableConstant>();
  return *kAll;
}

// Whole numbers stay that, from 1 on; a flag is off below 1.
template <typename T>
T Scale(T value, double factor) {
  if constexpr (std::is_same_v<T, bool>) {
    return value && factor >= 1;
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return value * factor;
  } else {
    return std::max(T{1}, static_cast<T>(static_cast<double>(value) * factor));
  }
}

template <typename T>
std::string TunableText(T value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value ? "on" : "off";
  } else if constexpr (std::is_same_v<T, absl::Duration>) {
    return absl::FormatDuration(value);
  } else {
    return absl::StrCat(value);
  }
}

template <typename T>
T Tunable(T& place, const char* name, T usual) {
  TunableConstants().push_back({name, TunableText(usual), [&place, usual](double factor) {
                                  place = Scale(usual, factor);
                                  return TunableText(place);
                                }});
  return usual;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_TUNABLE_CONSTANTS

#endif  // FUSEBOX_SRC_CORE_TUNABLE_H_
