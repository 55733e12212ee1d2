// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/figures.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace fusebox_drill {
namespace {

class FiguresTest : public testing::Test {
 protected:
  FiguresTest() : course_(MakeScenario(), World(), 1) {
    play_.calls.resize(course_.calls().size());
    could_.assign(course_.calls().size(), true);
    for (CallResult& call : play_.calls) call.answered = true;
  }

  static Scenario MakeScenario() {
    return *ParseScenario("name: a\nphase: 10s\nphase: 10s refuse\nphase: 20s");
  }

  // Those that are made from `begin` to `end`, in seconds.
  template <typename Change>
  void From(double begin, double end, Change change) {
    for (std::size_t i = 0; i < play_.calls.size(); ++i) {
      const double at = SecondsOf(course_.calls()[i]);
      if (at >= begin && at < end) change(play_.calls[i], i);
    }
  }

  Figures Get() const { return FiguresOf(course_, play_, could_); }

  const Course course_;
  Play play_;
  std::vector<bool> could_;
};

TEST_F(FiguresTest, NothingIsLostIfAllIsAnswered) {
  const Figures figures = Get();
  EXPECT_EQ(figures.offered, static_cast<double>(course_.calls().size()));
  EXPECT_EQ(figures.good_percent, 100);
  EXPECT_EQ(figures.cost, 0);
  EXPECT_EQ(figures.recovery_seconds, 0);
}

TEST_F(FiguresTest, WhatCannotBeAnsweredIsNotLost) {
  From(10, 20, [this](CallResult& call, std::size_t i) {
    call.answered = false;
    call.rejected = true;
    could_[i] = false;
  });
  const Figures figures = Get();
  EXPECT_EQ(figures.good_percent, 100);
  EXPECT_EQ(figures.false_percent, 0);
  EXPECT_EQ(figures.cost, 0);
  // But an attempt in vain costs.
  From(10, 20, [](CallResult& call, std::size_t /*i*/) { call.wasted = 2; });
  EXPECT_NEAR(Get().wasted_percent, 50, 1);
  EXPECT_NEAR(Get().cost, 0.2 * Get().wasted_percent, 1e-9);
}

TEST_F(FiguresTest, ARejectionThatCostsAnAnswerIsFalse) {
  From(20, 25, [](CallResult& call, std::size_t /*i*/) {
    call.answered = false;
    call.rejected = true;
  });
  const Figures figures = Get();
  EXPECT_NEAR(figures.false_percent, 12.5, 0.5);
  EXPECT_NEAR(figures.good_percent, 87.5, 0.5);
  EXPECT_NEAR(figures.cost, figures.false_percent, 1e-9);
  EXPECT_NEAR(figures.recovery_seconds, 5, 0.1);
}

TEST_F(FiguresTest, ARecoveryThatDoesNotLastIsNone) {
  const auto lose = [](CallResult& call, std::size_t /*i*/) { call.answered = false; };
  From(20, 22, lose);
  From(22.5, 26, lose);
  EXPECT_NEAR(Get().recovery_seconds, 6, 0.1);
  From(20, 40, lose);
  EXPECT_EQ(Get().recovery_seconds, 20);
}

TEST_F(FiguresTest, AMeanIsOfEachAndTheWorstHasTheFewestAnswers) {
  Row row;
  row.policy = "a";
  Figures one;
  one.good_percent = 90;
  one.cost = 1;
  Figures other;
  other.good_percent = 80;
  other.cost = 4;
  row.cells = {{"one", 1, one}, {"other", 50, other}};
  EXPECT_EQ(row.Mean().good_percent, 85);
  EXPECT_EQ(row.Mean().cost, 2.5);
  EXPECT_EQ(row.Worst().scenario, "other");
}

}  // namespace
}  // namespace fusebox_drill
