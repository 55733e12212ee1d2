// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_MANUAL_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_MANUAL_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fuseboxctl {

// The manual's page, in troff. `page` is all but what is made here, in the places of two marks:
// @COMMANDS@, a section for each command that does something; and @FLAGS@, the flags that the page
// doesn't describe itself, each by its line of the help.
std::string Manual(absl::string_view page);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_MANUAL_H_
