// SPDX-License-Identifier: Apache-2.0
//
// What each rule of the default policy earns, and what hangs on each of its numbers: the drill with
// one thing of it changed after the other. It takes the flags of the drill, except for --policy,
// and has the core compiled for itself, with constants that can be changed (src/core/tunable.h).
//
//   sensitivity_benchmark --all --seeds 5
//   sensitivity_benchmark --all --csv
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "src/core/tunable.h"
#include "tools/fusebox_drill/drill.h"
#include "tools/fusebox_drill/figures.h"
#include "tools/fusebox_drill/flags.h"
#include "tools/fusebox_drill/fusebox_guard.h"

namespace fusebox_drill {
namespace {

using fusebox::internal::TunableConstant;
using fusebox::internal::TunableConstants;

struct Variant {
  std::string part;  // what is changed
  std::string what;  // to what
  fusebox::Policy policy = fusebox::Policy::Adaptive();
};

// Prints a line for each variant, as soon as it has been played; with --csv, one for each of its
// cells.
class Report {
 public:
  explicit Report(const Flags& flags) : drill_(flags.drill), csv_(flags.output == Output::kCsv) {
    if (csv_) {
      std::puts("part,is,scenario,clients,good_percent,wasted_percent,cost");
    } else {
      std::printf("%-20s %-32s %6s %7s %7s %8s %8s  %s\n", "PART", "IS", "COST", "CHANGE", "GOOD %",
                  "WASTED %", "WORST %", "IN");
    }
  }

  void Play(const Variant& variant) {
    absl::StatusOr<Protection> protection = ProtectBy(variant.what, variant.policy);
    if (!protection.ok()) return;  // a number that no policy may have
    drill_.protections = {*std::move(protection)};
    const Row row = RunDrill(drill_).front();
    if (csv_) {
      PrintCells(variant, row);
    } else {
      PrintMean(variant, row);
    }
    std::fflush(stdout);
  }

 private:
  static void PrintCells(const Variant& variant, const Row& row) {
    for (const Cell& cell : row.cells) {
      std::printf("%s,%s,%s,%d,%.4f,%.4f,%.4f\n", variant.part.c_str(), variant.what.c_str(),
                  cell.scenario.c_str(), cell.clients, cell.figures.good_percent,
                  cell.figures.wasted_percent, cell.figures.cost);
    }
  }

  void PrintMean(const Variant& variant, const Row& row) {
    const Figures mean = row.Mean();
    const Cell& worst = row.Worst();
    if (!as_it_is_) as_it_is_ = mean.cost;
    std::printf("%-20s %-32s %6.2f %+7.2f %7.2f %8.2f %8.1f  %s\n", variant.part.c_str(),
                variant.what.c_str(), mean.cost, mean.cost - *as_it_is_, mean.good_percent,
                mean.wasted_percent, worst.figures.good_percent,
                absl::StrCat(worst.scenario, " from ", worst.clients).c_str());
  }

