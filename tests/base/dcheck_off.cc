// SPDX-License-Identifier: Apache-2.0
//
// The checks where they are off. That this compiles shows that nothing is left of them: a constant
// expression may hold what is not constant, and even what would end the process, only if it is
// never evaluated; and without checks there is no function left to call.
#define FUSEBOX_DCHECKS 0
#include "src/base/dcheck.h"

namespace fusebox::internal {

bool AtRunTime();  // never defined, and so not called

namespace {

constexpr int Checked() {
  FUSEBOX_DCHECK(AtRunTime());
  FUSEBOX_DCHECK(false);
  return 1;
}
static_assert(Checked() == 1, "a check that is off is evaluated");

// The hot path may throw nothing and call nothing for the sake of a check.
static_assert(noexcept(FUSEBOX_DCHECK(AtRunTime())), "a check that is off may throw");

}  // namespace
}  // namespace fusebox::internal
