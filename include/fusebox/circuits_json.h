// SPDX-License-Identifier: Apache-2.0
//
// A page about circuits for machines: the body of an application's own `/health/circuits`, whatever
// its HTTP server is (docs/health-page.md).
//
//   fusebox::CircuitsJsonOptions options;
//   options.critical = {"payment", "payment/*"};
//   const fusebox::CircuitsPage page = fusebox::CircuitsJson(*registry, options);
//   const int status = page.http_status();  // with page.body, as "application/json"
#ifndef FUSEBOX_CIRCUITS_JSON_H_
#define FUSEBOX_CIRCUITS_JSON_H_

#include <cstddef>
#include <string>
#include <vector>

#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"

namespace fusebox {

// Globs are of circuits' names: `*` stands for any characters, `?` for one.
struct CircuitsJsonOptions {
  // Which circuits are shown. None: all.
  std::vector<std::string> circuits;

  // The ones without which the application is not much use: `CircuitsPage::critical_open`.
  std::vector<std::string> critical;

  // How many are shown at most; of more, OPEN ones before HALF_OPEN ones before others, by name.
  // The counts are over all.
  std::size_t max_circuits = 1'000;
};

struct CircuitsPage {
  // One object of JSON. More fields may come.
  // - status: "ok", or "critical" if `critical_open`
  // - time: of the page; as are all times "2026-11-27T03:12:09.120Z", in UTC
  // - total, open, left_out: how many circuits fit, how many of those are OPEN, and how many are
  // not
  //   in `circuits`
  // - circuits: an array, by name, of objects with name, target, state ("CLOSED", "OPEN" or
  //   "HALF_OPEN"), mode ("AUTOMATIC", "FORCED_OPEN", "DISABLED" or "SHADOW"), critical (whether it
  //   is one of CircuitsJsonOptions::critical), success_count, failure_count, rejected_calls,
  //   total_calls (those three, and calls that were ignored), in_flight, last_state_change (null if
  //   there was none), reason (what opened it last, or who set the mode and why; null if it is
  //   CLOSED in automatic mode)
  // Counts are over the circuit's life. What a dependency said isn't there.
  std::string body;

  // Whether a circuit of the critical ones is OPEN, and rejects calls: in mode SHADOW none does.
  bool critical_open = false;

  // 503 if a critical one is OPEN, else 200. For alerts, load balancers and features that are
  // switched off meanwhile; not for a liveness check, by which the process would be restarted for
  // what its dependency does.
  int http_status() const { return critical_open ? 503 : 200; }
};

// The circuits of a registry as a page. Takes a snapshot of each circuit that fits: some 200 ns.
// Thread-safe.
FUSEBOX_EXPORT CircuitsPage CircuitsJson(const CircuitRegistry& registry,
                                         const CircuitsJsonOptions& options = {});

}  // namespace fusebox

#endif  // FUSEBOX_CIRCUITS_JSON_H_
