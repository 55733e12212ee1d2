// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_CONFIRM_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_CONFIRM_H_

#include <string>
#include <vector>

#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {

// Shows what is about to be touched, the first ones of it, and asks `question`. False for any other
// answer than yes; and, with a word about --yes, if standard input is not a terminal.
bool Confirm(const Screen& screen, const std::string& question,
             const std::vector<std::string>& touched);

// What programs are told of each circuit that nothing was done to for that.
grpc::Status NotConfirmed();

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_CONFIRM_H_
