// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl watch`: what happens, as it happens.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "src/base/counted.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/filter_flags.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/state_goal.h"
#include "tools/fuseboxctl/text.h"
#include "tools/fuseboxctl/watch_group.h"

namespace fuseboxctl {
namespace {

using fusebox::internal::FromProto;
using fusebox::v1::Circuit;
using fusebox::v1::WatchCircuitsResponse;

constexpr std::size_t kRoomy = 120;      // columns
constexpr std::size_t kFewPending = 20;  // circuits that --until names

std::vector<const Endpoint*> AllOf(const Fleet& fleet) {
  std::vector<const Endpoint*> endpoints;
  for (const auto& endpoint : fleet.endpoints()) endpoints.push_back(endpoint.get());
  return endpoints;
}

bool IsHealthy(const Circuit& circuit) {
  return circuit.state() == fusebox::v1::STATE_CLOSED &&
         circuit.mode() == fusebox::v1::MODE_AUTOMATIC;
}

// Writes a line for each thing that is heard.
class Printer : public WatchListener {
 public:
  Printer(const Fleet& fleet, const Screen& screen, std::optional<StateGoal> goal)
      : fleet_(fleet), screen_(screen), goal_(std::move(goal)), sources_(fleet.size()) {}

  Next OnMessage(std::size_t index, const WatchCircuitsResponse& message) override {
    Source& source = sources_[index];
    if (!message.instance().empty()) source.instance = message.instance();
    if (source.broken) screen_.Say(absl::StrCat(NameOf(index), ": connected again"));
    source.broken = false;
    if (screen_.json) {
      PrintJson(index, message);
    } else {
      PrintText(index, message);
    }
    screen_.out.flush();
    return !goal_ || goal_->Hear(index, message) ? Next::kGoOn : Next::kStartAnew;
  }

  void OnBroken(std::size_t index, const grpc::Status& status,
                std::optional<absl::Duration> retry_in) override {
    if (goal_) goal_->Break(index);
    Source& source = sources_[index];
    source.circuits = 0;
    source.unhealthy = 0;
    if (screen_.json) {
      JsonObject line = LineOf(index);
      screen_.out << line.AddError(status).Text() << std::endl;
    }
    if (!retry_in) {
      screen_.SayFailed(*fleet_.endpoints()[index], status, Attempt::kRead);
    } else if (!source.broken) {  // once, however often it is tried
      screen_.SayFailed(*fleet_.endpoints()[index], status, Attempt::kRead);
      screen_.Say(absl::StrCat(NameOf(index), ": trying again until it answers"));
    }
    source.broken = true;
  }

  bool reached() const { return goal_ && goal_->reached(); }

  // Says what --until still waits for.
  void SayPending() const {
    const std::vector<StateGoal::Pending> pending = goal_->pending();
    for (std::size_t i = 0; i < std::min(pending.size(), kFewPending); ++i) {
      const StateGoal::Pending& one = pending[i];
      screen_.Say(absl::StrCat(NameOf(one.endpoint), ": ", Printable(one.name), " is ", one.state));
    }
    if (pending.size() > kFewPending) {
      screen_.Say(absl::StrCat("and ", pending.size() - kFewPending, " more ",
                               pending.size() == kFewPending + 1 ? "is" : "are",
                               " not in that state yet"));
    }
    if (pending.empty()) screen_.Say("no circuit matches, or not every endpoint has answered");
  }

 private:
  struct Source {
    std::string instance;
    bool broken = false;
    int64_t circuits = 0;   // of the snapshot that is being told
    int64_t unhealthy = 0;  // of those
  };

  std::string NameOf(std::size_t index) const {
    return fleet_.endpoints()[index]->InstanceName(sources_[index].instance);
  }

  JsonObject LineOf(std::size_t index) const {
    JsonObject line;
    line.AddText("endpoint", fleet_.endpoints()[index]->name())
        .AddText("instance", sources_[index].instance);
    return line;
  }

  void PrintJson(std::size_t index, const WatchCircuitsResponse& message) const {
    const auto print = [&](absl::string_view key, absl::string_view json) {
      screen_.out << LineOf(index).Add(key, json).Text() << "\n";
    };
    for (const Circuit& circuit : message.circuits()) print("circuit", JsonMessage(circuit));
    if (message.snapshot_complete()) print("snapshot_complete", "true");
    if (message.missed_events() > 0) {
      print("missed_events", JsonText(absl::StrCat(message.missed_events())));
    }
    for (const auto& event : message.events()) print("event", JsonMessage(event));
  }

