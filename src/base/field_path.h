// SPDX-License-Identifier: Apache-2.0
//
// Paths of a policy's fields: "half_open.max_concurrent" is within "half_open".
#ifndef FUSEBOX_SRC_BASE_FIELD_PATH_H_
#define FUSEBOX_SRC_BASE_FIELD_PATH_H_

#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace fusebox::internal {

// What is behind the name and a dot. Empty: the path doesn't go on within that.
inline std::optional<absl::string_view> Within(absl::string_view path, absl::string_view name) {
  if (path.size() <= name.size() || path[name.size()] != '.') return std::nullopt;
  if (!absl::StartsWith(path, name)) return std::nullopt;
  return path.substr(name.size() + 1);
}

// Whether a path is that part, or within it.
inline bool IsWithinField(absl::string_view path, absl::string_view part) {
  return path == part || Within(path, part).has_value();
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_FIELD_PATH_H_
