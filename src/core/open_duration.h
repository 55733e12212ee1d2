// SPDX-License-Identifier: Apache-2.0
//
// How long the next opening lasts: backoff, jitter, pushback (rules R4, R22).
#ifndef FUSEBOX_SRC_CORE_OPEN_DURATION_H_
#define FUSEBOX_SRC_CORE_OPEN_DURATION_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/core/jitter.h"
#include "src/core/openings_in_a_row.h"

namespace fusebox::internal {

// Not thread-safe.
class OpenDuration {
 public:
  // Circuits with one seed draw different jitters, by their names. `circuit` must outlive this.
  OpenDuration(Seed seed, absl::string_view circuit);

  // The length of an opening that begins now: the next one in the row. `pushback` is zero or what
  // the dependency asked for.
  absl::Duration Next(const Policy& policy, absl::Duration pushback);

  // The same for an opening that lasts until its next probe is due (R16).
  absl::Duration NextGap(const Policy& policy, absl::Duration gap, absl::Duration pushback);

  // How much later than asked an operator's opening ends, so that it doesn't end for a whole fleet
  // in one instant (R8).
  absl::Duration Lateness(const Policy& policy, absl::Duration ttl);

  // Which come before the next one. To be kept up to date by whoever moves the circuit.
  OpeningsInARow& in_a_row() { return in_a_row_; }
  const OpeningsInARow& in_a_row() const { return in_a_row_; }

 private:
  absl::Duration Spread(const Policy& policy, int64_t nanos, absl::Duration pushback,
                        int64_t jitter);
  static int64_t BackedOff(const Policy& policy, int64_t openings_before);

  OpeningsInARow in_a_row_;
  Jitter jitter_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OPEN_DURATION_H_
