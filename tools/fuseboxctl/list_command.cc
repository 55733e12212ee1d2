// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl list`.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/command.h"
#include "tools/fuseboxctl/filter_flags.h"
#include "tools/fuseboxctl/flag_kinds.h"
#include "tools/fuseboxctl/json.h"
#include "tools/fuseboxctl/list_columns.h"
#include "tools/fuseboxctl/pages.h"
#include "tools/fuseboxctl/suggest.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::Circuit;
using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr int kPageSize = 500;
constexpr int kMaxGlobs = 100;  // in a filter

// All pages of an endpoint.
struct Listing {
  grpc::Status status;  // of the last page; what came before it is here as well
  std::string instance;
  std::vector<Circuit> circuits;
};

// Adds what one filter's worth of globs fits. False: it has failed.
bool AddPages(const Endpoint& endpoint, const fusebox::v1::CircuitFilter& filter,
              Listing& listing) {
  fusebox::v1::ListCircuitsRequest request;
  *request.mutable_filter() = filter;
  request.set_page_size(kPageSize);
  listing.status =
      ReadPages([&endpoint](const auto& asked,
                            auto& page) { return endpoint.Call(&Stub::ListCircuits, asked, page); },
                std::move(request),
                [&listing](fusebox::v1::ListCircuitsResponse& page) {
                  listing.instance = page.instance();
                  for (Circuit& circuit : *page.mutable_circuits()) {
                    listing.circuits.push_back(std::move(circuit));
                  }
                });
  return listing.status.ok();
}

// By name, each circuit once.
void Merge(std::vector<Circuit>& circuits) {
  std::stable_sort(circuits.begin(), circuits.end(),
                   [](const Circuit& a, const Circuit& b) { return a.name() < b.name(); });
  circuits.erase(
      std::unique(circuits.begin(), circuits.end(),
                  [](const Circuit& a, const Circuit& b) { return a.name() == b.name(); }),
      circuits.end());
}

Listing ListAll(const Endpoint& endpoint, const fusebox::v1::CircuitFilter& filter) {
  Listing listing;
  if (filter.name_globs_size() <= kMaxGlobs) {
    AddPages(endpoint, filter, listing);
    return listing;
  }
  fusebox::v1::CircuitFilter part = filter;
  for (int i = 0; i < filter.name_globs_size(); i += kMaxGlobs) {
    part.clear_name_globs();
    for (int j = i; j < std::min(filter.name_globs_size(), i + kMaxGlobs); ++j) {
      part.add_name_globs(filter.name_globs(j));
    }
    if (!AddPages(endpoint, part, listing)) break;
  }
  Merge(listing.circuits);
  return listing;
}

// OPEN, then HALF_OPEN, then what an operator holds, then the rest.
int Urgency(const Circuit& circuit) {
  if (circuit.state() == fusebox::v1::STATE_OPEN) return 0;
  if (circuit.state() == fusebox::v1::STATE_HALF_OPEN) return 1;
  return circuit.mode() == fusebox::v1::MODE_AUTOMATIC ? 3 : 2;
}

std::vector<ListRow> RowsOf(const Fleet& fleet, const std::vector<Listing>& listings,
                            bool by_state) {
  std::vector<ListRow> rows;
  for (std::size_t i = 0; i < listings.size(); ++i) {
    const std::string instance = fleet.endpoints()[i]->InstanceName(listings[i].instance);
    for (const Circuit& circuit : listings[i].circuits) rows.push_back({instance, &circuit});
  }
  using Key = std::tuple<int, const std::string&, const std::string&>;
  const auto key = [by_state](const ListRow& row) {
    return Key(by_state ? Urgency(*row.circuit) : 0, row.circuit->name(), row.instance);
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const ListRow& a, const ListRow& b) { return key(a) < key(b); });
  return rows;
}

std::string JsonOf(const Fleet& fleet, const std::vector<Listing>& listings, bool names_only) {
  std::vector<std::string> endpoints;
  for (std::size_t i = 0; i < listings.size(); ++i) {
    std::vector<std::string> circuits;
    for (const Circuit& circuit : listings[i].circuits) {
      circuits.push_back(names_only ? JsonText(circuit.name()) : JsonMessage(circuit));
    }
    JsonObject endpoint;
    endpoint.AddText("endpoint", fleet.endpoints()[i]->name())
        .AddText("instance", listings[i].instance)
        .AddError(listings[i].status)
        .Add(names_only ? "names" : "circuits", JsonLines(circuits));
    endpoints.push_back(endpoint.Text());
  }
  return JsonEndpoints(endpoints);
}

