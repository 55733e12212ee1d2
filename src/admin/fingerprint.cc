// SPDX-License-Identifier: Apache-2.0
#include "src/admin/fingerprint.h"

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace fusebox::internal {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// FNV-1a.
class Hash {
 public:
  void AddNumber(uint64_t number) {
    for (int shift = 0; shift < 64; shift += 8) AddByte((number >> shift) & 0xFFU);
  }

  void AddText(absl::string_view text) {
    AddNumber(text.size());  // or "a", "bc" would be "ab", "c"
    for (const char byte : text) AddByte(static_cast<unsigned char>(byte));
  }

  uint64_t value() const { return value_; }

 private:
  void AddByte(uint64_t byte) { value_ = (value_ ^ byte) * 1'099'511'628'211U; }

  uint64_t value_ = 14'695'981'039'346'656'037U;
};

uint64_t BitsOf(double number) {
  uint64_t bits = 0;
  static_assert(sizeof(bits) == sizeof(number), "a double has 64 bits");
  std::memcpy(&bits, &number, sizeof(bits));
  return bits;
}

void AddMessage(const Message& message, Hash& hash);

// The types that fields of policies and filters have; the tests see to it that there are no others.
void AddSingle(const Message& message, const FieldDescriptor& field, Hash& hash) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return AddMessage(reflection.GetMessage(message, &field), hash);
    case FieldDescriptor::CPPTYPE_INT32:
      return hash.AddNumber(static_cast<uint64_t>(reflection.GetInt32(message, &field)));
    case FieldDescriptor::CPPTYPE_INT64:
      return hash.AddNumber(static_cast<uint64_t>(reflection.GetInt64(message, &field)));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return hash.AddNumber(BitsOf(reflection.GetDouble(message, &field)));
    case FieldDescriptor::CPPTYPE_BOOL:
      return hash.AddNumber(reflection.GetBool(message, &field) ? 1 : 0);
    default:
      return;
  }
}

void AddRepeated(const Message& message, const FieldDescriptor& field, Hash& hash) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  hash.AddNumber(static_cast<uint64_t>(size));
  std::string scratch;
  for (int i = 0; i < size; ++i) {
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        hash.AddText(reflection.GetRepeatedStringReference(message, &field, i, &scratch));
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        hash.AddNumber(static_cast<uint64_t>(reflection.GetRepeatedEnumValue(message, &field, i)));
        break;
      default:
        break;
    }
  }
}

// The fields that are set, in the order of their numbers.
void AddMessage(const Message& message, Hash& hash) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  hash.AddNumber(fields.size());
  for (const FieldDescriptor* const field : fields) {
    hash.AddNumber(static_cast<uint64_t>(field->number()));
    field->is_repeated() ? AddRepeated(message, *field, hash) : AddSingle(message, *field, hash);
  }
}

}  // namespace

std::string FingerprintOf(const Message& message) {
  Hash hash;
  AddMessage(message, hash);
  return absl::StrCat(absl::Hex(hash.value(), absl::kZeroPad16));
}

}  // namespace fusebox::internal
