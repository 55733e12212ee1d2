// SPDX-License-Identifier: Apache-2.0
#include "src/core/probes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "gtest/gtest.h"
#include "src/core/stall_guard.h"

namespace fusebox::internal {
namespace {

HalfOpenPolicy WithPlaces(int64_t places, absl::Duration timeout) {
  HalfOpenPolicy policy;
  policy.max_concurrent = places;
  policy.verdict = SuccessThreshold{1};
  policy.probe_timeout = timeout;
  return policy;
}

// Whichever probes come back first: a place is given once, and the one that is out for longest is
// the one whose time counts.
TEST(Probes, R5_AreWhatAMapOfThemSays) {
  constexpr absl::Duration kTimeout = absl::Seconds(60);
  std::mt19937 random(7);
  for (int run = 0; run < 200; ++run) {
    const int64_t places = 1 + random() % (run % 2 == 0 ? 4 : 1'000);
    const HalfOpenPolicy policy = WithPlaces(places, kTimeout);
    Probes probes(policy);
    std::map<int32_t, SteadyTime> out;
    // Where g++ doesn't look into it: it takes the times of an empty optional for used.
    const auto guard = std::make_unique<StallGuard>(kTimeout);
    SteadyTime now;
    for (int step = 0; step < 2'000; ++step) {
      now = now + absl::Seconds(random() % 3);
      if (random() % 2 == 0) {
        const std::optional<int32_t> place = probes.Admit(now);
        ASSERT_EQ(place.has_value(), static_cast<int64_t>(out.size()) < places);
        if (place) {
          ASSERT_GE(*place, 0);
          ASSERT_LT(*place, places);
          ASSERT_TRUE(out.emplace(*place, now).second) << "given twice: " << *place;
        }
      } else if (!out.empty()) {
        const auto which =
            std::next(out.begin(), static_cast<std::ptrdiff_t>(random() % out.size()));
        probes.Return(which->first, /*counts=*/true);
        out.erase(which);
      }
      ASSERT_EQ(probes.out(), static_cast<int64_t>(out.size()));
      for (const auto& [place, since] : out) ASSERT_EQ(probes.Since(place), since);
      const bool hung = std::any_of(out.begin(), out.end(), [&](const auto& probe) {
        return now - probe.second >= kTimeout;
      });
      ASSERT_EQ(probes.CheckTimeout(now), guard->Look(now, hung)) << "run " << run;
    }
  }
}

TEST(Probes, R5_AreAsManyAsTheVerdictTakes) {
  HalfOpenPolicy policy = WithPlaces(5, absl::ZeroDuration());
  policy.verdict = ProbeCalls{2};
  Probes probes(policy);
  const std::optional<int32_t> first = probes.Admit(SteadyTime());
  ASSERT_TRUE(first);
  ASSERT_TRUE(probes.Admit(SteadyTime()));
  EXPECT_FALSE(probes.Admit(SteadyTime()));
  probes.Return(*first, /*counts=*/true);
  EXPECT_FALSE(probes.Admit(SteadyTime()));
}

TEST(Probes, R5_AnIgnoredOneGivesItsAdmissionBack) {
  HalfOpenPolicy policy = WithPlaces(5, absl::ZeroDuration());
  policy.verdict = ProbeCalls{1};
  Probes probes(policy);
  const std::optional<int32_t> first = probes.Admit(SteadyTime());
  ASSERT_TRUE(first);
  probes.Return(*first, /*counts=*/false);
  EXPECT_TRUE(probes.Admit(SteadyTime()));
}

TEST(Probes, R5_AreFullUntilTheOldestIsLate) {
  constexpr absl::Duration kTimeout = absl::Seconds(60);
  Probes probes(WithPlaces(2, kTimeout));
  const SteadyTime first = SteadyTime::FromNanos(1'000);
  const SteadyTime second = first + absl::Seconds(1);
  ASSERT_EQ(probes.Admit(first), 0);
  EXPECT_EQ(probes.FullUntil(first), std::nullopt);
  ASSERT_EQ(probes.Admit(second), 1);
  EXPECT_EQ(probes.FullUntil(second), first + kTimeout);
  EXPECT_EQ(probes.FullUntil(first + kTimeout), std::nullopt);
  // A finding that only armed the guard, and is no more so: it takes a look to forget it.
  EXPECT_FALSE(probes.CheckTimeout(first + 2 * kTimeout));
  probes.Return(0, /*counts=*/true);
  probes.Return(1, /*counts=*/true);
  ASSERT_TRUE(probes.Admit(first + 2 * kTimeout).has_value());
  ASSERT_TRUE(probes.Admit(first + 2 * kTimeout).has_value());
  EXPECT_EQ(probes.FullUntil(first + 2 * kTimeout), std::nullopt);
  EXPECT_FALSE(probes.CheckTimeout(first + 2 * kTimeout));
  EXPECT_EQ(probes.FullUntil(first + 2 * kTimeout), first + 3 * kTimeout);
}

TEST(Probes, R5_WithoutATimeoutAreFullForGood) {
  Probes probes(WithPlaces(1, absl::ZeroDuration()));
  ASSERT_EQ(probes.Admit(SteadyTime()), 0);
  EXPECT_EQ(probes.FullUntil(SteadyTime()), Probes::kForever);
}

}  // namespace
}  // namespace fusebox::internal
