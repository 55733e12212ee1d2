// SPDX-License-Identifier: Apache-2.0
//
// Many calls of all sorts on eight threads, over circuits that open and close all the time, with
// policies of fixed numbers and with the one that needs none; and in the end every call is
// accounted for.
//
//   soak_test --calls=1000000 --seed=17
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "tests/core/threads.h"
#include "tests/end2end/mortal_server.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/soak_traffic.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitSnapshot;
using fusebox::State;

// From this many calls on, every circuit has seen everything.
constexpr int64_t kTellingRun = 20'000;

// From this many calls on, memory must have stopped growing after a tenth of them.
constexpr int64_t kLongRun = 500'000;
constexpr int64_t kMaxGrowthMiB = 32;

int64_t calls_to_make = 20'000;  // set by main, before any test
uint64_t seed = std::random_device()();

constexpr absl::Duration kRamp = absl::Milliseconds(5);

// Each kind of method gets rules of its own, all of them quick: some fifty calls move the clock by
// 5 ms.
fusebox::Policy SoakPolicy(Kind kind) {
  fusebox::Policy policy;
  policy.consecutive_failures = 3;
  policy.open_duration = absl::Milliseconds(5);
  policy.max_open_duration = absl::Milliseconds(20);
  policy.jitter = 0.2;
  policy.half_open.max_concurrent = 2;
  policy.half_open.verdict = fusebox::SuccessThreshold{2};
  policy.half_open.probe_timeout = absl::Milliseconds(50);
  switch (kind) {
    case Kind::kUnary:
      policy.backoff_multiplier = 2;
      break;
    case Kind::kClientStream:
      policy.consecutive_failures = std::nullopt;
      policy.failure_rate = 0.5;
      policy.minimum_calls = 10;
      policy.window = fusebox::TimeWindow{absl::Milliseconds(50), 10};
      policy.half_open.verdict = fusebox::ProbeCalls{4};
      break;
    case Kind::kServerStream:
      policy.ramp = fusebox::Ramp{kRamp, 0.1};
      break;
    case Kind::kBidi:
      policy.hung_calls = fusebox::HungCalls{2, absl::Milliseconds(20)};
      policy.max_in_flight = 2;
      break;
  }
  return policy;
}

int64_t ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  int64_t size = 0;
  int64_t resident = 0;
  statm >> size >> resident;
  return resident * sysconf(_SC_PAGESIZE) / (1 << 20);
}

int64_t Decided(const fusebox::Totals& totals) {
  return totals.success + totals.failure + totals.ignored + totals.rejected + totals.too_many_calls;
}

// Two channels to one address, with a circuit for each kind of method.
class SoakTest : public testing::Test {
 protected:
  static constexpr std::array kNames = {"red", "blue"};

  using PolicyOf = fusebox::Policy (*)(Kind kind);

