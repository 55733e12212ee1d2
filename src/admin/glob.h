// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_GLOB_H_
#define FUSEBOX_SRC_ADMIN_GLOB_H_

#include "absl/strings/string_view.h"

namespace fusebox {

// Whether the whole of `text` fits `glob`, in which `*` stands for any characters and `?` for one
// character (of UTF-8). Takes time in proportion to the product of their lengths at the most.
bool GlobMatches(absl::string_view glob, absl::string_view text);

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_GLOB_H_
