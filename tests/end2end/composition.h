// SPDX-License-Identifier: Apache-2.0
//
// What the tests ask of a circuit that met something else of gRPC's: that a call is one call, and
// has one outcome.
#ifndef FUSEBOX_TESTS_END2END_COMPOSITION_H_
#define FUSEBOX_TESTS_END2END_COMPOSITION_H_

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "fusebox/circuit_breaker.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/snapshot.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"

namespace fusebox_testing {

// What has become of all the calls of a circuit; `in_flight` is to be 0.
struct Tally {
  int64_t success = 0;
  int64_t failure = 0;
  int64_t ignored = 0;
  int64_t rejected = 0;
  int64_t in_flight = 0;

  friend bool operator==(const Tally& a, const Tally& b) {
    return a.success == b.success && a.failure == b.failure && a.ignored == b.ignored &&
           a.rejected == b.rejected && a.in_flight == b.in_flight;
  }
  friend void PrintTo(const Tally& tally, std::ostream* out) {
    *out << "success " << tally.success << ", failure " << tally.failure << ", ignored "
         << tally.ignored << ", rejected " << tally.rejected << ", in flight " << tally.in_flight;
  }
};

inline Tally Successes(int64_t count) { return {count, 0, 0, 0, 0}; }
inline Tally Failures(int64_t count) { return {0, count, 0, 0, 0}; }
inline Tally Ignored(int64_t count) { return {0, 0, count, 0, 0}; }
inline Tally Rejections(int64_t count) { return {0, 0, 0, count, 0}; }

// The factory; aborts the test program if there is none.
std::unique_ptr<fusebox::CircuitBreakerInterceptorFactory> MustCreateFactory(
    fusebox::InterceptorOptions options);

// A case of a channel over `shared_`, whose circuits can be moved by hand.
class CompositionTest : public EveryCallTest {
 protected:
  // The method's circuit, which may be made now.
  std::shared_ptr<fusebox::CircuitBreaker> Circuit() const;

  fusebox::CircuitSnapshot Snapshot() const { return Circuit()->Snapshot(); }
  Tally Calls() const;

  // By two failures that don't count in Calls().
  void Open();
  void HalfOpen();

  TestRegistry shared_;

 private:
  int64_t failures_by_hand_ = 0;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_COMPOSITION_H_
