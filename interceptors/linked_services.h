// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_LINKED_SERVICES_H_
#define FUSEBOX_INTERCEPTORS_LINKED_SERVICES_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// Of the services whose generated code is linked into the program, the one whose name is nearest to
// this one, which is none of theirs: at most two letters are put in, left out or changed. Empty if
// there is none. Thread-safe.
std::string NearestLinkedService(absl::string_view name);

// How many letters must be put in, left out or changed to make one of the other; `limit` + 1 if it
// is more than `limit`.
int EditDistance(absl::string_view a, absl::string_view b, int limit);

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_LINKED_SERVICES_H_