  void Connect(const std::string& address, PolicyOf policy_of) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      fusebox::ChannelOptions options;
      options.breaker.dependency = kNames.at(i);
      options.breaker.registry = shared_.registry;
      for (const Kind kind : kKinds) {
        options.breaker.policies.Method(MethodOf(kind).substr(1), policy_of(kind));
      }
      options.outer_interceptors.push_back(CountStarts(starts_.at(i)));
      channels_.push_back(MustCreateChannel(address, std::move(options)));
    }
  }

  // All the calls, on eight threads. Notes the memory when a tenth of them has been made.
  void Soak(absl::Duration most_between_calls, std::function<void(uint64_t lot)> change) {
    std::cout << "seed " << seed << std::endl;  // also if it never gets to the end
    const auto start = std::chrono::steady_clock::now();
    const SoakWorld world{channels_, shared_.clock, most_between_calls, std::move(change)};
    std::atomic<int64_t> made{0};
    std::array<SoakTally, kThreads> tallies{};
    RunThreads([&](int thread) {
      SoakCaller caller(seed + static_cast<uint64_t>(thread), world);
      for (int64_t call = ++made; call <= calls_to_make; call = ++made) {
        if (call == calls_to_make / 10) early_mib_ = ResidentMiB();
        caller.MakeRandomCall();
      }
      tallies.at(static_cast<std::size_t>(thread)) = caller.tally();
    });
    for (const SoakTally& tally : tallies) tally_ += tally;
    Print(std::chrono::steady_clock::now() - start);
  }

  CircuitSnapshot Snapshot(std::size_t channel, Kind kind) const {
    return shared_.registry->Find(kNames.at(channel) + MethodOf(kind))->Snapshot();
  }

  int64_t Started(std::size_t channel, Kind kind) const {
    return starts_.at(channel).at(static_cast<std::size_t>(kind));
  }

  template <typename Body>
  static void ForEachCircuit(Body body) {
    for (std::size_t channel = 0; channel < kNames.size(); ++channel) {
      for (const Kind kind : kKinds) {
        SCOPED_TRACE(kNames.at(channel) + MethodOf(kind));
        body(channel, kind);
      }
    }
  }

  void Print(std::chrono::steady_clock::duration took) const {
    std::cout << "ending       converse, late, cancelled, abandoned, prepared:";
    for (const int64_t count : tally_.endings) std::cout << ' ' << count;
    std::cout << "; rejected without a connection " << tally_.not_connected << ", by a limit "
              << tally_.limited << '\n';
    ForEachCircuit([&](std::size_t channel, Kind kind) {
      const CircuitSnapshot circuit = Snapshot(channel, kind);
      const fusebox::Totals& t = circuit.totals;
      std::cout << circuit.name << ": started " << Started(channel, kind) << ", success "
                << t.success << ", failure " << t.failure << ", ignored " << t.ignored
                << ", rejected " << t.rejected << ", too many " << t.too_many_calls << "; opened "
                << t.opened << ", closed " << t.Transitions(State::kHalfOpen, State::kClosed)
                << '\n';
    });
    std::cout << calls_to_make << " calls, seed " << seed << ": "
              << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
              << " ms; resident after a tenth " << early_mib_ << " MiB, in the end "
              << ResidentMiB() << " MiB\n";
  }

  void ExpectAllAccountedFor() const {
    ForEachCircuit([&](std::size_t channel, Kind kind) {
      const CircuitSnapshot circuit = Snapshot(channel, kind);
      EXPECT_EQ(circuit.in_flight, 0);
      EXPECT_EQ(circuit.probes_in_flight, 0);
      EXPECT_EQ(Decided(circuit.totals), Started(channel, kind));
    });
  }

  // That it was a soak.
  void ExpectAllSorts() const {
    ForEachCircuit([&](std::size_t channel, Kind kind) {
      const fusebox::Totals totals = Snapshot(channel, kind).totals;
      EXPECT_GT(totals.success, 0);
      EXPECT_GT(totals.failure, 0);
      EXPECT_GT(totals.ignored, 0);
      EXPECT_GT(totals.rejected, 0);
    });
  }

  void ExpectNoMoreMemory() const {
    if (calls_to_make < kLongRun) return;
    EXPECT_LE(ResidentMiB(), early_mib_ + kMaxGrowthMiB);
  }

  TestRegistry shared_;
  std::array<StartCounts, kNames.size()> starts_{};
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  SoakTally tally_;
  std::atomic<int64_t> early_mib_{0};
};

class FixedSoakTest : public SoakTest {
 protected:
  FixedSoakTest() { Connect(server_.address(), SoakPolicy); }

  void ExpectAllMoves() const {
    int64_t reopened = 0;
    ForEachCircuit([&](std::size_t channel, Kind kind) {
      const fusebox::Totals totals = Snapshot(channel, kind).totals;
      EXPECT_GT(totals.Transitions(State::kHalfOpen, State::kClosed), 0);
      reopened += totals.Transitions(State::kHalfOpen, State::kOpen);
    });
    EXPECT_GT(reopened, 0);
  }

  // Whether the circuit closes within a few calls to a server that is well, whatever became of it.
  bool Closes(std::size_t channel, Kind kind) {
    for (int i = 0; i < 20 && Snapshot(channel, kind).state != State::kClosed; ++i) {
      if (Snapshot(channel, kind).ramping) {
        shared_.clock.Advance(kRamp);
      } else if (Snapshot(channel, kind).state == State::kOpen) {
        shared_.clock.Advance(absl::Milliseconds(25));  // the longest, and the jitter
      }
      MakeCall(Style::kSync, kind, channels_.at(channel));
    }
    return Snapshot(channel, kind).state == State::kClosed;
  }

  ScriptedEcho server_;
};

TEST_F(FixedSoakTest, AccountsForEveryCall) {
  Soak(absl::Microseconds(200), [&](uint64_t lot) { server_.Play(ScriptOf(lot)); });
  ExpectAllAccountedFor();
  if (calls_to_make >= kTellingRun) {
    ExpectAllSorts();
    ExpectAllMoves();
  }
  server_.Play(Script::Answer());
  ForEachCircuit([&](std::size_t channel, Kind kind) { EXPECT_TRUE(Closes(channel, kind)); });
  ExpectNoMoreMemory();
}

