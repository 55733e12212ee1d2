// SPDX-License-Identifier: Apache-2.0
//
// How long the next opening lasts: backoff, jitter, pushback (rule R4).
#ifndef FUSEBOX_SRC_CORE_OPEN_DURATION_H_
#define FUSEBOX_SRC_CORE_OPEN_DURATION_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/core/jitter.h"

namespace fusebox::internal {

// Not thread-safe.
class OpenDuration {
 public:
  // Circuits with one seed draw different jitters, by their names. `circuit` must outlive this.
  OpenDuration(Seed seed, absl::string_view circuit);

  // The length of an opening that begins now: the next one in the row. `pushback` is zero or what
  // the dependency asked for.
  absl::Duration Next(const Policy& policy, absl::Duration pushback);

  // How much later than asked an operator's opening ends, so that it doesn't end for a whole fleet
  // in one instant (R8).
  absl::Duration Lateness(const Policy& policy, absl::Duration ttl);

  // The circuit has closed: the next opening is the first in a row again.
  void StartOver() { openings_in_a_row_ = 0; }

  // How many openings in a row come before the next one.
  void GoOnAfter(int64_t openings) { openings_in_a_row_ = openings; }
  int64_t openings_in_a_row() const { return openings_in_a_row_; }

 private:
  int64_t BackedOff(const Policy& policy) const;

  int64_t openings_in_a_row_ = 0;
  Jitter jitter_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OPEN_DURATION_H_
