// SPDX-License-Identifier: Apache-2.0
//
// What policies make of the scenarios: bounds wide enough for chance, and narrow enough to show a
// world or a policy that isn't what it is said to be.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "tools/fusebox_drill/drill.h"
#include "tools/fusebox_drill/fusebox_guard.h"
#include "tools/fusebox_drill/sources.h"

namespace fusebox_drill {
namespace {

Drill EverythingWith(std::vector<Protection> protections, int seeds) {
  Drill drill;
  drill.scenarios = AllScenarios();
  drill.protections = std::move(protections);
  drill.clients = {1, 50};
  drill.seeds = seeds;
  return drill;
}

TEST(PoliciesTest, R19_TheDefaultKeepsMoreThanFixedThresholds) {
  const std::vector<Row> rows = RunDrill(EverythingWith(
      {*FindProtection("default", NamedProtections()), *FindProtection("fixed", NamedProtections()),
       *FindProtection("external_api", NamedProtections()), ProtectByNothing()},
      1));
  std::map<std::string, Figures> mean;
  for (const Row& row : rows) {
    // Three of them have clients of their own.
    EXPECT_EQ(row.cells.size(), 2 * AllScenarios().size() - 3);
    for (const Cell& cell : row.cells) {
      const std::string where = row.policy + " in " + cell.scenario;
      EXPECT_GT(cell.figures.offered, 30) << where;
      EXPECT_GE(cell.figures.good_percent, 0) << where;
      EXPECT_LE(cell.figures.good_percent, 100) << where;
      EXPECT_GE(cell.figures.cost, 0) << where;
      EXPECT_GE(cell.figures.recovery_seconds, 0) << where;
      EXPECT_LE(cell.figures.recovery_seconds, 90) << where;
    }
    mean[row.policy] = row.Mean();
  }
  const Figures& nothing = mean["nothing"];
  EXPECT_EQ(nothing.false_percent, 0);
  for (const auto& [policy, figures] : mean) {
    if (policy == "nothing" || policy == "default") continue;
    EXPECT_LT(figures.wasted_percent, nothing.wasted_percent / 3) << policy;
    EXPECT_GT(figures.false_percent, 5) << policy;
  }
  // Fixed thresholds lose some 15 % of the answers over the list.
  EXPECT_GT(mean["fixed"].good_percent, 75);
  EXPECT_LT(mean["fixed"].good_percent, 92);
  // And those that stay open for four times as long lose more.
  EXPECT_LT(mean["external_api"].good_percent, mean["fixed"].good_percent);
  // The policy without numbers keeps more than any, and more than nothing does.
  EXPECT_GT(mean["default"].good_percent, mean["fixed"].good_percent + 5);
  EXPECT_GT(mean["default"].good_percent, nothing.good_percent);
  EXPECT_LT(mean["default"].wasted_percent, nothing.wasted_percent);
  EXPECT_LT(mean["default"].cost, mean["fixed"].cost / 1.5);
}

TEST(PoliciesTest, NothingIsAsGoodAsCanBeWhereAllIsWell) {
  Drill drill;
  for (const char* name : {"errors_5", "errors_10", "slow_within", "tail_latency", "load_step",
                           "low_traffic_errors", "one_host_dead"}) {
    drill.scenarios.push_back(*FindScenario(name));
  }
  drill.protections = {ProtectByNothing()};
  drill.clients = {1, 50};
  drill.seeds = 5;
  const std::vector<Row> rows = RunDrill(drill);
  for (const Cell& cell : rows.front().cells) {
    EXPECT_GT(cell.figures.good_percent, 99.3) << cell.scenario;
    EXPECT_LT(cell.figures.recovery_seconds, 0.5) << cell.scenario;
  }
}

// A drill of another policy doesn't change what a policy meets.
TEST(PoliciesTest, AllMeetTheSameCalls) {
  Drill drill;
  drill.scenarios = {*FindScenario("errors_10")};
  drill.protections = NamedProtections();
  drill.clients = {5};
  drill.seeds = 2;
  const std::vector<Row> together = RunDrill(drill);
  for (std::size_t i = 0; i < together.size(); ++i) {
    drill.protections = {NamedProtections()[i]};
    const Row alone = RunDrill(drill).front();
    EXPECT_EQ(alone.cells.front().figures.good_percent,
              together[i].cells.front().figures.good_percent);
    EXPECT_EQ(alone.cells.front().figures.offered, together[0].cells.front().figures.offered);
  }
}

// A candidate beside a policy, and the same in force (rule R23).
TEST(PoliciesTest, R23_WhatACandidateWouldHaveDone) {
  Drill drill;
  drill.scenarios = {*FindScenario("dead")};
  drill.clients = {1};
  drill.seeds = 2;
  const auto beside = [&drill](fusebox::Policy policy, const fusebox::Policy& candidate) {
    policy.shadow_policy = candidate;
    drill.protections = {*ProtectBy("tried", policy)};
    return *RunDrill(drill).front().cells.front().candidate;
  };
  fusebox::Policy fixed = fusebox::Policy::Fixed();
  fixed.jitter = 0;

  // Of the same mind: it does what the policy in force does.
  const CandidateFigures same = beside(fixed, fixed);
  EXPECT_GT(same.opened, 0);
  EXPECT_EQ(same.would_open, same.opened);
  EXPECT_EQ(same.would_reject, 0);
  EXPECT_EQ(same.would_admit, 0);
  EXPECT_EQ(same.alone_opened, same.opened);
  EXPECT_EQ(same.alone_rejected, same.rejected);

  // Beside one that never rejects, it sees all of the outage, and more of it than alone, where what
  // it rejects doesn't come to its end.
  fusebox::Policy never = fixed;
  never.consecutive_failures = 1'000'000;
  const CandidateFigures seeing = beside(never, fixed);
  EXPECT_EQ(seeing.opened, 0);
  EXPECT_EQ(seeing.rejected, 0);
  EXPECT_EQ(seeing.would_open, seeing.alone_opened);
  EXPECT_NEAR(seeing.would_reject, seeing.alone_rejected, seeing.alone_rejected / 20);

  // Beside one that rejects for 30 s, the candidate would have let much of that through.
  const CandidateFigures starved = beside(fixed, fusebox::Policy::Adaptive());
  EXPECT_GT(starved.would_open, 0);
  EXPECT_LT(starved.would_reject, starved.rejected / 10);
  EXPECT_LT(starved.alone_rejected, starved.rejected);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

// What a ramp is worth (rule R6): a dead server comes back able to take a tenth of the load. Each
// outage is longer than the one before, so that the return meets the circuit at every moment of its
// waiting.
TEST(PoliciesTest, R6ARampHelpsWhatComesBackCold) {
  fusebox::Policy policy;
  policy.consecutive_failures.reset();
  policy.failure_rate = 0.5;
  policy.window = fusebox::TimeWindow{absl::Seconds(10), 10};
  policy.open_duration = absl::Seconds(10);
  policy.jitter = 0;
  fusebox::Policy with_ramp = policy;
  with_ramp.ramp = fusebox::Ramp();
  fusebox::Policy too_short = policy;
  too_short.ramp = fusebox::Ramp{absl::Milliseconds(1), 0.05};

  Drill drill;
  drill.world.deadline = absl::Seconds(1);
  drill.world.workers = 10;
  drill.protections = {*ProtectBy("without", policy), *ProtectBy("with", with_ramp),
                       *ProtectBy("too short", too_short)};
  drill.clients = {1};
  drill.seeds = 1;
  std::vector<std::vector<double>> recovery(3);
  std::vector<std::vector<double>> wasted(3);
  std::vector<std::vector<double>> good(3);
  for (int i = 0; i < 20; ++i) {
    drill.scenarios = {*ParseScenario(
        "name: cold\nphase: 10s\nphase: 20s hang\nphase: 60s cold=0.05 warm_after=1000")};
    drill.scenarios.front().phases[1].length += absl::Milliseconds(500) * i;
    drill.first_seed = static_cast<uint64_t>(i);
    const std::vector<Row> rows = RunDrill(drill);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      const Figures& figures = rows[row].cells.front().figures;
      recovery[row].push_back(figures.recovery_seconds);
      wasted[row].push_back(figures.wasted_percent);
      good[row].push_back(figures.good_percent);
    }
  }
  EXPECT_LT(Median(recovery[1]), Median(recovery[0])) << "full goodput is back sooner";
  EXPECT_LT(Median(wasted[1]), Median(wasted[0])) << "fewer calls are wasted";
  EXPECT_GT(Median(good[1]), Median(good[0])) << "more calls are answered";
  // And that this can fail: a ramp of a millisecond is none.
  EXPECT_GE(Median(recovery[2]), Median(recovery[0]));
}

}  // namespace
}  // namespace fusebox_drill
