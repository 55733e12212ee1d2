// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_BASE_SHA256_H_
#define FUSEBOX_SRC_BASE_SHA256_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// SHA-256 (FIPS 180-4). For names that must be the same on every platform and forever, which
// absl::Hash promises of nothing; not for secrets: it takes a time that depends on its input.
//
//   Sha256 hash;
//   hash.Add("abc");
//   hash.Digest();
class Sha256 {
 public:
  using Bytes = std::array<uint8_t, 32>;

  void Add(absl::string_view bytes);

  // Of all that was added. To be called once, at the end.
  Bytes Digest();

 private:
  static constexpr std::size_t kBlock = 64;

  void AddByte(uint8_t byte);
  void Compress();

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, kBlock> block_{};
  uint64_t size_ = 0;  // of all that was added, in bytes
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_SHA256_H_
