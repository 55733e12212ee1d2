// SPDX-License-Identifier: Apache-2.0
//
// The decision rule of each: when it rejects, for how long, and what lets it close.
#include "benchmarks/protection/peers.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "benchmarks/protection/rolling_counts.h"
#include "fusebox/testing/fake_clock.h"

namespace fusebox_drill {
namespace {

constexpr Nanos kMs = 1'000'000;
constexpr Nanos kS = 1000 * kMs;

// One guard, call by call: each ends before the next begins, unless it is held.
class PeerTest : public testing::Test {
 protected:
  void Use(const std::string& name) {
    for (const Protection& peer : Peers()) {
      if (peer.name == name) guard_ = peer.make({clock_, 1, std::nullopt});
    }
    ASSERT_NE(guard_, nullptr) << name;
    now_ = 0;
  }

  // Whether it was admitted. It takes that long.
  bool Call(Answer answer, Nanos takes = kMs) {
    const std::optional<Ticket> ticket = guard_->Admit(now_, 0);
    if (!ticket) return false;
    now_ += takes;
    guard_->Record(*ticket, {answer, takes}, now_);
    return true;
  }

  // How many of them were admitted.
  int Calls(int count, Answer answer, Nanos takes = kMs) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) admitted += Call(answer, takes) ? 1 : 0;
    return admitted;
  }

  void Wait(Nanos time) { now_ += time; }

  fusebox_testing::FakeClock clock_;
  std::unique_ptr<Guard> guard_;
  Nanos now_ = 0;
};

TEST_F(PeerTest, GobreakerOpensAfterMoreThanFiveInARowForAMinute) {
  Use("gobreaker");
  EXPECT_EQ(Calls(5, Answer::kError), 5);
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_EQ(Calls(10, Answer::kError), 6);
  Wait(60 * kS);
  EXPECT_FALSE(Call(Answer::kOk)) << "after a minute, and not at its end";
  Wait(kMs);
  // One probe: while it is out, no other.
  const std::optional<Ticket> probe = guard_->Admit(now_, 0);
  ASSERT_TRUE(probe);
  EXPECT_FALSE(guard_->Admit(now_, 0));
  guard_->Record(*probe, {Answer::kError, kMs}, now_);
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(61 * kS);
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_EQ(Calls(10, Answer::kOk), 10);
}

TEST_F(PeerTest, ALateResultOfAnEarlierStateChangesNothingInGobreakerAlone) {
  for (const char* name : {"gobreaker", "polly", "linkerd", "sentinel"}) {
    Use(name);
    const std::optional<Ticket> late = guard_->Admit(now_, 0);
    ASSERT_TRUE(late);
    EXPECT_LT(Calls(200, Answer::kError), 200);
    Wait(61 * kS);
    const std::optional<Ticket> probe = guard_->Admit(now_, 0);
    ASSERT_TRUE(probe);
    guard_->Record(*late, {Answer::kOk, kMs}, now_);
    EXPECT_EQ(guard_->state(),
              std::string(name) == "gobreaker" ? GuardState::kHalfOpen : GuardState::kClosed)
        << name;
  }
}

TEST_F(PeerTest, PollyOpensAtATenthOfAHundredForFiveSeconds) {
  Use("polly");
  EXPECT_EQ(Calls(90, Answer::kOk), 90);
  EXPECT_EQ(Calls(9, Answer::kError), 9) << "99: too few";
  EXPECT_TRUE(Call(Answer::kError));
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(5 * kS);
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_EQ(Calls(9, Answer::kError), 9) << "it has forgotten the rest";
}

TEST_F(PeerTest, PollyForgetsAfterThirtySeconds) {
  Use("polly");
  EXPECT_EQ(Calls(60, Answer::kError), 60);
  Wait(31 * kS);
  EXPECT_EQ(Calls(60, Answer::kError), 60);
}

