// SPDX-License-Identifier: Apache-2.0
//
// Which circuits a request is about.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_FILTER_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_FILTER_H_

#include <fusebox/v1/admin.pb.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/event.h"
#include "fusebox/snapshot.h"
#include "src/admin/request_errors.h"

namespace fusebox::internal {

class CircuitFilter {
 public:
  explicit CircuitFilter(const v1::CircuitFilter& proto);

  // Adds what is wrong with it. One that is wrong must not be used.
  void Check(RequestErrors& errors) const { errors.Add(errors_); }

  // Whether it lets everything through.
  bool empty() const { return empty_; }

  bool has_targets() const { return !targets_.empty(); }

  // The globs of the names that it is about, if nothing else decides: neither what circuits are in,
  // nor names and targets together. Empty if it isn't so; "*" if it lets everything through.
  std::vector<std::string> Patterns() const;

  // By what never changes of a circuit, and cheap to tell.
  bool MatchesName(absl::string_view name, absl::string_view target) const;

  // How many steps that takes at most, for a name of that many bytes.
  int64_t StepsForName(std::size_t name_bytes) const;

  // By what it is in.
  bool MatchesState(State state, Mode mode) const {
    return MatchesState(state) && (modes_ == 0 || Has(modes_, static_cast<int>(mode)));
  }
  bool MatchesState(State state) const {
    return states_ == 0 || Has(states_, static_cast<int>(state));
  }

  // An event of a circuit whose name matches: whether it leads into or out of what it asks for.
  bool MatchesMove(const Event& event) const;

 private:
  static bool Has(uint64_t set, int value) {
    return (set >> static_cast<unsigned>(value) & 1) != 0;
  }

  RequestErrors errors_;
  bool empty_;
  // What was given, each value once.
  uint64_t states_;  // a bit for each; none: any
  uint64_t modes_;
  std::vector<std::string> targets_;   // in order
  std::vector<std::string> names_;     // in order
  std::vector<std::string> patterns_;  // with `*` or `?` in them, in their shortest form
  int64_t pattern_weight_ = 0;         // of all of them
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_FILTER_H_
