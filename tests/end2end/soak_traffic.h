// SPDX-License-Identifier: Apache-2.0
//
// Calls of every style and kind, with endings of all sorts, chosen at random.
#ifndef FUSEBOX_TESTS_END2END_SOAK_TRAFFIC_H_
#define FUSEBOX_TESTS_END2END_SOAK_TRAFFIC_H_

#include <grpcpp/channel.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

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

// One thread's calls. It takes turns with the others on channels, server and clock.
//
// Thread-safety: not thread-safe; each thread has one of its own.
class SoakCaller {
 public:
  SoakCaller(uint64_t seed, std::vector<std::shared_ptr<grpc::Channel>> channels,
             ScriptedEcho& server, FakeClock& clock);

  // Makes a call, and waits for its end. It first moves the clock, by what a call takes or so, and
  // sometimes tells the server to do something else from now on.
  void MakeRandomCall();

  // How many of each ending there were.
  const std::array<int64_t, kEndings>& endings() const { return endings_; }

 private:
  // From 0 to `limit` - 1.
  uint64_t Draw(uint64_t limit) { return lots_() % limit; }
  Ending DrawEnding();
  Script DrawScript();
  void MakeCall(Style style, Kind kind, Ending ending, ChannelRef channel);

  const std::vector<std::shared_ptr<grpc::Channel>> channels_;
  ScriptedEcho& server_;
  FakeClock& clock_;
  std::mt19937_64 lots_;
  std::array<int64_t, kEndings> endings_{};
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_SOAK_TRAFFIC_H_
