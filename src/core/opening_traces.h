// SPDX-License-Identifier: Apache-2.0
//
// What is left of circuits that were evicted while their opening wasn't over (P4).
#ifndef FUSEBOX_SRC_CORE_OPENING_TRACES_H_
#define FUSEBOX_SRC_CORE_OPENING_TRACES_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "src/core/opening.h"

namespace fusebox::internal {

// Holds hashes in place of names, at most a given number\. Where there are more, the oldest go:
// first those of keys that came back, but long ago; then those of keys that have not come back
// since, as many a key comes once; then the others.
//
// Not thread-safe.
class OpeningTraces {
 public:
  // An opening that has been over for longer says nothing of the dependency any more.
  static constexpr absl::Duration kKept = absl::Hours(1);

  // For how long after its opening a key that came back goes before others.
  static constexpr absl::Duration kPreferred = absl::Minutes(5);

  // For a registry of that many circuits.
  static constexpr std::size_t kPerCircuit = 8;
  explicit OpeningTraces(std::size_t max_circuits) : capacity_(max_circuits * kPerCircuit) {}

  // Returns whether another one, that isn't over at `now`, had to be forgotten for it.
  bool Keep(absl::string_view name, const Opening& opening, SteadyTime now);

  // Forgets it, too.
  std::optional<Opening> Take(absl::string_view name, SteadyTime now);

  void Clear();

  std::size_t size() const { return by_hash_.size(); }

 private:
  struct Trace {
    uint64_t hash = 0;  // of the name
    Opening opening;
  };
  using Traces = std::list<Trace>;  // the oldest first

  Traces& ListOf(const Opening& opening) { return opening.came_back ? came_back_ : once_; }
  Traces& ListToShorten(SteadyTime now);
  void Forget(Traces::iterator trace);

  const std::size_t capacity_;
  Traces once_;
  Traces came_back_;
  absl::flat_hash_map<uint64_t, Traces::iterator> by_hash_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_OPENING_TRACES_H_
