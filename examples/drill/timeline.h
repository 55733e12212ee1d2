// SPDX-License-Identifier: Apache-2.0
//
// What the circuit did when.
#ifndef FUSEBOX_EXAMPLES_DRILL_TIMELINE_H_
#define FUSEBOX_EXAMPLES_DRILL_TIMELINE_H_

#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/event.h"

namespace drill {

enum class Phase { kClosed, kOpen, kProbing, kRamping };

// Learns it from the circuit's own events.
class Timeline {
 public:
  // `zero` is the wall clock's time at the start of the simulation.
  explicit Timeline(absl::Time zero) : zero_(zero) {}

  // The listener of the circuit. Ignores what is no change of phase.
  void OnEvent(const fusebox::Event& event);

  // When, after that, it was first satisfied by its probes: on the ramp or closed.
  std::optional<absl::Duration> FirstSatisfiedSince(absl::Duration since) const;

  // How often it has opened since then.
  int OpenedSince(absl::Duration since) const;

  // The phase to show for [from, to): of those that it was in, the rarest kind. Probing lasts a
  // moment, and is what one wants to see.
  Phase MostTelling(absl::Duration from, absl::Duration to) const;

 private:
  struct Change {
    absl::Duration at;
    Phase to;
  };

  const absl::Time zero_;
  std::vector<Change> changes_{{-absl::InfiniteDuration(), Phase::kClosed}};
};

}  // namespace drill

#endif  // FUSEBOX_EXAMPLES_DRILL_TIMELINE_H_
