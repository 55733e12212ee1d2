// SPDX-License-Identifier: Apache-2.0
//
// The little of protobuf's wire format that a rejection needs, written and read field by field, so
// that no google/rpc/*.proto has to be registered (DESIGN section 4).
#ifndef FUSEBOX_SRC_CORE_REJECTION_WIRE_H_
#define FUSEBOX_SRC_CORE_REJECTION_WIRE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fusebox {

class WireWriter {
 public:
  // A field whose value is zero or empty is left out, as proto3 does.
  WireWriter& Varint(uint32_t field, uint64_t value);
  WireWriter& Bytes(uint32_t field, absl::string_view value);

  // A submessage, or an entry of a map, is there even when it is empty.
  WireWriter& Message(uint32_t field, absl::string_view value);

  const std::string& bytes() const { return bytes_; }

 private:
  void AppendVarint(uint64_t value);

  std::string bytes_;
};

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

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_REJECTION_WIRE_H_
