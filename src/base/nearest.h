// SPDX-License-Identifier: Apache-2.0
//
// What somebody may have meant who wrote a name that there isn't.
#ifndef FUSEBOX_SRC_BASE_NEAREST_H_
#define FUSEBOX_SRC_BASE_NEAREST_H_

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// Those of the names, at most three and the nearest first, that a few changed letters of a glob
// would fit, or that it is a part of.
std::vector<std::string> Nearest(const std::vector<std::string>& globs,
                                 const std::set<std::string>& names);

// "did you mean a or b?"; empty if there are none.
std::string DidYouMean(const std::vector<std::string>& names);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_NEAREST_H_