TEST_F(PeerTest, PollysWindowsBeginWithAResult) {
  Use("polly");
  Wait(2 * kS);
  EXPECT_EQ(Calls(60, Answer::kError), 60) << "from 2 s on";
  Wait(29 * kS);
  EXPECT_EQ(Calls(60, Answer::kError), 40) << "at 31 s, they are still there";
}

TEST_F(PeerTest, Resilience4jOpensAtHalfOfAHundredAndProbesWithTen) {
  Use("resilience4j");
  EXPECT_EQ(Calls(50, Answer::kOk), 50);
  EXPECT_EQ(Calls(60, Answer::kError), 50);
  Wait(60 * kS);
  EXPECT_FALSE(Call(Answer::kOk)) << "after a minute, and not at its end";
  Wait(kMs);
  EXPECT_EQ(Calls(4, Answer::kError), 4);
  EXPECT_EQ(Calls(6, Answer::kOk), 6) << "four of ten may fail";
  EXPECT_EQ(guard_->state(), GuardState::kClosed);
  EXPECT_EQ(Calls(100, Answer::kError), 100) << "only a full window counts";
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(61 * kS);
  EXPECT_EQ(Calls(5, Answer::kOk), 5);
  EXPECT_EQ(Calls(5, Answer::kError), 5);
  EXPECT_EQ(guard_->state(), GuardState::kOpen);
}

TEST_F(PeerTest, HystrixOpensAtHalfOfTwentyOnceItHasLooked) {
  Use("hystrix");
  EXPECT_EQ(Calls(10, Answer::kOk), 10);
  EXPECT_EQ(Calls(100, Answer::kError), 100) << "all within half a second";
  Wait(500 * kMs);
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(5 * kS);
  EXPECT_FALSE(Call(Answer::kOk)) << "after 5 s, and not at their end";
  Wait(kMs);
  EXPECT_TRUE(Call(Answer::kError));
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(5 * kS + kMs);
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_EQ(Calls(10, Answer::kOk), 10);
}

TEST_F(PeerTest, HystrixHasAPoolOfTen) {
  Use("hystrix");
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(guard_->Admit(now_, 0));
  EXPECT_EQ(Calls(30, Answer::kOk), 0) << "no thread is free";
  Wait(500 * kMs);
  guard_->Admit(now_, 0);
  EXPECT_EQ(guard_->state(), GuardState::kOpen) << "which counts as failures";
}

TEST_F(PeerTest, LinkerdOpensAfterSevenInARowAndDoublesUpToAMinute) {
  Use("linkerd");
  EXPECT_EQ(Calls(10, Answer::kRefused), 7);
  double least = 1;
  for (int i = 0; i < 8; ++i) {
    Wait(static_cast<Nanos>(least * static_cast<double>(kS)) - 2 * kMs);
    EXPECT_FALSE(Call(Answer::kRefused)) << i;
    Wait(static_cast<Nanos>(least / 2 * static_cast<double>(kS)) + 3 * kMs);
    EXPECT_TRUE(Call(Answer::kRefused)) << i;
    least = std::min(60.0, least * 2);
  }
  Wait(91 * kS);
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_EQ(Calls(10, Answer::kRefused), 7);
  Wait(1500 * kMs);
  EXPECT_TRUE(Call(Answer::kOk)) << "a success starts it over";
}

TEST_F(PeerTest, EnvoyEjectsAfterFiveInARowForThirtySecondsTimesTheNumber) {
  Use("envoy");
  EXPECT_EQ(Calls(10, Answer::kRefused), 5);
  Wait(39 * kS);
  EXPECT_FALSE(Call(Answer::kOk)) << "it is looked at every 10 s";
  Wait(kS);
  EXPECT_EQ(Calls(10, Answer::kRefused), 5) << "without a probe";
  Wait(59 * kS);
  EXPECT_FALSE(Call(Answer::kOk)) << "60 s the second time";
  Wait(11 * kS);
  EXPECT_TRUE(Call(Answer::kOk));
}

