// SPDX-License-Identifier: Apache-2.0
//
// Scrapes beside calls. Everything that is counted shows, to the last call.
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/core/threads.h"
#include "tests/prometheus/test_collector.h"

namespace fusebox {
namespace {

using fusebox_testing::CollectorTest;
using fusebox_testing::RunThreads;
using fusebox_testing::Scrape;

using CollectorConcurrency = CollectorTest;

// What the callers saw of their calls.
struct Tally {
  std::atomic<int64_t> success{0};
  std::atomic<int64_t> failure{0};
  std::atomic<int64_t> ignored{0};
  std::atomic<int64_t> rejected{0};
};

TEST_F(CollectorConcurrency, TheTotalsAreThoseOfTheCallersOverAnOutage) {
  constexpr int64_t kCalls = 100'000;
  const auto circuit = Make("a");
  Tally tally;
  std::atomic<int64_t> next_call{0};
  const auto call = [&](int64_t number) {
    clock_.Advance(absl::Milliseconds(1));
    Admission admission = circuit->TryAcquire();
    const bool sick = number >= kCalls * 2 / 5 && number < kCalls * 3 / 5;
    if (!admission) {
      ++tally.rejected;
    } else if (number % 97 == 0) {
      admission.permit().Ignore();
      ++tally.ignored;
    } else if (sick) {
      admission.permit().RecordFailure();
      ++tally.failure;
    } else {
      admission.permit().RecordSuccess();
      ++tally.success;
    }
  };

  std::atomic<bool> done{false};
  std::thread scraper([&] {
    Scrape last = Scraped();
    while (!done.load()) {
      Scrape next = Scraped();
      for (const auto& [key, value] : last.counters()) {
        const auto& [name, metric, labels] = key;
        EXPECT_GE(next.Value(name, metric, labels).value_or(-1), value) << metric << ' ' << labels;
      }
      last = std::move(next);
    }
  });
  RunThreads(4, [&](int /*thread*/) {
    for (int64_t number = next_call++; number < kCalls; number = next_call++) call(number);
  });
  done.store(true);
  scraper.join();

  const Scrape scrape = Scraped();
  const auto shown = [&](const std::string& result) {
    return static_cast<int64_t>(scrape.Calls("a", result).value_or(-1));
  };
  EXPECT_EQ(shown("success"), tally.success);
  EXPECT_EQ(shown("failure"), tally.failure);
  EXPECT_EQ(shown("ignored"), tally.ignored);
  EXPECT_EQ(shown("rejected"), tally.rejected);
  EXPECT_EQ(shown("success") + shown("failure") + shown("ignored") + shown("rejected"), kCalls);
  EXPECT_EQ(scrape.Value("a", "circuit_breaker_in_flight"), 0);
  EXPECT_GT(tally.rejected, 0);
  EXPECT_GT(scrape.Value("a", "circuit_breaker_opened_total").value_or(0), 0);
  EXPECT_EQ(scrape.Value("a", "circuit_breaker_state", "state=closed"), 1);
}

TEST_F(CollectorConcurrency, ScrapesMayOverlapWhileCircuitsComeAndGo) {
  constexpr int kRounds = 10;
  constexpr int kStaying = 300;
  for (int i = 0; i < kStaying; ++i) Make(absl::StrCat("stays", i));
  RunThreads([&](int thread) {
    for (int round = 0; round < kRounds; ++round) {
      const std::string name = absl::StrCat("goes", thread % 3);
      switch (thread % 4) {
        case 0:
          Call(*Make(name), round % 2 == 0 ? Outcome::Success() : Outcome::Failure(), 5);
          break;
        case 1:
          registry_->Remove(name).IgnoreError();
          break;
        case 2:
          Make("stays7")->Reset(Operator("oncall").Because("why"));
          Call(*Make("stays7"), Outcome::Failure(), 5);
          break;
        default: {
          int staying = 0;
          const Scrape scrape = Scraped();
          for (const std::string& circuit : scrape.circuits()) {
            staying += circuit.rfind("stays", 0) == 0 ? 1 : 0;
          }
          EXPECT_EQ(staying, kStaying);
        }
      }
    }
  });
}

}  // namespace
}  // namespace fusebox
