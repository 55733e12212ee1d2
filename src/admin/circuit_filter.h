// SPDX-License-Identifier: Apache-2.0
//
// Which circuits a request is about.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_FILTER_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_FILTER_H_

#include <fusebox/v1/admin.pb.h>

#include <utility>

#include "absl/strings/string_view.h"
#include "fusebox/event.h"
#include "fusebox/snapshot.h"
#include "src/admin/request_errors.h"

namespace fusebox {

class CircuitFilter {
 public:
  explicit CircuitFilter(v1::CircuitFilter proto) : proto_(std::move(proto)) {}

  // Adds what is wrong with it.
  void Check(RequestErrors& errors) const;

  // Whether it lets everything through.
  bool empty() const;

  bool has_targets() const { return !proto_.targets().empty(); }

  // By what never changes of a circuit, and cheap to tell.
  bool MatchesName(absl::string_view name, absl::string_view target) const;

  // By what it is in.
  bool MatchesState(State state, Mode mode) const;

  // An event of a circuit whose name matches: whether it leads into or out of what it asks for.
  bool MatchesMove(const Event& event) const;

 private:
  bool HasState(State state) const;
  bool HasMode(Mode mode) const;

  v1::CircuitFilter proto_;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_FILTER_H_
