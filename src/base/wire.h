// SPDX-License-Identifier: Apache-2.0
//
// The little of protobuf's wire format that details of a status need, written and read field by
// field, so that no google/rpc/*.proto has to be registered (docs/rules.md).
#ifndef FUSEBOX_SRC_BASE_WIRE_H_
#define FUSEBOX_SRC_BASE_WIRE_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// Fields are put by a function of a `wire`, which is given a WireSize first, to know how long it
// all is, and then a WireWriter:
//
//   AppendWire(bytes, [&](auto& wire) {
//     wire.Varint(1, 14);
//     wire.Message(3, [&](auto& any) { any.Bytes(1, type_url); });
//   });
//
// It is all here for the compiler to see: a rejection is written for each rejected call.

enum class WireType : uint32_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

inline constexpr uint32_t kWireTypeBits = 3;

constexpr uint64_t WireTag(uint32_t field, WireType type) {
  return uint64_t{field} << kWireTypeBits | static_cast<uint64_t>(type);
}

class WireSize {
 public:
  // A field whose value is zero or empty is left out, as proto3 does.
  void Varint(uint32_t field, uint64_t value) {
    if (value != 0) size_ += OfVarint(WireTag(field, WireType::kVarint)) + OfVarint(value);
  }
  void Bytes(uint32_t field, absl::string_view value) {
    if (!value.empty()) AddDelimited(field, value.size());
  }

  // A submessage, or an entry of a map, with what `put` puts. It is there even when it is empty.
  template <typename Put>
  void Message(uint32_t field, const Put& put) {
    AddDelimited(field, Of(put));
  }

  // What `put` puts.
  template <typename Put>
  static std::size_t Of(const Put& put) {
    WireSize inside;
    put(inside);
    return inside.size_;
  }

 private:
  static std::size_t OfVarint(uint64_t value) {
    std::size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
  }
  void AddDelimited(uint32_t field, std::size_t size) {
    size_ += OfVarint(WireTag(field, WireType::kLengthDelimited)) + OfVarint(size) + size;
  }

  std::size_t size_ = 0;
};

// Writes from there on: to where there is room for it all.
class WireWriter {
 public:
  explicit WireWriter(char* next) : next_(next) {}

  void Varint(uint32_t field, uint64_t value) {
    if (value == 0) return;
    WriteVarint(WireTag(field, WireType::kVarint));
    WriteVarint(value);
  }
  void Bytes(uint32_t field, absl::string_view value) {
    if (value.empty()) return;
    WriteHeader(field, value.size());
    next_ = std::copy(value.begin(), value.end(), next_);
  }
  template <typename Put>
  void Message(uint32_t field, const Put& put) {
    WriteHeader(field, WireSize::Of(put));
    put(*this);
  }

 private:
  void WriteHeader(uint32_t field, std::size_t size) {
    WriteVarint(WireTag(field, WireType::kLengthDelimited));
    WriteVarint(size);
  }
  void WriteVarint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) *next_++ = static_cast<char>(value | 0x80);
    *next_++ = static_cast<char>(value);
  }

  char* next_;
};

// Of a string that is used again and again, this allocates nothing.
template <typename Put>
void AppendWire(std::string& bytes, const Put& put) {
  const std::size_t before = bytes.size();
  bytes.resize(before + WireSize::Of(put));
  WireWriter writer(&bytes[before]);
  put(writer);
}

// Goes through the fields of a message.
//
//   WireReader reader(bytes);
//   while (std::optional<WireReader::Field> field = reader.Next()) ...
//   if (!reader.ok()) // malformed
class WireReader {
 public:
  explicit WireReader(absl::string_view bytes) : rest_(bytes) {}

  struct Field {
    uint32_t number = 0;
    uint64_t varint = 0;      // of a varint field
    absl::string_view bytes;  // of a length-delimited field
  };

  // The next field; fixed-width fields, which no message of ours has, are skipped. Empty at the end
  // and at the first malformed byte.
  std::optional<Field> Next();

  bool ok() const { return ok_; }

 private:
  std::optional<uint64_t> ReadVarint();
  std::optional<absl::string_view> ReadBytes(uint64_t size);
  std::optional<Field> Fail();

  absl::string_view rest_;
  bool ok_ = true;
};

// The values of a field of strings, bytes or messages, in their order; none if the message is
// malformed. They refer to `message`.
std::vector<absl::string_view> WireValues(absl::string_view message, uint32_t field);

// That of one which isn't repeated: the last. Empty if there is none.
absl::string_view WireValue(absl::string_view message, uint32_t field);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_WIRE_H_
