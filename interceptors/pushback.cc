// SPDX-License-Identifier: Apache-2.0
#include "interceptors/pushback.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "fusebox/rejection.h"

namespace fusebox::internal {
namespace {

absl::Duration InMetadata(const CallResult::Metadata& trailing_metadata) {
  const auto found = trailing_metadata.find("grpc-retry-pushback-ms");
  if (found == trailing_metadata.end()) return absl::ZeroDuration();
  int64_t milliseconds = 0;
  const absl::string_view text(found->second.data(), found->second.size());
  if (!absl::SimpleAtoi(text, &milliseconds)) return absl::ZeroDuration();
  return absl::Milliseconds(milliseconds);
}

}  // namespace

absl::Duration PushbackOf(const grpc::Status& status,
                          const CallResult::Metadata& trailing_metadata) {
  const std::string details = status.error_details();
  if (HasRejectionInfo(details)) return absl::ZeroDuration();
  const absl::Duration in_details = DecodeRetryDelay(details).value_or(absl::ZeroDuration());
  return std::max({absl::ZeroDuration(), InMetadata(trailing_metadata), in_details});
}

}  // namespace fusebox::internal
