// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/report.h"

#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "examples/drill/figures.h"
#include "examples/drill/plot.h"

namespace drill {
namespace {

std::string Number(double value) { return absl::StrFormat("%g", value); }

std::string Duration(absl::Duration value) {
  return absl::StrCat(Number(absl::ToDoubleSeconds(value)), " s");
}

std::string TimeToFull(const Figures& figures) {
  if (!figures.seconds_to_full_goodput) return "not in 60 s";
  return absl::StrCat(*figures.seconds_to_full_goodput, " s");
}

std::string TimeToProbes(const Figures& figures) {
  if (!figures.until_good_probes) return "not in 60 s";
  return absl::StrFormat("%.1f s", absl::ToDoubleSeconds(*figures.until_good_probes));
}

std::string Median(Direction direction, double value) {
  if (std::isinf(value)) return "never";
  return absl::StrCat(absl::StrFormat("%.0f", value), direction == Direction::kSooner ? " s" : "");
}

std::string Row(absl::string_view name, absl::string_view no_circuit, absl::string_view no_ramp,
                absl::string_view ramp) {
  return absl::StrFormat("  %-48s %12s %12s %12s\n", name, no_circuit, no_ramp, ramp);
}

std::string CountRow(absl::string_view name, int Second::*count, const Drill& drill) {
  return Row(name, absl::StrCat(drill.no_circuit.figures.after.*count),
             absl::StrCat(drill.no_ramp.figures.after.*count),
             absl::StrCat(drill.ramp.figures.after.*count));
}

std::string Notes() {
  return absl::StrCat(
      "  (1) from then on, ", Number(kFullGoodput * 100),
      "% of the calls offered in each second are answered within their deadline\n"
      "  (2) the server worked for nobody: the caller had waited for the whole deadline\n"
      "  (3) each for its whole deadline, while the server was dead or after its return\n");
}

std::string WindowText(const fusebox::Window& window) {
  if (const auto* time = std::get_if<fusebox::TimeWindow>(&window)) {
    return absl::StrCat("in the last ", Duration(time->duration));
  }
  return absl::StrCat("of the last ", std::get<fusebox::CountWindow>(window).size);
}

std::string OpenText(const fusebox::Policy& policy) {
  const std::string jitter =
      policy.jitter > 0 ? absl::StrCat(" +/- ", Number(policy.jitter * 100), "%") : "";
  return absl::StrCat(Duration(policy.open_duration), jitter, ";");
}

std::string VerdictText(const fusebox::Policy& policy) {
  const auto* threshold = std::get_if<fusebox::SuccessThreshold>(&policy.half_open.verdict);
  return threshold ? absl::StrCat(threshold->successes, " good probes end that") : "";
}

}  // namespace

std::string Assumptions(const Scenario& scenario) {
  const ServerModel& server = scenario.server;
  const fusebox::Policy& policy = scenario.policy;
  std::string text = "Recovery drill: what happens when a dead server comes back cold\n";
  absl::StrAppend(&text, "  (the real circuit breaker, simulated calls, virtual time, seed ",
                  scenario.seed, ")\n\n");
  absl::StrAppend(&text, "  load     ", Number(scenario.load.calls_per_second),
                  " calls/s at random, each with a deadline of ", Duration(scenario.load.deadline),
                  ", none retried\n");
  absl::StrAppend(&text, "  outage   ", Duration(scenario.outage),
                  " in which no call gets an answer\n");
  absl::StrAppend(
      &text, "  server   back with a capacity of ", Number(server.cold_capacity),
      " calls/s that grows with each call served, to ", Number(server.warm_capacity), " after ",
      server.warm_up_calls, ";\n",
      "           one queue, first come, first served; it serves calls whose caller has "
      "given up, too\n");
  absl::StrAppend(&text, "  circuit  opens when ", Number(policy.failure_rate.value_or(0) * 100),
                  "% of the calls ", WindowText(policy.window), " failed (of at least ",
                  policy.minimum_calls, "), for ", OpenText(policy), "\n           ",
                  VerdictText(policy), "\n");
  absl::StrAppend(&text, "  ramp     ", Duration(scenario.ramp.duration), ", from ",
                  Number(scenario.ramp.initial_fraction * 100), "% of the calls to all\n");
  return text;
}

std::string Picture(const Scenario& scenario, const Drill& drill) {
  const Plot plot(scenario);
  return absl::StrCat("Calls answered within their deadline, of those offered, over time\n\n",
                      plot.Heading(), plot.Chart("no circuit", drill.no_circuit), "\n",
                      plot.Chart("circuit without a ramp", drill.no_ramp), "\n",
                      plot.Chart("circuit with a ramp", drill.ramp), plot.Axis(), "\n",
                      Plot::Legend());
}

std::string Table(const Drill& drill) {
  return absl::StrCat(
      Row("after the server's return", "no circuit", "no ramp", "ramp"), "  ", std::string(87, '-'),
      "\n",
      Row("full goodput again after (1)", TimeToFull(drill.no_circuit.figures),
          TimeToFull(drill.no_ramp.figures), TimeToFull(drill.ramp.figures)),
      Row("  the circuit's probes succeeded after", "-", TimeToProbes(drill.no_ramp.figures),
          TimeToProbes(drill.ramp.figures)),
      Row("times the circuit opened again", "-", absl::StrCat(drill.no_ramp.figures.opened_again),
          absl::StrCat(drill.ramp.figures.opened_again)),
      CountRow("calls offered in the minute after", &Second::offered, drill),
      CountRow("  answered within their deadline", &Second::answered, drill),
      CountRow("  wasted: served after the caller gave up (2)", &Second::wasted, drill),
      CountRow("  rejected by the circuit, at once", &Second::rejected, drill),
      Row("with the outage: callers that waited in vain (3)",
          absl::StrCat(drill.no_circuit.figures.waited_in_vain),
          absl::StrCat(drill.no_ramp.figures.waited_in_vain),
          absl::StrCat(drill.ramp.figures.waited_in_vain)),
      Notes());
}

std::string SeedTable(const SeedStudy& study) {
  std::string table =
      absl::StrFormat("  %-60s %9s %9s %12s\n",
                      absl::StrCat("median over ", study.seeds(), " seeds and outages (4)"),
                      "no ramp", "ramp", "holds in");
  absl::StrAppend(&table, "  ", std::string(93, '-'), "\n");
  for (const Direction direction : kDirections) {
    absl::StrAppend(&table,
                    absl::StrFormat("  %-60s %9s %9s %12s\n", Claim(direction),
                                    Median(direction, study.MedianNoRamp(direction)),
                                    Median(direction, study.MedianRamp(direction)),
                                    absl::StrCat(study.HoldsIn(direction), " of ", study.seeds())));
  }
  return absl::StrCat(
      table, "  (4) each outage longer than the one before, by 1/", study.seeds(),
      " of an opening: the server returns\n      at every moment of the circuit's waiting\n");
}

}  // namespace drill
