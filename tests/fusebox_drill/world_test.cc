// SPDX-License-Identifier: Apache-2.0
//
// The world against what queueing theory says of it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/draws.h"
#include "tools/fusebox_drill/guard.h"
#include "tools/fusebox_drill/play.h"

namespace fusebox_drill {
namespace {

Scenario Parsed(const std::string& lines) {
  const absl::StatusOr<Scenario> scenario = ParseScenario(absl::StrCat("name: a\n", lines));
  EXPECT_TRUE(scenario.ok()) << scenario.status();
  return *scenario;
}

// All that was recorded by guards that admit everything.
struct Seen {
  std::vector<double> latencies;  // of good answers, in seconds
  std::map<Answer, int> answers;

  double Share(Answer answer) const {
    int all = 0;
    for (const auto& [kind, count] : answers) all += count;
    const auto found = answers.find(answer);
    return found == answers.end() ? 0 : static_cast<double>(found->second) / all;
  }
  double MeanLatency() const {
    double sum = 0;
    for (const double latency : latencies) sum += latency;
    return sum / static_cast<double>(latencies.size());
  }
};

class Watching final : public Guard {
 public:
  explicit Watching(Seen& seen) : seen_(seen) {}
  std::optional<Ticket> Admit(Nanos /*now*/, int /*attempt*/) override { return 0; }
  void Record(Ticket /*ticket*/, const Ended& ended, Nanos /*now*/) override {
    ++seen_.answers[ended.answer];
    if (ended.answer == Answer::kOk) seen_.latencies.push_back(SecondsOf(ended.latency));
  }

