// SPDX-License-Identifier: Apache-2.0
//
// That the library's own checks are on in a build for finding mistakes and off in one for use.
#include "src/base/dcheck.h"

#include "fusebox/policy.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"
#include "src/core/hung_call_slots.h"
#include "src/core/hung_call_tracker.h"
#include "src/core/probes.h"

namespace fusebox::internal {
namespace {

#if defined(NDEBUG) && !defined(ABSL_HAVE_ADDRESS_SANITIZER) && !defined(ABSL_HAVE_THREAD_SANITIZER)
static_assert(FUSEBOX_DCHECKS == 0, "a release pays for checks");
#else
static_assert(FUSEBOX_DCHECKS == 1, "a build for finding mistakes checks nothing");

TEST(DcheckDeathTest, APlaceThatNoProbeHasIsNotGivenBack) {
  Probes probes{Policy::Fixed().half_open};
  ASSERT_EQ(probes.Admit(SteadyTime()), 0);
  probes.Return(0, /*counts=*/true);
  EXPECT_DEATH(probes.Return(0, /*counts=*/true),
               "probes\\.cc:[0-9]+: must hold: IsTaken\\(place\\)");
  EXPECT_DEATH(probes.Return(-1, /*counts=*/true), "must hold: IsTaken\\(place\\)");
}

TEST(DcheckDeathTest, NoCallEndsThatHasNotStarted) {
  HungCallSlots slots;
  HungCallTracker tracker(HungCalls{3, absl::Seconds(10)}, slots, /*epoch=*/1, SteadyTime());
  tracker.Start(SteadyTime());
  tracker.End(SteadyTime(), SteadyTime());
  EXPECT_DEATH(tracker.End(SteadyTime(), SteadyTime()), "must hold: ");
}
#endif

}  // namespace
}  // namespace fusebox::internal
