// SPDX-License-Identifier: Apache-2.0
#include "src/proto/time_conversion.h"

#include <cstdint>

namespace fusebox::internal {
namespace {

constexpr int64_t kMaxSeconds = 315'576'000'000;  // as google/protobuf/duration.proto states it
constexpr int32_t kMaxNanos = 999'999'999;

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp proto;
  proto.set_seconds(absl::ToUnixSeconds(time));  // rounds down
  const absl::Duration rest = time - absl::FromUnixSeconds(proto.seconds());
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  google::protobuf::Duration proto;
  absl::Duration rest;
  proto.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

std::optional<absl::Duration> FromProto(const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  if (seconds < -kMaxSeconds || seconds > kMaxSeconds) return std::nullopt;
  if (nanos < -kMaxNanos || nanos > kMaxNanos) return std::nullopt;
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) return std::nullopt;
  return absl::Seconds(seconds) + absl::Nanoseconds(nanos);
}

}  // namespace fusebox::internal
