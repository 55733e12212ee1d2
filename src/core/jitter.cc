// SPDX-License-Identifier: Apache-2.0
#include "src/core/jitter.h"

#include <array>
#include <random>
#include <vector>

namespace fusebox {
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

Jitter::Jitter(uint64_t seed, absl::string_view circuit) : generator_(SeedOf(seed, circuit)) {}

double Jitter::Draw() {
  constexpr int kDoubleBits = 53;
  const uint64_t random = generator_() >> (64 - kDoubleBits);
  return 2 * (static_cast<double>(random) / (1LL << kDoubleBits)) - 1;
}

}  // namespace fusebox
