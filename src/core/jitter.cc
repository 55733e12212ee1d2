// SPDX-License-Identifier: Apache-2.0
#include "src/core/jitter.h"

#include <array>
#include <random>
#include <vector>

#include "absl/numeric/int128.h"
#include "src/core/exact.h"

namespace fusebox::internal {
namespace {

// By std::seed_seq, a mixing function that the C++ standard spells out to the last bit.
uint64_t SeedOf(uint64_t seed, absl::string_view circuit) {
  std::vector<uint32_t> words = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
  for (const char c : circuit) words.push_back(static_cast<unsigned char>(c));
  std::seed_seq sequence(words.begin(), words.end());
  std::array<uint32_t, 2> mixed{};
  sequence.generate(mixed.begin(), mixed.end());
  return uint64_t{mixed[0]} << 32 | mixed[1];
}

}  // namespace

int64_t Jitter::Draw() {
  // Its state is all of it, and what it gives is its next one.
  Generator generator(has_drawn_ ? value_ : SeedOf(value_, circuit_));
  has_drawn_ = true;
  uint64_t random = value_ = generator();
  // Here, and not in the seed: the process may have been forked since.
  if (!seed_given_) random = MixBits(random ^ ProcessSalt());
  return static_cast<int64_t>(absl::uint128(random) * (2 * kOne) >> 64) - kOne;
}

}  // namespace fusebox::internal