  void PrintLine(std::size_t index, absl::Time time, const std::string& circuit,
                 const std::string& what) const {
    std::string clock = ClockText(time, absl::Now());
    std::string instance = NameOf(index);
    std::string name = Printable(circuit);
    const std::size_t columns = screen_.terminal.columns;
    if (columns > 0 && columns < kRoomy) {  // all lines alike, so that they line up
      clock.resize(clock.rfind('.'));
      instance = ShortenMiddle(instance, columns / 8);
      name = ShortenMiddle(name, columns / 4 + 2);
    }
    screen_.out << Fit(absl::StrCat(clock, "  ", instance, "  ",
                                    screen_.terminal.Paint(name, Colour::kBold), "  ", what),
                       columns)
                << "\n";
  }

  void PrintCircuit(std::size_t index, const Circuit& circuit) const {
    const absl::Time now = absl::Now();
    const Cell state = StateCell(circuit);
    std::string what = screen_.terminal.Paint(state.text, state.colour);
    const std::string since = SinceText(circuit, now);
    if (!since.empty()) absl::StrAppend(&what, " for ", since);
    if (circuit.mode() != fusebox::v1::MODE_AUTOMATIC) {
      absl::StrAppend(&what, ", ", ModeName(circuit.mode()));
    }
    const std::string next = NextProbeText(circuit, now);
    if (!next.empty()) absl::StrAppend(&what, ", next probe ", next);
    const std::string why = WhyText(circuit, now);
    if (!why.empty()) absl::StrAppend(&what, "  ", why);
    PrintLine(index, now, circuit.name(), what);
  }

  void PrintText(std::size_t index, const WatchCircuitsResponse& message) {
    Source& source = sources_[index];
    for (const Circuit& circuit : message.circuits()) {
      source.circuits += 1;
      if (IsHealthy(circuit)) continue;
      source.unhealthy += 1;
      PrintCircuit(index, circuit);
    }
    if (message.snapshot_complete()) {
      screen_.Say(absl::StrCat(NameOf(index), ": watching ", Count(source.circuits, "circuit"),
                               ", ", source.unhealthy, " not closed and automatic"));
      source.circuits = 0;
      source.unhealthy = 0;
    }
    if (message.missed_events() > 0) {
      screen_.Say(absl::StrCat(NameOf(index), ": missed ",
                               fusebox::internal::Counted(message.missed_events(), "event")));
    }
    for (const fusebox::v1::Event& event : message.events()) {
      PrintLine(index, FromProto(event.time()), event.circuit(),
                EventText(event, screen_.terminal));
    }
  }

  const Fleet& fleet_;
  const Screen& screen_;
  std::optional<StateGoal> goal_;
  std::vector<Source> sources_;
};

class WatchCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    filter_.AddTo(app);
    CLI::Option* const until = app.add_option(
        "--until", until_, "End when all of them are in this state, on every endpoint");
    until->transform(State())->excludes("--state")->excludes("--mode");
    AddDuration(app, "--until-timeout", "How long --until may take; without it, no limit",
                [this](absl::Duration timeout) { until_timeout_ = timeout; })
        ->needs(until);
  }

  ExitCode Run(const Session& session) override {
    const Screen& screen = session.screen;
    std::optional<StateGoal> goal;
    if (!until_.empty()) goal.emplace(*StateOf(until_), session.fleet.size());
    Printer printer(session.fleet, screen, std::move(goal));
    WatchGroup group(AllOf(session.fleet), filter_.ToProto(), printer, session.interrupt);
    switch (group.Run([&printer] { return printer.reached(); }, until_timeout_)) {
      case WatchGroup::End::kDone:
        return ExitCode::kDone;
      case WatchGroup::End::kInterrupted:
        return until_.empty() ? ExitCode::kDone : ExitCode::kInterrupted;
      case WatchGroup::End::kTimedOut:
        screen.Say(
            absl::StrCat("--until ", until_, " was not reached in ", DurationText(until_timeout_)));
        printer.SayPending();
        return ExitCode::kTimedOut;
      case WatchGroup::End::kAllGaveUp:
        return ExitCode::kFailed;
    }
    return ExitCode::kFailed;
  }

 private:
  FilterFlags filter_;
  std::string until_;  // a state's name; empty: no end
  absl::Duration until_timeout_ = absl::InfiniteDuration();
};

}  // namespace

CommandRows WatchRows() {
  CommandRows rows;
  rows.push_back({"watch", ".RI [ NAME ...]",
                  "Show circuits that are not closed, then what happens", R"(
Shows the circuits that are not closed, or that an operator holds, then each event as it happens.
Reconnects when a connection breaks, goes on where it was, and says how many events it has missed.
Ends when it is interrupted.)",
                  std::make_unique<WatchCommand>()});
  return rows;
}

}  // namespace fuseboxctl
