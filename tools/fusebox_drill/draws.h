// SPDX-License-Identifier: Apache-2.0
//
// All that is random in the world. What a call draws depends on the seed, the call and what it is
// drawn for, and not on what was drawn before: so every policy meets the same calls.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_DRAWS_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_DRAWS_H_

#include <cmath>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace fusebox_drill {

// What something is drawn for.
enum class Draw : uint64_t {
  kGap,
  kThinning,
  kLength,
  kClient,
  kMethod,
  kBackend,
  kError,
  kDelay,
  kService,
  kServiceAngle,
};

// The seed that a text stands for: its FNV-1a hash of 64 bits, so the same on every platform. Who
// takes a text that is settled otherwise, as a commit's hash, can't choose seeds that suit a
// policy.
constexpr uint64_t SeedOf(absl::string_view text) {
  uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

class Draws {
 public:
  explicit Draws(uint64_t seed) : seed_(Mix(seed + 1)) {}

  // From [0, 1). `place` is a call, a phase or whatever is counted; a retry of a call is an attempt
  // of its own.
  double Uniform(Draw what, int64_t place, int attempt = 0) const {
    const uint64_t key = static_cast<uint64_t>(place) * 1024 + static_cast<uint64_t>(attempt) * 32 +
                         static_cast<uint64_t>(what);
    return static_cast<double>(Mix(seed_ ^ Mix(key)) >> 11) * 0x1p-53;
  }

  // One of `count`.
  int OneOf(int count, Draw what, int64_t place, int attempt = 0) const {
    return count <= 1 ? 0 : static_cast<int>(Uniform(what, place, attempt) * count);
  }

  // Exponential, of mean 1.
  double Exponential(Draw what, int64_t place) const { return -std::log1p(-Uniform(what, place)); }

  // Lognormal, of mean 1: `sigma` is the deviation of its logarithm. By Box and Muller.
  double Lognormal(double sigma, int64_t place, int attempt) const {
    constexpr double kTurn = 6.283185307179586;
    const double radius = std::sqrt(-2 * std::log1p(-Uniform(Draw::kService, place, attempt)));
    const double angle = kTurn * Uniform(Draw::kServiceAngle, place, attempt);
    return std::exp(sigma * radius * std::cos(angle) - sigma * sigma / 2);
  }

 private:
  // splitmix64 by Sebastiano Vigna.
  static constexpr uint64_t Mix(uint64_t x) {
    x += 0x9E3779B97F4A7C15U;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9U;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBU;
    return x ^ (x >> 31);
  }

  const uint64_t seed_;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_DRAWS_H_
