// SPDX-License-Identifier: Apache-2.0
//
// What somebody may have meant who wrote a name that no circuit has.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_SUGGEST_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_SUGGEST_H_

#include <string>
#include <vector>

#include "tools/fuseboxctl/fleet.h"

namespace fuseboxctl {

// "did you mean a/b or a/c?", of the names that there are; empty if none is near. Printable.
std::string DidYouMean(const Fleet& fleet, const std::vector<std::string>& globs);

// The same, or else how to see the names.
std::string Advice(const Fleet& fleet, const std::vector<std::string>& globs);

// What to say of a name that takes no pattern, and that some endpoint has no circuit of and none
// has one: of a pattern, that it is none here; and what is near. Empty if there is nothing to say.
// `statuses` are what each endpoint has answered.
std::string AdviceOnName(const Fleet& fleet, const std::string& name,
                         const std::vector<grpc::Status>& statuses);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_SUGGEST_H_
