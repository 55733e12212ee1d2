// SPDX-License-Identifier: Apache-2.0
//
// A google.rpc.Status{code, message, details: [Any{type_url, value}]}, as it is in the details of a
// grpc::Status, written and read field by field, so that google's protos aren't registered in a
// process that may link its own (docs/rules.md).
#ifndef FUSEBOX_SRC_BASE_STATUS_DETAILS_H_
#define FUSEBOX_SRC_BASE_STATUS_DETAILS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/base/wire.h"

namespace fusebox::internal {

inline constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr absl::string_view kBadRequestUrl = "type.googleapis.com/google.rpc.BadRequest";

// With one detail, which has what `put` puts (see AppendWire).
template <typename Put>
std::string StatusWithDetail(int code, absl::string_view message, absl::string_view type_url,
                             const Put& put) {
  std::string bytes;
  AppendWire(bytes, [&](auto& status) {
    status.Varint(1, static_cast<uint64_t>(code));
    status.Bytes(2, message);
    status.Message(3, [&](auto& any) {
      any.Bytes(1, type_url);
      any.Message(2, put);
    });
  });
  return bytes;
}

// The details of that type, whatever the prefix of its URL. They refer to `status`.
std::vector<absl::string_view> DetailsOfType(absl::string_view status, absl::string_view type_url);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_STATUS_DETAILS_H_
