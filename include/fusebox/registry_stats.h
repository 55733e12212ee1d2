// SPDX-License-Identifier: Apache-2.0
//
// What can be known about a registry as a whole at one moment. Plain values, sharing nothing with
// the registry.
//
//   const fusebox::RegistryStats stats = registry->Stats();
//   if (stats.unprotected_calls > 0) Warn("max_circuits is too small for what is called");
#ifndef FUSEBOX_REGISTRY_STATS_H_
#define FUSEBOX_REGISTRY_STATS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "fusebox/snapshot.h"

namespace fusebox {

struct RegistryStats {
  std::size_t circuits = 0;      // that there are now
  std::size_t max_circuits = 0;  // the bound (CircuitRegistry::Options); 0: none

  // ---- Counts over the registry's whole life. They never go down.

  int64_t evicted = 0;   // circuits that had to go to keep the bound
  int64_t restored = 0;  // of those, OPEN or HALF_OPEN ones that went on when they came back
  // And those of which nothing is remembered, though they were OPEN or had just failed: as there
  // were too many, or as they hadn't opened yet. Calls that come for one reach its dependency until
  // it has opened anew. If keys that come again are among them, `max_circuits` is too small.
  int64_t forgotten = 0;

  // Calls that went to their dependency without a circuit, because the registry was full of
  // circuits that must stay.
  int64_t unprotected_calls = 0;

  // How often code of the application's has thrown an exception (fusebox/user_code.h).
  int64_t user_code_failures = 0;

  // Events that the listeners were not told of, because one of them didn't return in time
  // (EventListener). The registry's log has them.
  int64_t dropped_events = 0;
};

// What circuits of one target had counted when they left the registry.
struct TargetTotals {
  std::string target;  // empty for circuits that were made without one
  Totals totals;
};

}  // namespace fusebox

#endif  // FUSEBOX_REGISTRY_STATS_H_
