// SPDX-License-Identifier: Apache-2.0
//
// The names of protobuf's services and methods.
#ifndef FUSEBOX_SRC_CORE_METHOD_NAME_H_
#define FUSEBOX_SRC_CORE_METHOD_NAME_H_

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"

namespace fusebox::internal {

inline bool IsIdentifier(absl::string_view text) {
  const auto fits = [](char c) {
    return c == '_' || absl::ascii_isalnum(static_cast<unsigned char>(c));
  };
  return !text.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(), fits);
}

// "Service", "package.Service", "deep.package.Service".
inline bool IsServiceName(absl::string_view text) {
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsIdentifier(text.substr(0, dot))) return false;
    if (dot == absl::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_METHOD_NAME_H_
