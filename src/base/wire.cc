// SPDX-License-Identifier: Apache-2.0
#include "src/base/wire.h"

#include "absl/strings/string_view.h"

namespace fusebox::internal {
namespace {

constexpr uint64_t kTypeMask = 7;

}  // namespace

std::optional<WireReader::Field> WireReader::Next() {
  while (ok_ && !rest_.empty()) {
    const std::optional<uint64_t> tag = ReadVarint();
    if (!tag || *tag >> kWireTypeBits == 0 || *tag > UINT32_MAX) return Fail();
    Field field;
    field.number = static_cast<uint32_t>(*tag >> kWireTypeBits);
    switch (static_cast<WireType>(*tag & kTypeMask)) {
      case WireType::kVarint: {
        const std::optional<uint64_t> value = ReadVarint();
        if (!value) return Fail();
        field.varint = *value;
        return field;
      }
      case WireType::kLengthDelimited: {
        const std::optional<uint64_t> size = ReadVarint();
        const std::optional<absl::string_view> bytes = size ? ReadBytes(*size) : std::nullopt;
        if (!bytes) return Fail();
        field.bytes = *bytes;
        return field;
      }
      case WireType::kFixed64:
        if (!ReadBytes(8)) return Fail();
        break;
      case WireType::kFixed32:
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
  const absl::string_view bytes = rest_.substr(0, static_cast<std::size_t>(size));
  rest_.remove_prefix(bytes.size());
  return bytes;
}

std::optional<WireReader::Field> WireReader::Fail() {
  ok_ = false;
  return std::nullopt;
}

std::vector<absl::string_view> WireValues(absl::string_view message, uint32_t field) {
  std::vector<absl::string_view> values;
  WireReader reader(message);
  while (const std::optional<WireReader::Field> found = reader.Next()) {
    if (found->number == field) values.push_back(found->bytes);
  }
  if (!reader.ok()) values.clear();
  return values;
}

absl::string_view WireValue(absl::string_view message, uint32_t field) {
  const std::vector<absl::string_view> values = WireValues(message, field);
  return values.empty() ? absl::string_view() : values.back();
}

}  // namespace fusebox::internal
