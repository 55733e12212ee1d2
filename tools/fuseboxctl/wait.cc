// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/wait.h"

#include <cstddef>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/state_goal.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/watch_group.h"

namespace fuseboxctl {
namespace {

constexpr std::size_t kMaxGlobs = 100;  // in a filter

// Only listens.
class Waiter : public WatchListener {
 public:
  Waiter(StateGoal goal, std::vector<const Endpoint*> endpoints, const Screen& screen)
      : goal_(std::move(goal)), endpoints_(std::move(endpoints)), screen_(screen) {}

  Next OnMessage(std::size_t index, const fusebox::v1::WatchCircuitsResponse& message) override {
    return goal_.Hear(index, message) ? Next::kGoOn : Next::kStartAnew;
  }

  void OnBroken(std::size_t index, const grpc::Status& status,
                std::optional<absl::Duration> retry_in) override {
    goal_.Break(index);
    if (!retry_in) screen_.SayFailed(*endpoints_[index], status, Attempt::kRead);
  }

  const StateGoal& goal() const { return goal_; }

 private:
  StateGoal goal_;
  const std::vector<const Endpoint*> endpoints_;
  const Screen& screen_;
};

absl::string_view Hint(const std::string& state) {
  if (state == "HALF_OPEN") return " (it needs calls to go on)";
  if (state == "OPEN") return " (it opens up by time: `fuseboxctl get` says when)";
  return "";
}

}  // namespace

ExitCode Wait(const Fleet& fleet, const std::vector<EndpointResult>& answers,
              const std::string& state, absl::Duration timeout, const Screen& screen,
              Interrupt& interrupt) {
  std::vector<const Endpoint*> endpoints;
  std::vector<std::set<std::string>> names;
  std::set<std::string> all_names;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    std::set<std::string> touched;
    for (const CircuitResult& result : answers[i].results) {
      if (result.status.ok()) touched.insert(result.name);
    }
    if (touched.empty()) continue;
    all_names.insert(touched.begin(), touched.end());
    endpoints.push_back(fleet.endpoints()[i].get());
    names.push_back(std::move(touched));
  }
  if (endpoints.empty()) return ExitCode::kDone;

  StateGoal goal(*StateOf(state), endpoints.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    for (const std::string& name : names[i]) goal.Require(i, name);
  }
  fusebox::v1::CircuitFilter filter;
  if (all_names.size() <= kMaxGlobs) {  // else all are watched, and the goal picks its own
    for (const std::string& name : all_names) filter.add_name_globs(name);
  }
  Waiter waiter(std::move(goal), endpoints, screen);
  WatchGroup group(endpoints, filter, waiter, interrupt);
  const WatchGroup::End end = group.Run([&waiter] { return waiter.goal().reached(); }, timeout);
  if (end == WatchGroup::End::kDone) return ExitCode::kDone;
  if (end == WatchGroup::End::kInterrupted) return ExitCode::kInterrupted;
  for (const StateGoal::Pending& one : waiter.goal().pending()) {
    screen.Say(absl::StrCat(Printable(endpoints[one.endpoint]->name()), ": ", Printable(one.name),
                            " is ", one.state, Hint(one.state)));
  }
  if (end == WatchGroup::End::kAllGaveUp) return ExitCode::kFailed;
  screen.Say(absl::StrCat("--wait ", state, " was not reached in ", DurationText(timeout)));
  return ExitCode::kTimedOut;
}

}  // namespace fuseboxctl
