// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_QUOTE_H_
#define FUSEBOX_SRC_ADMIN_QUOTE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// What a caller sent, between quotes, to tell it back: no more than its beginning, since a status
// that doesn't fit into gRPC's metadata doesn't arrive.
std::string Quoted(absl::string_view text);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_QUOTE_H_
