// SPDX-License-Identifier: Apache-2.0
//
// What happens to a dependency, phase by phase, as a file says it:
//
//   # What it is called, and what it is.
//   name: cold_return
//   about: dead for 20 s, then back with a tenth of its capacity
//
//   phase: 20s
//   phase: ~20s refuse
//   phase: 60s cold=0.1 warm_after=1500
//
// docs/drill.md has all of it.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_SCENARIO_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_SCENARIO_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fusebox_drill {

// A figure that grows or falls evenly over a phase; mostly it stays.
struct Figure {
  double from = 0;
  double to = 0;

  double At(double progress) const { return from + (to - from) * progress; }
  double most() const { return from > to ? from : to; }
};

// Whether the dependency can be reached.
enum class Reach {
  kUp,
  kRefuses,  // every call fails at once
  kHangs,    // no call gets an answer
};

// A stretch of time.
struct Phase {
  absl::Duration length;
  bool varied = false;  // times a random factor from 0.7 to 1.3

  Reach reach = Reach::kUp;
  Figure errors = {0, 0};  // the share of calls that is answered with an error, after its service
  Figure slow = {1, 1};    // service takes this many times as long
  absl::Duration delay;    // an answer comes that much later, without a worker being busy with it
  double delayed = 1;      // for this share of the calls
  Figure load = {1, 1};    // this many times as many calls

  // It begins with this share of its speed, and has all of it after `warm_after` calls served.
  std::optional<double> cold;
  int64_t warm_after = 1000;

  // Whom the fault is of: the first that many. Absent: all.
  std::optional<int> backends;
  std::optional<int> methods;
};

struct Scenario {
  std::string name;
  std::string about;          // in a line
  std::vector<Phase> phases;  // the last one is the time after the fault

  int backends = 1;  // a call goes to a random one
  int methods = 1;   // a call is of a random one; each has a breaker of its own

  // What isn't left to the command line.
  std::optional<double> rate;  // calls per second in all
  std::optional<int> clients;
  std::optional<int64_t> queue_limit;

  // Callers try again, outside the breaker, after `backoff`, twice that, and so on.
  int retries = 0;
  absl::Duration backoff = absl::Milliseconds(100);
};

// How long a varied phase is at most, as a factor.
inline constexpr double kLeastFactor = 0.7;
inline constexpr double kMostFactor = 1.3;

// As in a file: "~20s refuse backends=1".
std::string TextOf(const Phase& phase);

// INVALID_ARGUMENT names the line, the field, its value and what it must be: "line 4: phase: errors
// = 1.5, must be from 0 to 1". It names everything that is wrong, one after the other.
absl::StatusOr<Scenario> ParseScenario(absl::string_view text);

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_SCENARIO_H_
