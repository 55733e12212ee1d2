// SPDX-License-Identifier: Apache-2.0
//
// Against NIST's vectors: FIPS 180-4's examples, and some of the SHA Test Vectors for Hashing
// Byte-Oriented Messages (SHA256ShortMsg.rsp, SHA256LongMsg.rsp).
#include "src/base/sha256.h"

#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

std::string HexOf(Sha256& hash) {
  const Sha256::Bytes digest = hash.Digest();
  return absl::BytesToHexString(std::string(digest.begin(), digest.end()));
}

std::string HashOf(absl::string_view bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return HexOf(hash);
}

TEST(Sha256, OfTheExamples) {
  EXPECT_EQ(HashOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(HashOf("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(HashOf("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno"
                   "ijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
  EXPECT_EQ(HashOf(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfShortMessages) {
  EXPECT_EQ(HashOf(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(HashOf("\xd3"), "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1");
  EXPECT_EQ(HashOf("\x11\xaf"), "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98");
  EXPECT_EQ(HashOf("\xb4\x19\x0e"),
            "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2");
  EXPECT_EQ(HashOf("\x74\xba\x25\x21"),
            "b16aa56be3880d18cd41e68384cf1ec8c17680c45a02b1575dc1518923ae8b0e");
}

// A message ends everywhere within a block, and is added in any pieces.
TEST(Sha256, OfEachLengthInAnyPieces) {
  for (std::size_t size = 0; size <= 200; ++size) {
    const std::string message(size, 'q');
    Sha256 in_pieces;
    for (std::size_t at = 0; at < size; at += 7) in_pieces.Add(message.substr(at, 7));
    EXPECT_EQ(HexOf(in_pieces), HashOf(message)) << size;
  }
}

}  // namespace
}  // namespace fusebox::internal