// "HALF_OPEN", "OPEN or HALF_OPEN", "OPEN in mode SHADOW".
std::string StandingOf(const FilterFlags& given) {
  std::string text = absl::StrJoin(given.states, " or ");
  if (given.modes.empty()) return text;
  return absl::StrCat(text, text.empty() ? "" : " ", "in mode ",
                      absl::StrJoin(given.modes, " or "));
}

// Why there is nothing to show, and what that means for the exit code: that nothing is open is good
// to know; that nothing has such a name is a mistake.
ExitCode SayNothingFits(const Fleet& fleet, const FilterFlags& given, const Screen& screen) {
  FilterFlags names;
  names.globs = given.globs;
  names.targets = given.targets;
  const bool any_name = names.globs.empty() && names.targets.empty();
  if (!given.states.empty() || !given.modes.empty()) {
    const fusebox::v1::CircuitFilter filter = names.ToProto();
    int64_t circuits = 0;
    int64_t instances = 0;
    for (const Listing& listing :
         fleet.AskAll([&filter](const Endpoint& endpoint) { return ListAll(endpoint, filter); })) {
      circuits += static_cast<int64_t>(listing.circuits.size());
      instances += listing.circuits.empty() ? 0 : 1;
    }
    if (circuits > 0) {
      screen.Say(absl::StrCat("no ", any_name ? "" : "such ", "circuit is ", StandingOf(given),
                              " (", Count(circuits, "circuit"), " at ",
                              Count(instances, "instance"), ")"));
      return ExitCode::kDone;
    }
  }
  screen.Say(absl::StrCat(
      "no circuit matches; ",
      any_name ? "a circuit is made by the first call that needs it" : Advice(fleet, names.globs)));
  return any_name ? ExitCode::kDone : ExitCode::kFailed;
}

class ListCommand final : public Command {
 public:
  void AddFlags(CLI::App& app) override {
    filter_.AddTo(app);
    app.add_option("--sort", sort_, "name, or state: open ones first")
        ->check(OneOf({"name", "state"}));
    app.add_flag("--names", names_only_, "Only names, one a line, each once");
  }

  ExitCode Run(const Session& session) override {
    const Screen& screen = session.screen;
    const fusebox::v1::CircuitFilter filter = filter_.ToProto();
    const std::vector<Listing> listings = session.fleet.AskAll(
        [&filter](const Endpoint& endpoint) { return ListAll(endpoint, filter); });
    Tally tally;
    for (std::size_t i = 0; i < listings.size(); ++i) {
      const grpc::Status& status = listings[i].status;
      tally.Add(status.ok());
      if (!status.ok()) screen.SayFailed(*session.fleet.endpoints()[i], status, Attempt::kRead);
    }
    const std::vector<ListRow> rows = RowsOf(session.fleet, listings, sort_ == "state");
    if (screen.json) {
      screen.out << JsonOf(session.fleet, listings, names_only_);
    } else if (names_only_) {
      std::set<std::string> names;
      for (const ListRow& row : rows) names.insert(Printable(row.circuit->name()));
      for (const std::string& name : names) screen.out << name << "\n";
    } else if (!rows.empty()) {
      screen.out << ListText(rows, absl::Now(), screen.terminal);
    }
    if (!rows.empty() || tally.exit_code() != ExitCode::kDone) return tally.exit_code();
    return SayNothingFits(session.fleet, filter_, screen);
  }

 private:
  FilterFlags filter_;
  std::string sort_ = "name";
  bool names_only_ = false;
};

}  // namespace

CommandRows ListRows() {
  CommandRows rows;
  rows.push_back({"list", ".RI [ NAME ...]", "Show circuits", R"(
Shows circuits, a line each: which instance, the circuit, its state and mode, for how long, when it
will be probed, the failures among the calls that it remembers and how many of them came in a row,
and why it is as it is. On a narrow terminal FORCED_OPEN and DISABLED stand in place of the state,
and the time is that of the mode: as long as an operator has held it so.)",
                  std::make_unique<ListCommand>()});
  return rows;
}

}  // namespace fuseboxctl
