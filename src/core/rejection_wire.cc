// SPDX-License-Identifier: Apache-2.0
#include "src/core/rejection_wire.h"

#include "absl/strings/string_view.h"

namespace fusebox {
namespace {

enum WireType : uint64_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

constexpr uint64_t kTypeBits = 3;
constexpr uint64_t kTypeMask = 7;

uint64_t Tag(uint32_t field, WireType type) { return uint64_t{field} << kTypeBits | type; }

}  // namespace

WireWriter& WireWriter::Varint(uint32_t field, uint64_t value) {
  if (value == 0) return *this;
  AppendVarint(Tag(field, kVarint));
  AppendVarint(value);
  return *this;
}

WireWriter& WireWriter::Bytes(uint32_t field, absl::string_view value) {
  return value.empty() ? *this : Message(field, value);
}

WireWriter& WireWriter::Message(uint32_t field, absl::string_view value) {
  AppendVarint(Tag(field, kLengthDelimited));
  AppendVarint(value.size());
  bytes_.append(value.data(), value.size());
  return *this;
}

void WireWriter::AppendVarint(uint64_t value) {
  for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
  bytes_.push_back(static_cast<char>(value));
}

std::optional<WireReader::Field> WireReader::Next() {
  while (ok_ && !rest_.empty()) {
    const std::optional<uint64_t> tag = ReadVarint();
    if (!tag || *tag >> kTypeBits == 0 || *tag > UINT32_MAX) return Fail();
    Field field;
    field.number = static_cast<uint32_t>(*tag >> kTypeBits);
    switch (*tag & kTypeMask) {
      case kVarint: {
        const std::optional<uint64_t> value = ReadVarint();
        if (!value) return Fail();
        field.varint = *value;
        return field;
      }
      case kLengthDelimited: {
        const std::optional<uint64_t> size = ReadVarint();
        const std::optional<absl::string_view> bytes = size ? ReadBytes(*size) : std::nullopt;
        if (!bytes) return Fail();
        field.bytes = *bytes;
        return field;
      }
      case kFixed64:
        if (!ReadBytes(8)) return Fail();
        break;
      case kFixed32:
        if (!ReadBytes(4)) return Fail();
        break;
      default:
        return Fail();
    }
  }
  return std::nullopt;
}

std::optional<uint64_t> WireReader::ReadVarint() {
  uint64_t value = 0;
  for (uint32_t shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

std::optional<absl::string_view> WireReader::ReadBytes(uint64_t size) {
  if (size > rest_.size()) return std::nullopt;
  const absl::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

std::optional<WireReader::Field> WireReader::Fail() {
  ok_ = false;
  return std::nullopt;
}

}  // namespace fusebox
