// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_CIRCUIT_NAME_H_
#define FUSEBOX_SRC_CORE_CIRCUIT_NAME_H_

#include "absl/strings/string_view.h"
#include "fusebox/circuit_name.h"

namespace fusebox::internal {

// Whether a circuit of that name may be the target's. It may be if the name is read so; of one that
// ends in a hash, which nobody can read, if it begins so.
bool MayBeOfTarget(absl::string_view name, absl::string_view target);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CIRCUIT_NAME_H_
