// SPDX-License-Identifier: Apache-2.0
//
// Calls of every style and kind, with endings of all sorts, chosen at random.
#ifndef FUSEBOX_TESTS_END2END_SOAK_TRAFFIC_H_
#define FUSEBOX_TESTS_END2END_SOAK_TRAFFIC_H_

#include <grpcpp/channel.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/end2end/echo_call.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {

// What a caller does with its call.
enum class Ending {
  kConverse,   // all that there is to write and to read, and Finish
  kLate,       // the same, with a deadline that has passed
  kCancelled,  // cancelled once it has started; then the same
  kAbandoned,  // started, and destroyed without Finish
  kPrepared,   // destroyed before its start
};
inline constexpr int kEndings = 5;

// How many calls have started on a channel, by kind: those that a breaker behind it hears of.
using StartCounts = std::array<std::atomic<int64_t>, kKinds.size()>;

// An outer interceptor that counts them. The counts must outlive the channel.
std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface> CountStarts(
    StartCounts& counts);

// What a server is like, by a lot from 0 to 99: mostly it answers.
Script ScriptOf(uint64_t lot);

// Where the calls go, and what happens there meanwhile.
struct SoakWorld {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  FakeClock& clock;
  absl::Duration most_between_calls;  // of any threads; half of it on average

  // Something else is to happen from now on, as a lot from 0 to 99 says. On any thread.
  std::function<void(uint64_t lot)> change;
};

// What has become of a thread's calls.
struct SoakTally {
  std::array<int64_t, kEndings> endings{};
  int64_t not_connected = 0;  // rejected for that (R20)
  int64_t limited = 0;        // for that (R17, R18)

  SoakTally& operator+=(const SoakTally& more);
};

// One thread's calls. It takes turns with the others on channels, server and clock.
//
// Thread-safety: not thread-safe; each thread has one of its own.
class SoakCaller {
 public:
  // The world must outlive it.
  SoakCaller(uint64_t seed, const SoakWorld& world) : world_(world), lots_(seed) {}

  // Makes a call, and waits for its end. It first moves the clock, by what a call takes or so, and
  // sometimes has something else happen. Who is told that there is no connection waits for one for
  // a moment.
  void MakeRandomCall();

  const SoakTally& tally() const { return tally_; }

 private:
  // From 0 to `limit` - 1.
  uint64_t Draw(uint64_t limit) { return lots_() % limit; }
  Ending DrawEnding();
  void MakeCall(Style style, Kind kind, Ending ending, ChannelRef channel);

  const SoakWorld& world_;
  std::mt19937_64 lots_;
  SoakTally tally_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_SOAK_TRAFFIC_H_
