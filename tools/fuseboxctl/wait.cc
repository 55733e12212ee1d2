// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/wait.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/state_goal.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/watch_group.h"

namespace fuseboxctl {
namespace {

constexpr std::size_t kMaxGlobs = 100;  // in a filter
constexpr std::size_t kShown = 20;      // of what is not there yet

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

// How a circuit gets on by itself.
absl::string_view Hint(const StateGoal::Seen& seen) {
  if (seen.state == fusebox::v1::STATE_HALF_OPEN) return " (it needs calls to go on)";
  if (seen.state != fusebox::v1::STATE_OPEN) return "";
  // It may be held open for good.
  if (seen.mode == fusebox::v1::MODE_FORCED_OPEN) {
    return " (it is forced open: `fuseboxctl get` says until when)";
  }
  return " (it turns HALF_OPEN when its time is up: `fuseboxctl get` says when)";
}

std::string Where(const EndpointResult& answer, const Endpoint& endpoint) {
  return endpoint.InstanceName(answer.instance);
}

// Names some of those that aren't there yet.
void SayPending(const StateGoal& goal, const std::vector<std::string>& instances,
                const Screen& screen) {
  const std::vector<StateGoal::Pending> pending = goal.pending();
  for (std::size_t i = 0; i < std::min(pending.size(), kShown); ++i) {
    const StateGoal::Pending& one = pending[i];
    const std::optional<StateGoal::Seen> seen = goal.Find(one.endpoint, one.name);
    screen.Say(absl::StrCat(instances[one.endpoint], ": ", Printable(one.name), " is ", one.state,
                            seen ? Hint(*seen) : ""));
  }
  if (pending.size() > kShown) {
    screen.Say(absl::StrCat("and ", pending.size() - kShown, " more ",
                            pending.size() == kShown + 1 ? "is" : "are", " not in that state yet"));
  }
}

void RequireAll(const std::vector<EndpointResult*>& touched, StateGoal& goal) {
  for (std::size_t i = 0; i < touched.size(); ++i) {
    for (const CircuitResult& result : touched[i]->results) {
      if (result.status.ok()) goal.Require(i, result.name);
    }
  }
}

void KeepWhatWasSeen(const StateGoal& goal, const std::vector<EndpointResult*>& touched) {
  for (std::size_t i = 0; i < touched.size(); ++i) {
    for (CircuitResult& result : touched[i]->results) {
      const std::optional<StateGoal::Seen> seen = goal.Find(i, result.name);
      if (!result.status.ok() || !seen) continue;
      result.state = seen->state;
      result.mode = seen->mode;
    }
  }
}

}  // namespace

ExitCode Wait(const Fleet& fleet, std::vector<EndpointResult>& answers, const std::string& state,
              absl::Duration timeout, const Screen& screen, Interrupt& interrupt) {
  std::vector<const Endpoint*> endpoints;
  std::vector<EndpointResult*> touched;  // at each of those
  std::vector<std::string> instances;
  std::set<std::string> all_names;
  int64_t count = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    int64_t here = 0;
    for (const CircuitResult& result : answers[i].results) {
      if (!result.status.ok()) continue;
      all_names.insert(result.name);
      ++here;
    }
    if (here == 0) continue;
    count += here;
    endpoints.push_back(fleet.endpoints()[i].get());
    touched.push_back(&answers[i]);
    instances.push_back(Where(answers[i], *fleet.endpoints()[i]));
  }
  if (endpoints.empty()) return ExitCode::kDone;

  StateGoal goal(*StateOf(state), endpoints.size());
  RequireAll(touched, goal);
  fusebox::v1::CircuitFilter filter;
  if (all_names.size() <= kMaxGlobs) {  // else all are watched, and the goal picks its own
    for (const std::string& name : all_names) filter.add_name_globs(name);
  }
  const std::string what =
      count == 1 ? absl::StrCat(instances[0], ": ", Printable(*all_names.begin()))
                 : absl::StrCat(Count(count, "circuit"), " at ",
                                Count(static_cast<int64_t>(endpoints.size()), "instance"));
  screen.Say(
      absl::StrCat("waiting for ", what, " to be ", state, ", at most ", DurationText(timeout)));
  const absl::Time begun = absl::Now();
  Waiter waiter(std::move(goal), endpoints, screen);
  WatchGroup::End end = WatchGroup::End::kDone;
  {
    WatchGroup group(endpoints, filter, waiter, interrupt);
    end = group.Run([&waiter] { return waiter.goal().reached(); }, timeout);
  }
  KeepWhatWasSeen(waiter.goal(), touched);
  if (end == WatchGroup::End::kDone) {
    screen.Say(absl::StrCat(what, count == 1 ? " is " : " are ", state, ", after ",
                            AgeText(absl::Now() - begun)));
    return ExitCode::kDone;
  }
  SayPending(waiter.goal(), instances, screen);
  if (end == WatchGroup::End::kInterrupted) return ExitCode::kInterrupted;
  if (end == WatchGroup::End::kAllGaveUp) return ExitCode::kFailed;
  screen.Say(absl::StrCat("--wait ", state, " was not reached in ", DurationText(timeout)));
  return ExitCode::kTimedOut;
}

}  // namespace fuseboxctl
