// SPDX-License-Identifier: Apache-2.0
#include "src/admin/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/admin/fingerprint.h"

namespace fusebox::internal {

std::string MakePageToken(const v1::CircuitFilter& filter, absl::string_view last_name) {
  return absl::WebSafeBase64Escape(absl::StrCat(FingerprintOf(filter), last_name));
}

std::optional<std::string> ReadPageToken(const v1::CircuitFilter& filter, absl::string_view token) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(token, &bytes)) return std::nullopt;
  absl::string_view name = bytes;
  if (!absl::ConsumePrefix(&name, FingerprintOf(filter)) || name.empty()) return std::nullopt;
  return std::string(name);
}

}  // namespace fusebox::internal