TEST_F(PeerTest, BrpcIsolatesForTenthsOfASecondAtFirst) {
  Use("brpc");
  EXPECT_EQ(Calls(1000, Answer::kOk), 1000);
  EXPECT_EQ(Calls(200, Answer::kOverloaded), 200) << "ignored";
  // Until the windows are full: a twentieth of 3,000, a tenth of 1,500, and one more.
  EXPECT_EQ(Calls(300, Answer::kError), 151);
  Wait(99 * kMs);
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(kMs);
  EXPECT_EQ(Calls(300, Answer::kError), 151);
  Wait(199 * kMs);
  EXPECT_FALSE(Call(Answer::kOk)) << "doubled";
  Wait(kMs);
  EXPECT_TRUE(Call(Answer::kOk));
}

TEST_F(PeerTest, BrpcWeighsErrorsByTheirLatencyOnceItsWindowsAreFull) {
  Use("brpc");
  EXPECT_EQ(Calls(4000, Answer::kOk), 4000);
  // Each costs as much as a call, or twice that: 3,000 x 0.05 x 1.02 = 153.
  EXPECT_EQ(Calls(300, Answer::kError), 154);
  Use("brpc");
  EXPECT_EQ(Calls(4000, Answer::kOk), 4000);
  EXPECT_EQ(Calls(300, Answer::kError, 100 * kMs), 77);
}

TEST_F(PeerTest, SentinelOpensAtHalfOfFiveInASecond) {
  Use("sentinel");
  EXPECT_EQ(Calls(4, Answer::kError), 4);
  EXPECT_TRUE(Call(Answer::kError));
  EXPECT_FALSE(Call(Answer::kOk));
  Wait(10 * kS);
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_EQ(guard_->state(), GuardState::kClosed);
}

TEST_F(PeerTest, GoZeroLetsThroughOneAndAHalfTimesWhatIsAccepted) {
  Use("go_zero");
  EXPECT_EQ(Calls(100, Answer::kOk), 100);
  EXPECT_EQ(Calls(50, Answer::kError), 50) << "155 - 5 <= 1.5 x 100";
  int admitted = Calls(1000, Answer::kError);
  EXPECT_GT(admitted, 30);
  EXPECT_LT(admitted, 400);
  // A dead one gets a share of 6 / (all + 1).
  Wait(11 * kS);
  EXPECT_EQ(Calls(5, Answer::kError), 5);
  admitted = Calls(1000, Answer::kError, 0);
  EXPECT_GT(admitted, 5);
  EXPECT_LT(admitted, 90);
  // And one call a second.
  Wait(kS + kMs);
  EXPECT_TRUE(Call(Answer::kError, 0));
  EXPECT_LT(Calls(10, Answer::kError, 0), 5);
}

TEST_F(PeerTest, GoZeroTrustsWhatOnlySucceeds) {
  Use("go_zero");
  EXPECT_GT(Calls(1000, Answer::kError), 5);
  int admitted = 0;
  // Rejected nearly all of the time at first; forgotten, or trusted, before the window is over.
  for (int i = 0; i < 8000; ++i) {
    Wait(kMs);
    if (Call(Answer::kOk, 0) && i >= 7000) ++admitted;
  }
  EXPECT_GT(admitted, 700);
}

TEST_F(PeerTest, KratosStartsAtAHundredCalls) {
  Use("kratos");
  EXPECT_EQ(Calls(100, Answer::kError), 100);
  EXPECT_LT(Calls(100, Answer::kError), 20);
  Wait(4 * kS);
  // Six of ten that are accepted are enough.
  int admitted = 0;
  for (int i = 0; i < 500; ++i) {
    admitted += Calls(6, Answer::kOk);
    admitted += Calls(4, Answer::kError, 0);
  }
  EXPECT_GT(admitted, 4900);
}

TEST_F(PeerTest, LimitsAdmitTwentyAtFirst) {
  for (const char* name : {"vegas", "gradient2"}) {
    Use(name);
    int admitted = 0;
    while (guard_->Admit(0, 0)) ++admitted;
    EXPECT_EQ(admitted, 20) << name;
  }
}