// A server that dies, hangs, sheds, and comes back cold.
class FrailServer {
 public:
  const std::string& address() const { return server_.address(); }

  // Something else happens to it, as the lot says. Who finds it away brings it back.
  void Change(uint64_t lot) {
    if (server_.ComeBack(ColdScript(lot))) {
      cold_.store(kCold, std::memory_order_relaxed);
    } else if (cold_.fetch_sub(1, std::memory_order_relaxed) > 0) {
      server_.Play(ColdScript(lot));
    } else if (lot < 3) {
      if (server_.GoAway()) deaths_.fetch_add(1, std::memory_order_relaxed);
    } else {
      server_.Play(ScriptOf(lot));
    }
  }

  // For good.
  void GetWell() {
    server_.ComeBack();
    server_.Play(Script::Answer());
  }

  int64_t deaths() const { return deaths_.load(std::memory_order_relaxed); }

 private:
  // As many changes long.
  static constexpr int64_t kCold = 4;

  // It answers some calls, and has too much to do with the others.
  static Script ColdScript(uint64_t lot) {
    if (lot < 40) return Script::Answer();
    if (lot < 80) return Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "cold"));
    return Script::Hang();
  }

  MortalServer server_;
  // Relaxed: numbers alone.
  std::atomic<int64_t> cold_{0};
  std::atomic<int64_t> deaths_{0};
};

class AdaptiveSoakTest : public SoakTest {
 protected:
  AdaptiveSoakTest() {
    Connect(server_.address(), [](Kind) { return fusebox::Policy(); });
  }

  // That the outages were outages, and limits were in force.
  void ExpectAllMoves() const {
    int64_t closed = 0;
    ForEachCircuit([&](std::size_t channel, Kind kind) {
      closed += Snapshot(channel, kind).totals.Transitions(State::kHalfOpen, State::kClosed);
    });
    EXPECT_GT(closed, 0);
    EXPECT_GT(server_.deaths(), 0);
    EXPECT_GT(tally_.not_connected, 0);
    EXPECT_GT(tally_.limited, 0);
  }

  // As above. Who is without a connection waits for it.
  bool Closes(std::size_t channel, Kind kind) {
    const auto over = [&] {
      const CircuitSnapshot circuit = Snapshot(channel, kind);
      return circuit.state == State::kClosed && !circuit.limit;
    };
    for (int i = 0; i < 1'000 && !over(); ++i) {
      shared_.clock.Advance(absl::Seconds(1));
      if (Snapshot(channel, kind).awaits_connection) {
        channels_.at(channel)->WaitForConnected(std::chrono::system_clock::now() +
                                                std::chrono::seconds(60));
      }
      MakeCall(Style::kSync, kind, channels_.at(channel));
    }
    return over();
  }

  FrailServer server_;
};

TEST_F(AdaptiveSoakTest, AccountsForEveryCall) {
  Soak(absl::Milliseconds(20), [&](uint64_t lot) { server_.Change(lot); });
  std::cout << "the server died " << server_.deaths() << " times\n";
  ExpectAllAccountedFor();
  if (calls_to_make >= kTellingRun) {
    ExpectAllSorts();
    ExpectAllMoves();
  }
  server_.GetWell();
  ForEachCircuit([&](std::size_t channel, Kind kind) { EXPECT_TRUE(Closes(channel, kind)); });
  ExpectNoMoreMemory();
}

// "--name=17" into `value`. False if the argument is another one, or no number.
template <typename Number>
bool ReadFlag(absl::string_view argument, absl::string_view name, Number* value) {
  return absl::ConsumePrefix(&argument, name) && absl::ConsumePrefix(&argument, "=") &&
         absl::SimpleAtoi(argument, value);
}

}  // namespace
}  // namespace fusebox_testing

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (fusebox_testing::ReadFlag(argv[i], "--calls", &fusebox_testing::calls_to_make)) continue;
    if (fusebox_testing::ReadFlag(argv[i], "--seed", &fusebox_testing::seed)) continue;
    std::cerr << "usage: soak_test [--calls=NUMBER] [--seed=NUMBER]\n";
    return 2;
  }
  return RUN_ALL_TESTS();
}
