// SPDX-License-Identifier: Apache-2.0
#include "src/base/wire.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

bool IsWellFormed(const std::string& bytes) {
  WireReader reader(bytes);
  while (reader.Next()) {
  }
  return reader.ok();
}

template <typename Put>
std::string Written(const Put& put) {
  std::string bytes = "before";
  AppendWire(bytes, put);
  EXPECT_EQ(bytes.substr(0, 6), "before");
  return bytes.substr(6);
}

std::string Varint(uint32_t field, uint64_t value) {
  return Written([&](auto& wire) { wire.Varint(field, value); });
}

TEST(WireWriter, WritesAsProtobufDoes) {
  EXPECT_EQ(Varint(1, 1), "\x08\x01");
  EXPECT_EQ(Varint(1, 150), "\x08\x96\x01");
  EXPECT_EQ(Written([](auto& wire) { wire.Bytes(2, "testing"); }), "\x12\x07testing");
  EXPECT_EQ(Varint(16, 1), "\x80\x01\x01");
  EXPECT_EQ(Varint(1, std::numeric_limits<uint64_t>::max()),
            "\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01");
}

TEST(WireWriter, LeavesOutZeroAndEmptyButNotAnEmptyMessage) {
  EXPECT_EQ(Varint(1, 0), "");
  EXPECT_EQ(Written([](auto& wire) { wire.Bytes(2, ""); }), "");
  EXPECT_EQ(Written([](auto& wire) { wire.Message(3, [](auto&) {}); }), std::string("\x1A\x00", 2));
}

TEST(WireWriter, WritesTheLengthOfMessagesInMessages) {
  const std::string text(200, 'x');
  const std::string bytes = Written([&](auto& wire) {
    wire.Message(1, [&](auto& outer) {
      outer.Varint(2, 7);
      outer.Message(3, [&](auto& inner) { inner.Bytes(4, text); });
    });
  });
  EXPECT_EQ(bytes, "\x0A\xD0\x01\x10\x07\x1A\xCB\x01\x22\xC8\x01" + text);
}

TEST(WireReader, ReadsWhatTheWriterWrote) {
  const std::string bytes = Written([](auto& wire) {
    wire.Varint(1, 1ULL << 63);
    wire.Bytes(2000, "abc");
    wire.Message(3, [](auto&) {});
  });
  WireReader reader(bytes);
  std::optional<WireReader::Field> field = reader.Next();
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 1U);
  EXPECT_EQ(field->varint, 1ULL << 63);
  field = reader.Next();
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 2000U);
  EXPECT_EQ(field->bytes, "abc");
  field = reader.Next();
  ASSERT_TRUE(field.has_value());
  EXPECT_EQ(field->number, 3U);
  EXPECT_EQ(field->bytes, "");
  EXPECT_FALSE(reader.Next().has_value());
  EXPECT_TRUE(reader.ok());
}

TEST(WireReader, AnEmptyMessageIsWellFormed) { EXPECT_TRUE(IsWellFormed("")); }

TEST(WireReader, MalformedBytesEndTheReading) {
  EXPECT_FALSE(IsWellFormed("\x08"));                            // a tag without its varint
  EXPECT_FALSE(IsWellFormed("\x08\x80"));                        // a varint that does not end
  EXPECT_FALSE(IsWellFormed("\x08" + std::string(10, '\x80')));  // nor does this, in ten bytes
  EXPECT_FALSE(IsWellFormed("\x12"));                            // no length
  EXPECT_FALSE(IsWellFormed("\x12\x05" + std::string("abcd")));  // too short
  EXPECT_FALSE(IsWellFormed("\x12\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"));  // 2^64 - 1 bytes
  EXPECT_FALSE(IsWellFormed("\x0D\x01\x02\x03"));                              // fixed32 of three
  EXPECT_FALSE(IsWellFormed("\x09\x01\x02\x03\x04\x05\x06\x07"));              // fixed64 of seven
  EXPECT_FALSE(IsWellFormed(std::string("\x00\x01", 2)));                      // field number 0
  EXPECT_FALSE(IsWellFormed("\x0B\x0C"));                                      // groups
  EXPECT_FALSE(IsWellFormed("\x0E\x01"));                                      // no such wire type
  EXPECT_FALSE(IsWellFormed("\xF8\xFF\xFF\xFF\xFF\xFF\x01\x01"));  // field number beyond 32 bits
}

TEST(WireReader, StaysAtTheEndAfterAnError) {
  WireReader reader("\x08");
  EXPECT_FALSE(reader.Next().has_value());
  EXPECT_FALSE(reader.Next().has_value());
  EXPECT_FALSE(reader.ok());
}

TEST(WireReader, ALongRunOfSkippedFieldsTakesNoStack) {
  const std::string fixed32 = "\x0D\x01\x02\x03\x04";
  std::string bytes;
  for (int i = 0; i < 2'000'000; ++i) bytes += fixed32;
  EXPECT_TRUE(IsWellFormed(bytes));
}

TEST(WireValues, AreThoseOfAFieldInTheirOrder) {
  const std::string message = Written([](auto& wire) {
    wire.Bytes(2, "first");
    wire.Varint(1, 7);
    wire.Bytes(3, "other");
    wire.Message(2, [](auto& /*empty*/) {});
    wire.Bytes(2, "last");
  });
  EXPECT_EQ(WireValues(message, 2), (std::vector<absl::string_view>{"first", "", "last"}));
  EXPECT_EQ(WireValue(message, 2), "last");
  EXPECT_EQ(WireValue(message, 3), "other");
  EXPECT_EQ(WireValue(message, 4), "");
}

TEST(WireValues, OfAMalformedMessageThereAreNone) {
  const std::string message = Written([](auto& wire) { wire.Bytes(2, "testing"); });
  EXPECT_TRUE(WireValues(message + "\x12", 2).empty());
  EXPECT_TRUE(WireValues(message.substr(0, 5), 2).empty());
}

}  // namespace
}  // namespace fusebox::internal
