// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/state_goal.h"

#include "tools/fuseboxctl/circuit_text.h"

namespace fuseboxctl {

void StateGoal::Require(std::size_t endpoint, const std::string& name) {
  selective_ = true;
  views_[endpoint].required.insert(name);
}

bool StateGoal::Hear(std::size_t endpoint, const fusebox::v1::WatchCircuitsResponse& message) {
  View& view = views_[endpoint];
  if (message.missed_events() > 0) {
    view.complete = false;
    view.circuits.clear();
    return false;
  }
  if (view.complete && (message.circuits_size() > 0 || message.snapshot_complete())) {
    view.complete = false;  // another process, or the same anew
    view.circuits.clear();
  }
  for (const fusebox::v1::Circuit& circuit : message.circuits()) {
    view.circuits[circuit.name()] = {circuit.state(), circuit.mode(), circuit.epoch()};
  }
  if (message.snapshot_complete()) view.complete = true;
  for (const fusebox::v1::Event& event : message.events()) {
    if (event.epoch() == 0) continue;  // of no circuit that is there
    const auto known = view.circuits.find(event.circuit());
    if (event.kind() == fusebox::v1::EVENT_KIND_CIRCUIT_REMOVED) {
      if (known != view.circuits.end() && event.epoch() >= known->second.epoch) {
        view.circuits.erase(known);
      }
    } else if (known == view.circuits.end()) {
      view.circuits[event.circuit()] = {event.to_state(), event.to_mode(), event.epoch()};
    } else if (event.epoch() > known->second.epoch) {  // else the circuit has been told later
      known->second = {event.to_state(), event.to_mode(), event.epoch()};
    }
  }
  return true;
}

void StateGoal::Break(std::size_t endpoint) {
  View& view = views_[endpoint];
  if (!view.complete) view.circuits.clear();
}

bool StateGoal::reached() const {
  bool any = false;
  for (const View& view : views_) {
    if (!view.complete && (!selective_ || !view.required.empty())) return false;
    any = any || !view.circuits.empty();
  }
  return any && pending().empty();
}

std::optional<StateGoal::Seen> StateGoal::Find(std::size_t endpoint,
                                               const std::string& name) const {
  const auto found = views_[endpoint].circuits.find(name);
  if (found == views_[endpoint].circuits.end()) return std::nullopt;
  return found->second;
}

std::vector<StateGoal::Pending> StateGoal::pending() const {
  std::vector<Pending> pending;
  for (std::size_t i = 0; i < views_.size(); ++i) {
    for (const auto& [name, seen] : views_[i].circuits) {
      if (seen.state == wanted_) continue;
      if (selective_ && views_[i].required.count(name) == 0) continue;
      pending.push_back({i, name, StateName(seen.state)});
    }
    for (const std::string& name : views_[i].required) {
      if (views_[i].circuits.count(name) == 0) pending.push_back({i, name, "unknown"});
    }
  }
  return pending;
}

}  // namespace fuseboxctl
