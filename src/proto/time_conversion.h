// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_PROTO_TIME_CONVERSION_H_
#define FUSEBOX_SRC_PROTO_TIME_CONVERSION_H_

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <optional>

#include "absl/time/time.h"

namespace fusebox::internal {

google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

absl::Time FromProto(const google::protobuf::Timestamp& time);

// Empty for a message that is not a duration: out of range, or with seconds and nanoseconds of
// different signs.
std::optional<absl::Duration> FromProto(const google::protobuf::Duration& duration);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_PROTO_TIME_CONVERSION_H_
