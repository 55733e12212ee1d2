// SPDX-License-Identifier: Apache-2.0
#include "src/base/sha256.h"

namespace fusebox::internal {
namespace {

// The first 32 bits of the fractions of the cube roots of the first 64 primes.
constexpr std::array<uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr uint32_t RotateRight(uint32_t word, uint32_t bits) {
  return word >> bits | word << (32 - bits);
}

}  // namespace

void Sha256::Add(absl::string_view bytes) {
  for (const char byte : bytes) AddByte(static_cast<uint8_t>(byte));
}

Sha256::Bytes Sha256::Digest() {
  const uint64_t bits = size_ * 8;
  AddByte(0x80);
  while (size_ % kBlock != kBlock - 8) AddByte(0);
  for (int shift = 56; shift >= 0; shift -= 8) AddByte(static_cast<uint8_t>(bits >> shift));
  Bytes digest{};
  for (std::size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - i % 4 * 8));
  }
  return digest;
}

void Sha256::AddByte(uint8_t byte) {
  block_[size_++ % kBlock] = byte;
  if (size_ % kBlock == 0) Compress();
}

void Sha256::Compress() {
  std::array<uint32_t, 64> schedule{};
  for (std::size_t i = 0; i < kBlock; ++i) schedule[i / 4] = schedule[i / 4] << 8 | block_[i];
  for (std::size_t i = 16; i < schedule.size(); ++i) {
    const uint32_t a = schedule[i - 15];
    const uint32_t b = schedule[i - 2];
    schedule[i] = schedule[i - 16] + (RotateRight(a, 7) ^ RotateRight(a, 18) ^ a >> 3) +
                  schedule[i - 7] + (RotateRight(b, 17) ^ RotateRight(b, 19) ^ b >> 10);
  }
  auto [a, b, c, d, e, f, g, h] = state_;
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const uint32_t one = h + (RotateRight(e, 6) ^ RotateRight(e, 11) ^ RotateRight(e, 25)) +
                         ((e & f) ^ (~e & g)) + kRoundConstants[i] + schedule[i];
    const uint32_t two = (RotateRight(a, 2) ^ RotateRight(a, 13) ^ RotateRight(a, 22)) +
                         ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + one;
    d = c;
    c = b;
    b = a;
    a = one + two;
  }
  const std::array<uint32_t, 8> added = {a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state_.size(); ++i) state_[i] += added[i];
}

}  // namespace fusebox::internal
