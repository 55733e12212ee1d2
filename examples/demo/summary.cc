// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/summary.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/demo/tally.h"
#include "fusebox/state.h"

namespace demo {
namespace {

std::string Seconds(absl::Duration duration) {
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(duration));
}

std::string MillisWithUnit(absl::Duration duration) {
  return absl::StrCat(Millis(duration), " ms");
}

}  // namespace

void PrintSummary(const Results& results, Timeline& timeline) {
  const auto line = [&](absl::string_view what, absl::string_view with, absl::string_view without) {
    timeline.Text(absl::StrFormat("  %-44s%14s%14s", what, with, without));
  };
  const auto count = [&](absl::string_view what, int64_t with, int64_t without) {
    line(what, absl::StrCat(with), absl::StrCat(without));
  };
  const Tally& with = results.sick.with;
  const Tally& without = results.sick.without;

  timeline.Text("\n== What the circuit breaker did", Colour::kBold);
  line(absl::StrFormat("In the %d s of sick servers:", results.sick_seconds), "WITH", "WITHOUT");
  count("calls that reached the sick servers", with.reached, without.reached);
  count("calls that failed", with.failed, without.failed);
  count("calls rejected at once, never sent", with.rejected, without.rejected);
  line("time that callers spent waiting, added up", Seconds(with.waited), Seconds(without.waited));
  line("p99 as callers felt it", MillisWithUnit(with.Percentile(99)),
       MillisWithUnit(without.Percentile(99)));
  count("calls answered OK", with.ok, without.ok);
  timeline.Text("In the seconds of healthy servers:");
  count("calls answered OK", results.healthy.with.ok, results.healthy.without.ok);
  count("calls rejected, until a probe found them well", results.healthy.with.rejected,
        results.healthy.without.rejected);

  timeline.Text(
      absl::StrFormat("\nSaved: %d calls to sick servers, %s of callers' waiting.",
                      without.reached - with.reached, Seconds(without.waited - with.waited)),
      Colour::kBold);
}

void PrintAllCalls(const Results& results, const Tally& rest, Timeline& timeline) {
  Tally all = rest;
  all.Add(results.sick.with);
  all.Add(results.healthy.with);
  timeline.Text(absl::StrFormat("In all, WITH the breaker: %d calls, %d ok, %d failed, %d rejected",
                                all.calls(), all.ok, all.failed, all.rejected));
}

std::vector<std::string> Missing(const Results& results, const fusebox::CircuitSnapshot& circuit) {
  using fusebox::State;
  std::vector<std::string> missing = results.missing;
  const auto require = [&missing](bool done, absl::string_view what) {
    if (!done) missing.push_back(absl::StrCat("the circuit ", what));
  };
  const fusebox::Totals& totals = circuit.totals;
  require(totals.Transitions(State::kClosed, State::kOpen) > 0, "did not open");
  require(totals.rejected > 0, "rejected no call");
  require(totals.Transitions(State::kOpen, State::kHalfOpen) > 0, "never became HALF_OPEN");
  require(totals.Transitions(State::kHalfOpen, State::kClosed) > 0, "never closed again");
  require(circuit.state == State::kClosed,
          absl::StrCat("is ", fusebox::StateName(circuit.state), " at the end, not CLOSED"));
  return missing;
}

}  // namespace demo
