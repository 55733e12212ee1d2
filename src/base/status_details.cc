// SPDX-License-Identifier: Apache-2.0
#include "src/base/status_details.h"

#include "absl/strings/match.h"

namespace fusebox::internal {

std::vector<absl::string_view> DetailsOfType(absl::string_view status, absl::string_view type_url) {
  const absl::string_view slash_and_name = type_url.substr(type_url.rfind('/'));
  std::vector<absl::string_view> details;
  for (const absl::string_view any : WireValues(status, 3)) {
    if (absl::EndsWith(WireValue(any, 1), slash_and_name)) details.push_back(WireValue(any, 2));
  }
  return details;
}

}  // namespace fusebox::internal
