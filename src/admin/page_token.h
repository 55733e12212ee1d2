// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_PAGE_TOKEN_H_
#define FUSEBOX_SRC_ADMIN_PAGE_TOKEN_H_

#include <fusebox/v1/admin.pb.h>

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// Where a listing goes on: after the last name of the page before. So a page holds what it should
// hold whatever has come or gone since. It is good for one filter alone.
std::string MakePageToken(const v1::CircuitFilter& filter, absl::string_view last_name);

// The last name. Empty if the token is no token, or another filter's.
std::optional<std::string> ReadPageToken(const v1::CircuitFilter& filter, absl::string_view token);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_PAGE_TOKEN_H_