// Keeps as many out as are admitted, all of one latency, and returns how many that are at the end.
int KeepFull(Guard& guard, Nanos latency, Answer answer, int rounds) {
  int admitted = 0;
  for (int round = 0; round < rounds; ++round) {
    std::vector<Ticket> out;
    while (const std::optional<Ticket> ticket = guard.Admit(round * latency, 0)) {
      out.push_back(*ticket);
    }
    admitted = static_cast<int>(out.size());
    for (const Ticket ticket : out) {
      guard.Record(ticket, {answer, latency}, (round + 1) * latency);
    }
  }
  return admitted;
}

TEST_F(PeerTest, LimitsGrowWithoutAQueueAndShrinkWithOne) {
  constexpr int kFew = 50;
  for (const char* name : {"vegas", "gradient2"}) {
    Use(name);
    EXPECT_GT(KeepFull(*guard_, 10 * kMs, Answer::kOk, 4), 40) << name;
    // Of those that are out, the last ones take five times as long: for as many as have ended there
    // is not as much room.
    std::vector<Ticket> out;
    while (const std::optional<Ticket> ticket = guard_->Admit(0, 0)) out.push_back(*ticket);
    for (int i = 0; i < kFew && !out.empty(); ++i, out.pop_back()) {
      guard_->Record(out.back(), {Answer::kOk, 50 * kMs}, 0);
    }
    int room = 0;
    while (guard_->Admit(0, 0)) ++room;
    EXPECT_LT(room, kFew) << name;
  }
}

TEST_F(PeerTest, ErrorsSayNothingOfALimit) {
  for (const char* name : {"vegas", "gradient2"}) {
    Use(name);
    EXPECT_EQ(KeepFull(*guard_, 50 * kMs, Answer::kError, 10), 20) << name;
  }
}

TEST_F(PeerTest, VegasShrinksWhenCallsAreDropped) {
  Use("vegas");
  KeepFull(*guard_, 10 * kMs, Answer::kOk, 1);
  const int before = KeepFull(*guard_, 10 * kMs, Answer::kError, 1);
  EXPECT_LT(KeepFull(*guard_, 500 * kMs, Answer::kTimedOut, 3), before);
}

TEST_F(PeerTest, GrpcThrottlesRetriesAlone) {
  Use("grpc_a6");
  EXPECT_EQ(Calls(4, Answer::kError), 4);
  EXPECT_TRUE(guard_->Admit(now_, 1)) << "six tokens are left";
  EXPECT_TRUE(Call(Answer::kError));
  EXPECT_FALSE(guard_->Admit(now_, 1));
  EXPECT_TRUE(guard_->Admit(now_, 0)) << "a first attempt";
  EXPECT_TRUE(Call(Answer::kOk));
  EXPECT_TRUE(guard_->Admit(now_, 1)) << "5.1";
}

TEST(RollingCountsTest, KnowsHowManySlicesWereOfOneKindAtTheEnd) {
  RollingCounts counts(10 * kS, 10);
  counts.Add(false, 0);
  counts.Add(true, kS);
  counts.Add(true, 3 * kS);
  EXPECT_EQ(counts.LastGoodSlices(), 2);
  EXPECT_EQ(counts.LastBadSlices(), 0);
  counts.Add(false, 3 * kS);
  EXPECT_EQ(counts.LastGoodSlices(), 0);
  counts.Add(false, 4 * kS);
  EXPECT_EQ(counts.LastBadSlices(), 1);
}

TEST(RollingCountsTest, ForgetsSliceBySlice) {
  RollingCounts counts(10 * kS, 10);
  counts.Add(true, 0);
  counts.Add(false, 5 * kS);
  EXPECT_EQ(counts.all(), 2);
  EXPECT_EQ(counts.BadShare(), 0.5);
  counts.Forget(10 * kS);
  EXPECT_EQ(counts.good(), 0);
  EXPECT_EQ(counts.bad(), 1);
  counts.Forget(15 * kS);
  EXPECT_EQ(counts.all(), 0);
}

}  // namespace
}  // namespace fusebox_drill
