// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/message_maker.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "src/compat/compat.h"

namespace fusebox_testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMaxDepth = 4;
constexpr int kMaxFields = 6;  // set in one message; a repeated one may be set again
constexpr std::size_t kMaxText = 2'000;

constexpr std::array<int64_t, 13> kNumbers = {0,
                                              1,
                                              2,
                                              5,
                                              20,
                                              100,
                                              1'000,
                                              1'001,
                                              -1,
                                              1'000'000,
                                              1'000'001,
                                              std::numeric_limits<int64_t>::max(),
                                              std::numeric_limits<int64_t>::min()};
constexpr std::array<double, 10> kFractions = {0,
                                               1e-9,
                                               0.05,
                                               0.5,
                                               1,
                                               1.5,
                                               100,
                                               -1,
                                               std::numeric_limits<double>::infinity(),
                                               std::numeric_limits<double>::quiet_NaN()};

struct Time {
  int64_t seconds;
  int32_t nanos;
};
constexpr std::array<Time, 12> kTimes = {{{0, 0},
                                          {0, 1},
                                          {0, 1'000},
                                          {0, 1'000'000},
                                          {1, 0},
                                          {10, 500'000'000},
                                          {86'400, 0},
                                          {86'400, 1},
                                          {31'536'000, 0},
                                          {315'576'000'000, 999'999'999},
                                          {1, -1},
                                          {-1, 0}}};

}  // namespace

std::string MessageMaker::Text() {
  if (data_.ConsumeIntegralInRange(0, 3) > 0) return Pick(words_, data_);
  // ASCII: other bytes may be not UTF-8, and then no request that holds them gets through gRPC.
  std::string text = data_.ConsumeRandomLengthString(kMaxText);
  for (char& c : text) c = static_cast<char>(c & 0x7F);
  return text;
}

void MessageMaker::Fill(Message& message, int depth) {
  if (data_.ConsumeIntegralInRange(0, 15) == 0) {
    const fusebox::internal::ProtobufSilencer no_complaints;
    const std::string bytes = data_.ConsumeRandomLengthString(kMaxText);
    if (!message.ParsePartialFromString(bytes)) message.Clear();
    return;
  }
  if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    FillDuration(message);
    return;
  }
  const int fields = message.GetDescriptor()->field_count();
  if (fields == 0) return;
  for (int left = data_.ConsumeIntegralInRange(0, kMaxFields); left > 0; --left) {
    const int field = data_.ConsumeIntegralInRange(0, fields - 1);
    SetField(message, *message.GetDescriptor()->field(field), depth);
  }
}

void MessageMaker::FillDuration(Message& message) {
  auto& duration = static_cast<google::protobuf::Duration&>(message);
  const Time& time = Pick(kTimes, data_);
  duration.set_seconds(time.seconds);
  duration.set_nanos(time.nanos);
}

void MessageMaker::SetField(Message& message, const FieldDescriptor& field, int depth) {
  const Reflection& reflection = *message.GetReflection();
  const bool repeated = field.is_repeated();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (depth == kMaxDepth) return;
      Fill(*(repeated ? reflection.AddMessage(&message, &field)
                      : reflection.MutableMessage(&message, &field)),
           depth + 1);
      return;
    case FieldDescriptor::CPPTYPE_STRING:
      repeated ? reflection.AddString(&message, &field, Text())
               : reflection.SetString(&message, &field, Text());
      return;
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = data_.ConsumeIntegralInRange(-1, 5);
      repeated ? reflection.AddEnumValue(&message, &field, value)
               : reflection.SetEnumValue(&message, &field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection.SetBool(&message, &field, data_.ConsumeBool());
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflection.SetDouble(
          &message, &field,
          data_.ConsumeBool() ? Pick(kFractions, data_) : data_.ConsumeProbability<double>());
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection.SetInt32(&message, &field, static_cast<int32_t>(Pick(kNumbers, data_)));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection.SetInt64(
          &message, &field,
          data_.ConsumeBool() ? Pick(kNumbers, data_) : data_.ConsumeIntegral<uint8_t>());
    case FieldDescriptor::CPPTYPE_UINT64:
      return reflection.SetUInt64(&message, &field,
                                  data_.ConsumeBool() ? data_.ConsumeIntegral<uint64_t>()
                                                      : data_.ConsumeIntegral<uint8_t>());
    default:  // the protos have no other
      return;
  }
}

}  // namespace fusebox_testing
