// SPDX-License-Identifier: Apache-2.0
//
// One play of a scenario: every call, with a guard for each client and method, in virtual time.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_PLAY_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_PLAY_H_

#include <vector>

#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/guard.h"
#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

// What became of a call, with all its attempts.
struct CallResult {
  bool answered = false;  // well, within the deadline of an attempt
  bool rejected = false;  // an attempt was
  int wasted = 0;         // attempts that went out and brought no answer, or an error
};

// What the guards were doing during a slice of time.
struct StateSample {
  GuardState most =
      GuardState::kNone;  // what the most of them did at some moment of it; of several
                          // such states the rarest: half-open, open, ramping, closed
};

struct Play {
  std::vector<CallResult> calls;  // as in `Course::calls`
  GuardCounts counts;             // of all guards together
  std::vector<StateSample> states;
};

// The same course and protection always give the same play. With `sample` > 0 the states are noted,
// one for each such stretch of time.
Play PlayOut(const Course& course, const Protection& protection, Nanos sample = 0);

// Whether each call could have been answered, by a caller who knows all: who sends no call in vain
// and never more than can be served in time. A fluid queue, and so a bound for any policy.
std::vector<bool> CouldBeAnswered(const Course& course);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_PLAY_H_
