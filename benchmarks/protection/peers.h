// SPDX-License-Identifier: Apache-2.0
//
// What other libraries do to protect a dependency, as guards of the drill: the decision rule of
// each with its default settings, written anew from its documentation and sources. What a rule has
// that a drill can't show is left out: logging, metrics, fallbacks. Where a library has no default,
// or one that hangs on others of its parts, the row says what is taken.
#ifndef FUSEBOX_BENCHMARKS_PROTECTION_PEERS_H_
#define FUSEBOX_BENCHMARKS_PROTECTION_PEERS_H_

#include <vector>

#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

// All of them, each by its library's name.
std::vector<Protection> Peers();

}  // namespace fusebox_drill

#endif  // FUSEBOX_BENCHMARKS_PROTECTION_PEERS_H_