 private:
  Seen& seen_;
};

Seen Watch(const std::string& lines, const World& world, uint64_t seed = 1) {
  const Scenario scenario = Parsed(lines);
  Seen seen;
  PlayOut(Course(scenario, world.For(scenario), seed),
          {"watching", [&seen](const GuardContext& /*context*/) -> std::unique_ptr<Guard> {
             return std::make_unique<Watching>(seen);
           }});
  return seen;
}

TEST(DrawsTest, AreWhatTheyAreCalled) {
  const Draws draws(7);
  double uniform = 0;
  double exponential = 0;
  double exponential_squared = 0;
  double lognormal = 0;
  std::vector<int> ones(10);
  constexpr int kDrawn = 100'000;
  for (int i = 0; i < kDrawn; ++i) {
    uniform += draws.Uniform(Draw::kError, i);
    const double gap = draws.Exponential(Draw::kGap, i);
    exponential += gap;
    exponential_squared += gap * gap;
    lognormal += draws.Lognormal(0.5, i, 0);
    ++ones[static_cast<std::size_t>(draws.OneOf(10, Draw::kBackend, i))];
  }
  EXPECT_NEAR(uniform / kDrawn, 0.5, 0.01);
  EXPECT_NEAR(exponential / kDrawn, 1, 0.02);
  EXPECT_NEAR(exponential_squared / kDrawn, 2, 0.1);
  EXPECT_NEAR(lognormal / kDrawn, 1, 0.01);
  for (const int count : ones) EXPECT_NEAR(count, kDrawn / 10, 500);
}

TEST(DrawsTest, DifferBySeedCallAttemptAndPurpose) {
  const Draws draws(7);
  EXPECT_EQ(draws.Uniform(Draw::kError, 1), Draws(7).Uniform(Draw::kError, 1));
  EXPECT_NE(draws.Uniform(Draw::kError, 1), Draws(8).Uniform(Draw::kError, 1));
  EXPECT_NE(draws.Uniform(Draw::kError, 1), draws.Uniform(Draw::kError, 2));
  EXPECT_NE(draws.Uniform(Draw::kError, 1), draws.Uniform(Draw::kError, 1, 1));
  EXPECT_NE(draws.Uniform(Draw::kError, 1), draws.Uniform(Draw::kDelay, 1));
}

// In a Poisson process both the mean and the variance of a count are the rate.
TEST(CourseTest, CallsComeAtRandom) {
  const Course course(Parsed("phase: 2000s"), World(), 1);
  std::vector<double> counts(2000);
  for (const Nanos at : course.calls()) counts[static_cast<std::size_t>(at / 1'000'000'000)] += 1;
  double mean = 0;
  for (const double count : counts) mean += count / 2000;
  double variance = 0;
  for (const double count : counts) variance += (count - mean) * (count - mean) / 2000;
  EXPECT_NEAR(mean, 200, 2);
  EXPECT_NEAR(variance, 200, 20);
}

TEST(CourseTest, TheLoadIsThatOfThePhase) {
  const Course course(Parsed("phase: 100s\nphase: 100s load=2.5\nphase: 100s load=0\n"
                             "phase: 100s load=0..2"),
                      World(), 3);
  std::vector<int> counts(4);
  for (const Nanos at : course.calls()) ++counts[course.IndexAt(at)];
  EXPECT_NEAR(counts[0], 20'000, 500);
  EXPECT_NEAR(counts[1], 50'000, 800);
  EXPECT_EQ(counts[2], 0);
  EXPECT_NEAR(counts[3], 20'000, 500);
}

TEST(CourseTest, VariedLengthsDifferBySeed) {
  const Scenario scenario = Parsed("phase: 10s\nphase: ~10s refuse\nphase: 10s");
  double least = 100;
  double most = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const Course course(scenario, World(), seed);
    EXPECT_EQ(course.stages()[1].begin, NanosOf(absl::Seconds(10)));
    const double length = SecondsOf(course.stages()[1].end - course.stages()[1].begin);
    least = std::min(least, length);
    most = std::max(most, length);
    EXPECT_EQ(course.end() - course.after(), NanosOf(absl::Seconds(10)));
  }
  EXPECT_NEAR(least, 7, 0.2);
  EXPECT_NEAR(most, 13, 0.2);
  EXPECT_GE(least, 7);
  EXPECT_LE(most, 13);
}

TEST(WorldTest, WorkersGrowWithTheLoad) {
  World world;
  EXPECT_EQ(world.Workers(), 8);
  world.rate = 800;
  EXPECT_EQ(world.Workers(), 32);
  world.rate = 0.5;
  EXPECT_EQ(world.Workers(), 1);
  // A scenario with a rate of its own has the same server.
  EXPECT_EQ(World().For(Parsed("rate: 0.5\nphase: 1s")).Workers(), 8);
}

// Pollaczek and Khinchine: one worker, any service.
TEST(WorldTest, OneWorkerIsAnMG1Queue) {
  for (const double sigma : {0.0, 0.5}) {
    World world;
    world.rate = 20;
    world.workers = 1;
    world.sigma = sigma;
    world.deadline = absl::Minutes(10);
    const Seen seen = Watch("phase: 5000s", world);
    const double service = 0.025;
    const double squared = service * service * std::exp(sigma * sigma);
    const double waiting = world.rate * squared / (2 * (1 - world.rate * service));
    EXPECT_NEAR(seen.MeanLatency(), 0.002 + service + waiting, 0.001) << sigma;
  }
}

// Erlang B holds for any service.
TEST(WorldTest, WithoutAQueueCallsAreLostAsErlangSays) {
  World world;
  world.queue_limit = 0;
  const Seen seen = Watch("phase: 500s", world);
  double inverse = 1;  // of the share that is lost, by the number of workers
  for (int workers = 1; workers <= 8; ++workers) inverse = 1 + inverse * workers / 5;
  EXPECT_NEAR(seen.Share(Answer::kOverloaded), 1 / inverse, 0.004);
}

TEST(WorldTest, ShowsWhatAPhaseSays) {
  World world;
  EXPECT_EQ(Watch("phase: 50s refuse", world).Share(Answer::kRefused), 1);
  EXPECT_EQ(Watch("phase: 50s hang", world).Share(Answer::kTimedOut), 1);
  EXPECT_NEAR(Watch("phase: 50s errors=0.1", world).Share(Answer::kError), 0.1, 0.01);
  EXPECT_NEAR(Watch("backends: 10\nphase: 50s refuse backends=1", world).Share(Answer::kRefused),
              0.1, 0.01);
  EXPECT_NEAR(Watch("methods: 4\nphase: 50s hang methods=1", world).Share(Answer::kTimedOut), 0.25,
              0.015);
  EXPECT_GT(Watch("phase: 50s delay=600ms", world).Share(Answer::kTimedOut), 0.99);
  EXPECT_NEAR(Watch("phase: 50s delay=600ms delayed=0.1", world).Share(Answer::kTimedOut), 0.1,
              0.01);
  EXPECT_NEAR(Watch("phase: 50s delay=225ms", world).MeanLatency() -
                  Watch("phase: 50s", world).MeanLatency(),
              0.225, 0.001);
  // A quarter of the capacity: the queue grows, and hardly any answer is in time.
  EXPECT_GT(Watch("phase: 50s slow=4", world).Share(Answer::kTimedOut), 0.9);
}

TEST(WorldTest, ADeadProcessIsHeardOfAtOnceAndAHungOneIsNot) {
  World world;
  world.service = absl::Milliseconds(400);
  world.deadline = absl::Seconds(10);
  world.workers = 200;
  const Seen dead = Watch("phase: 10s\nphase: 100ms refuse load=0", world);
  EXPECT_GT(dead.answers.at(Answer::kRefused), 40) << "those that were being served";
  EXPECT_EQ(dead.answers.count(Answer::kTimedOut), 0U);
  const Seen hung = Watch("phase: 10s\nphase: 100ms hang load=0", world);
  EXPECT_EQ(hung.answers.count(Answer::kRefused), 0U);
  EXPECT_GT(hung.answers.at(Answer::kTimedOut), 40);
}

TEST(WorldTest, ColdMeansSlowUntilWarm) {
  Stage stage;
  stage.phase.cold = 0.1;
  stage.phase.warm_after = 1000;
  EXPECT_DOUBLE_EQ(stage.Coldness(0), 10);
  EXPECT_DOUBLE_EQ(stage.Coldness(500), 1 / 0.55);
  EXPECT_DOUBLE_EQ(stage.Coldness(5000), 1);
}

TEST(WorldTest, RetriesAreOfTheSameCall) {
  World world;
  const Scenario scenario = Parsed("retries: 3\nphase: 50s refuse");
  const Course course(scenario, world, 1);
  const Seen seen = Watch("retries: 3\nphase: 50s refuse", world);
  EXPECT_EQ(seen.answers.at(Answer::kRefused), 4 * static_cast<int>(course.calls().size()));
  EXPECT_EQ(course.Backoff(1), NanosOf(absl::Milliseconds(100)));
  EXPECT_EQ(course.Backoff(3), NanosOf(absl::Milliseconds(400)));
}

TEST(WorldTest, DeadlinesAreToldUnlessHidden) {
  for (const bool hidden : {false, true}) {
    World world;
    world.hide_deadline = hidden;
    std::optional<Nanos> told;
    Seen seen;
    PlayOut(Course(Parsed("phase: 1s"), world, 1),
            {"told", [&](const GuardContext& context) -> std::unique_ptr<Guard> {
               told = context.deadline;
               return std::make_unique<Watching>(seen);
             }});
    EXPECT_EQ(told.has_value(), !hidden);
  }
}

// In what can be computed by hand.
TEST(CouldBeAnsweredTest, IsWhatCanBeServedInTime) {
  const auto share = [](const std::string& lines) {
    const Scenario scenario = Parsed(lines);
    const std::vector<bool> could = CouldBeAnswered(Course(scenario, World().For(scenario), 1));
    double all = 0;
    for (const bool each : could) all += each ? 1 : 0;
    return all / static_cast<double>(could.size());
  };
  EXPECT_GT(share("phase: 100s"), 0.999);
  EXPECT_NEAR(share("phase: 100s\nphase: 100s refuse"), 0.5, 0.01);
  EXPECT_NEAR(share("phase: 100s errors=0.3"), 0.7, 0.01);
  EXPECT_NEAR(share("phase: 100s delay=600ms delayed=0.2"), 0.8, 0.01);
  // 480 calls/s for a server that takes 320, and 200 for one that takes 80.
  EXPECT_NEAR(share("phase: 100s load=2.4"), 320.0 / 480, 0.01);
  EXPECT_NEAR(share("phase: 100s slow=4"), 80.0 / 200, 0.01);
  // The fourth attempt is made 700 ms after the first.
  EXPECT_GT(share("retries: 3\nphase: 600ms refuse\nphase: 2s"), 0.99);
}

}  // namespace
}  // namespace fusebox_drill