  Drill drill_;
  const bool csv_;
  std::optional<double> as_it_is_;  // the cost of the first
};

const TunableConstant& Find(const std::string& name) {
  for (const TunableConstant& constant : TunableConstants()) {
    if (constant.name == name) return constant;
  }
  std::fprintf(stderr, "there is no constant %s\n", name.c_str());
  std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): of one thread
}

// The default with those constants times that.
void PlayTuned(Report& report, const Variant& variant,
               const std::vector<std::pair<std::string, double>>& factors) {
  for (const auto& [name, factor] : factors) Find(name).tune(factor);
  report.Play(variant);
  for (const auto& [name, factor] : factors) Find(name).tune(1);
}

fusebox::Policy OpenFor(absl::Duration duration) {
  fusebox::Policy policy = fusebox::Policy::Adaptive();
  policy.adaptive_recovery.reset();
  policy.open_duration = duration;
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  return policy;
}

// Each rule gone, or in its place what there is without it.
void PlayWithoutRules(Report& report) {
  Variant run{"improbable_run", "consecutive_failures 5"};
  run.policy.improbable_run.reset();
  run.policy.consecutive_failures = 5;
  report.Play(run);
  run.policy.consecutive_failures.reset();
  run.policy.failure_rate = 0.5;
  run.policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  run.what = "failure_rate 0.5 over 10s";
  report.Play(run);

  report.Play({"adaptive_recovery", "open_duration 1s; one probe", OpenFor(absl::Seconds(1))});
  Variant ramp{"adaptive_recovery", "the same; ramp 5s", OpenFor(absl::Seconds(1))};
  ramp.policy.ramp = fusebox::Ramp();
  ramp.policy.ramp->duration = absl::Seconds(5);
  report.Play(ramp);
  Variant backoff{"adaptive_recovery", "open_duration 1s x 2 up to 30s", OpenFor(absl::Seconds(1))};
  backoff.policy.backoff_multiplier = 2;
  backoff.policy.max_open_duration = absl::Seconds(30);
  report.Play(backoff);
  PlayTuned(report, {"its square root", "a probe each second"},
            {{"kLeastProbeGap", 20}, {"kMostProbeGap", 1.0 / 30}});
  PlayTuned(report, {"its slow start", "none: closed by a good probe"}, {{"kFirstWindow", 1e6}});

  Variant overload{"overload_limit", "off"};
  overload.policy.overload_limit.reset();
  report.Play(overload);

  for (const TunableConstant& constant : TunableConstants()) {
    if (constant.usual == "on") PlayTuned(report, {constant.name, "off"}, {{constant.name, 0}});
  }
}

void PlayNumbers(Report& report) {
  for (const int failures : {1, 2, 6, 12}) {
    Variant variant{"min_failures", absl::StrCat(failures, " instead of 3")};
    variant.policy.improbable_run->min_failures = failures;
    report.Play(variant);
  }
  for (const int minutes : {15, 30, 120, 240}) {
    Variant variant{"once_per", absl::StrCat(minutes, "min instead of 60min")};
    variant.policy.improbable_run->once_per = absl::Minutes(minutes);
    report.Play(variant);
  }
  for (const double cost : {0.0625, 0.125, 0.5, 1.0}) {
    Variant variant{"probe_cost", absl::StrCat(cost, " instead of 0.25")};
    variant.policy.adaptive_recovery->probe_cost = cost;
    report.Play(variant);
  }
  // It is less than 1, so what is cut off is halved and doubled.
  for (const double ratio : {0.4, 0.55, 0.85, 0.925}) {
    Variant variant{"backoff_ratio", absl::StrCat(ratio, " instead of 0.7")};
    variant.policy.overload_limit->backoff_ratio = ratio;
    report.Play(variant);
  }
  // Any other than none leaves the gaps between probes as they are.
  Variant jitter{"jitter", "0 instead of 0.25"};
  jitter.policy.jitter = 0;
  report.Play(jitter);
}

void PlayConstants(Report& report) {
  for (const TunableConstant& constant : TunableConstants()) {
    if (constant.usual == "on") continue;
    std::string before = constant.usual;
    for (const double factor : {0.25, 0.5, 2.0, 4.0}) {
      const std::string now = constant.tune(factor);
      if (now != before) {
        report.Play({constant.name, absl::StrCat(now, " instead of ", constant.usual)});
      }
      before = now;
    }
    constant.tune(1);
  }
}

int Main(int argc, const char* const* argv) {
  Program program;
  program.name = "sensitivity_benchmark";
  program.about =
      "Play outages with the default policy, and with one thing of it changed after the other";
  const Parsed parsed = ParseFlags(program, argc, argv);
  if (parsed.exit_code) return *parsed.exit_code;
  Report report(parsed.flags);
  report.Play({"default", "as it is"});
  PlayWithoutRules(report);
  PlayNumbers(report);
  PlayConstants(report);
  return std::ferror(stdout) == 0 ? kDone : kFailed;
}

}  // namespace
}  // namespace fusebox_drill

int main(int argc, char** argv) { return fusebox_drill::Main(argc, argv); }
