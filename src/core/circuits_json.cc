// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuits_json.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/snapshot.h"
#include "src/base/glob.h"
#include "src/core/json.h"

namespace fusebox {

using internal::GlobText;
using internal::JsonArray;
using internal::JsonObject;
using internal::JsonString;
using internal::TimeText;

namespace {

// How many circuits the registry is asked for together.
constexpr std::size_t kPage = 1'000;

constexpr absl::string_view kNull = "null";

bool FitsOne(GlobText& name, const std::vector<std::string>& globs) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return name.Fits(glob); });
}

std::string ReasonOf(const CircuitSnapshot& circuit) {
  const bool is_held = circuit.mode == Mode::kForcedOpen || circuit.mode == Mode::kDisabled;
  if (is_held && circuit.last_action) {
    return JsonString(absl::StrCat(circuit.last_action->actor, ": ", circuit.last_action->detail));
  }
  if (circuit.state != State::kClosed && circuit.last_opening) {
    return JsonString(circuit.last_opening->detail);
  }
  return std::string(kNull);
}

JsonObject ObjectOf(const CircuitSnapshot& circuit, bool is_critical) {
  const Totals& totals = circuit.totals;
  const int64_t rejected = totals.rejected + totals.too_many_calls;
  JsonObject object;
  object.Text("name", circuit.name)
      .Text("target", circuit.target)
      .Text("state", StateName(circuit.state))
      .Text("mode", ModeName(circuit.mode))
      .Json("critical", is_critical ? "true" : "false")
      .Number("success_count", totals.success)
      .Number("failure_count", totals.failure)
      .Number("rejected_calls", rejected)
      .Number("total_calls", totals.success + totals.failure + totals.ignored + rejected)
      .Number("in_flight", circuit.in_flight)
      .Json("last_state_change", circuit.last_transition
                                     ? JsonString(TimeText(*circuit.last_transition))
                                     : std::string(kNull))
      .Json("reason", ReasonOf(circuit));
  return object;
}

// Of each state as many as are shown at most, and how many there are.
class Page {
 public:
  explicit Page(const CircuitsJsonOptions& options) : options_(options) {}

  void Add(CircuitBreaker& circuit) {
    GlobText name(circuit.name());
    if (!options_.circuits.empty() && !FitsOne(name, options_.circuits)) return;
    const bool is_critical = FitsOne(name, options_.critical);
    const CircuitSnapshot snapshot = circuit.Snapshot();
    const bool is_open = snapshot.state == State::kOpen && snapshot.mode != Mode::kShadow;
    ++total_;
    open_ += is_open ? 1 : 0;
    critical_open_ |= is_open && is_critical;
    std::vector<Shown>& alike = by_urgency_[UrgencyOf(snapshot.state)];
    if (alike.size() < options_.max_circuits) {
      alike.push_back({circuit.name(), ObjectOf(snapshot, is_critical)});
    }
  }

  CircuitsPage Make(absl::Time now) && {
    std::vector<Shown> shown;
    for (std::vector<Shown>& alike : by_urgency_) {
      const std::size_t room = options_.max_circuits - shown.size();
      for (std::size_t i = 0; i < std::min(room, alike.size()); ++i) {
        shown.push_back(std::move(alike[i]));
      }
    }
    std::sort(shown.begin(), shown.end(),
              [](const Shown& a, const Shown& b) { return a.name < b.name; });
    JsonArray circuits;
    for (const Shown& each : shown) circuits.Add(each.object);
    JsonObject page;
    page.Text("status", critical_open_ ? "critical" : "ok")
        .Text("time", TimeText(now))
        .Number("total", total_)
        .Number("open", open_)
        .Number("left_out", total_ - static_cast<int64_t>(shown.size()))
        .Json("circuits", circuits.text());
    return {page.text(), critical_open_};
  }

 private:
  struct Shown {
    std::string name;
    JsonObject object;
  };

  static std::size_t UrgencyOf(State state) {
    switch (state) {
      case State::kOpen:
        return 0;
      case State::kHalfOpen:
        return 1;
      default:
        return 2;
    }
  }

  const CircuitsJsonOptions& options_;
  std::array<std::vector<Shown>, 3> by_urgency_;  // each by name
  int64_t total_ = 0;
  int64_t open_ = 0;
  bool critical_open_ = false;
};

}  // namespace

CircuitsPage CircuitsJson(const CircuitRegistry& registry, const CircuitsJsonOptions& options) {
  Page page(options);
  std::vector<std::shared_ptr<CircuitBreaker>> circuits = registry.Circuits({}, kPage);
  while (!circuits.empty()) {
    for (const std::shared_ptr<CircuitBreaker>& circuit : circuits) page.Add(*circuit);
    circuits = registry.Circuits(circuits.back()->name(), kPage);
  }
  return std::move(page).Make(registry.clock().WallNow());
}

}  // namespace fusebox
