// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_UTF8_H_
#define FUSEBOX_SRC_ADMIN_UTF8_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fusebox {

// The text with '?' for each byte that isn't UTF-8: a proto's string has to be, and a circuit's
// name, or a reason that came in through code, may be anything.
std::string ValidUtf8(absl::string_view text);

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_UTF8_H_
