// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_JITTER_H_
#define FUSEBOX_SRC_CORE_JITTER_H_

#include <cstdint>
#include <random>

#include "absl/strings/string_view.h"
#include "src/base/process.h"

namespace fusebox::internal {

// What random numbers begin with: given, or random.
class Seed {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a number is one.
  Seed(uint64_t given) : value_(given), given_(true) {}
  static Seed Random() { return Seed(FreshRandom(), false); }

  uint64_t value() const { return value_; }
  bool given() const { return given_; }

 private:
  Seed(uint64_t value, bool given) : value_(value), given_(given) {}

  uint64_t value_;
  bool given_;
};

// Random numbers by a seed and a circuit's name: the same ones in every process and build, so that
// a run can be repeated. With a random seed, processes that are forked off this one draw others.
// Small, since every circuit has one; and mixed only when first drawn from, since most circuits
// never open. Not thread-safe.
class Jitter {
 public:
  // `circuit` must outlive it.
  Jitter(Seed seed, absl::string_view circuit)
      : value_(seed.value()), seed_given_(seed.given()), circuit_(circuit) {}

  // Uniform in [-1, 1), in billionths.
  int64_t Draw();

 private:
  // Knuth's, modulo 2^64. Its high bits, which are what is used, are good enough to spread a fleet.
  using Generator =
      std::linear_congruential_engine<uint64_t, 6364136223846793005U, 1442695040888963407U, 0>;

  uint64_t value_;  // the seed; from the first draw on, what the generator is at
  const bool seed_given_;
  bool has_drawn_ = false;
  const absl::string_view circuit_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_JITTER_H_
