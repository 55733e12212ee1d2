// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_STATE_GOAL_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_STATE_GOAL_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fusebox/v1/admin.pb.h"

namespace fuseboxctl {

// Whether circuits are all in one state, by what their endpoints say.
//
// Thread-safety: not thread-safe; callers synchronise.
class StateGoal {
 public:
  // Of all circuits that are heard of, of which there must be one at least.
  StateGoal(fusebox::v1::State wanted, std::size_t endpoints)
      : wanted_(wanted), views_(endpoints) {}

  // Of that one, which must be there; and no longer of all.
  void Require(std::size_t endpoint, const std::string& name);

  // False: something was missed, and the circuits have to be told anew.
  bool Hear(std::size_t endpoint, const fusebox::v1::WatchCircuitsResponse& message);

  // The stream has broken. What it has told so far stands, unless it was in the middle.
  void Break(std::size_t endpoint);

  bool reached() const;

  // What that circuit is in, as far as its endpoint has told.
  struct Seen {
    fusebox::v1::State state = fusebox::v1::STATE_UNSPECIFIED;
    fusebox::v1::Mode mode = fusebox::v1::MODE_UNSPECIFIED;
    uint64_t epoch = 0;
  };
  std::optional<Seen> Find(std::size_t endpoint, const std::string& name) const;

  // The circuits that aren't there yet: "OPEN", or "unknown".
  struct Pending {
    std::size_t endpoint;
    std::string name;
    std::string state;
  };
  std::vector<Pending> pending() const;

 private:
  struct View {
    bool complete = false;
    std::map<std::string, Seen> circuits;
    std::set<std::string> required;
  };

  const fusebox::v1::State wanted_;
  std::vector<View> views_;
  bool selective_ = false;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_STATE_GOAL_H_
