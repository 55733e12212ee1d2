// SPDX-License-Identifier: Apache-2.0
//
// A leaf that every component may include.
#ifndef FUSEBOX_SRC_BASE_COUNTED_H_
#define FUSEBOX_SRC_BASE_COUNTED_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fusebox::internal {

// "1 call", "3 calls", "0 calls": of things whose name takes an "s". `many` is for the others.
template <typename Number>
std::string Counted(Number count, absl::string_view one, absl::string_view many = {}) {
  if (count == Number{1}) return absl::StrCat(count, " ", one);
  return many.empty() ? absl::StrCat(count, " ", one, "s") : absl::StrCat(count, " ", many);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_COUNTED_H_
