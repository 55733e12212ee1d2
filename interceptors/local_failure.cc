// SPDX-License-Identifier: Apache-2.0
#include "interceptors/local_failure.h"

#include <algorithm>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace fusebox::internal {
namespace {

// As gRPC writes the address of a server that has answered. What isn't one is a target.
bool IsAddress(absl::string_view peer) {
  constexpr std::array<absl::string_view, 7> kSchemes = {
      "ipv4:", "ipv6:", "unix:", "unix-abstract:", "vsock:", "inproc", "fd:"};
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](absl::string_view scheme) { return absl::StartsWith(peer, scheme); });
}

bool MayBeTarget(absl::string_view peer, absl::string_view target) {
  return peer == target || !IsAddress(peer);
}

bool IsInTable(grpc::StatusCode code, absl::string_view message) {
  absl::ConsumePrefix(&message, "CLIENT: ");  // a server's limits say "SERVER: "
  return std::any_of(kLocalFailures.begin(), kLocalFailures.end(), [&](const LocalFailure& local) {
    return local.code == code && absl::StartsWith(message, local.text);
  });
}

}  // namespace

bool IsLocalFailure(const grpc::Status& status, absl::string_view peer, absl::string_view target) {
  return MayBeTarget(peer, target) && IsInTable(status.error_code(), status.error_message());
}

bool IsUnconnected(const grpc::Status& status, absl::string_view peer, absl::string_view target) {
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE || !MayBeTarget(peer, target)) {
    return false;
  }
  const std::string message = status.error_message();
  return absl::StartsWith(message, "failed to connect to all addresses") ||  // pick_first
         absl::StartsWith(message, "connections to all backends failing");   // round_robin
}

bool IsMessageLimit(const grpc::Status& status) {
  // The limits are all that the table has of this code, and a server words its own alike.
  if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) return false;
  const std::string message = status.error_message();
  return IsInTable(status.error_code(), absl::StripPrefix(message, "SERVER: "));
}

bool IsOwnSendLimit(const grpc::Status& status, int limit) {
  if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) return false;
  const std::string message = status.error_message();
  absl::string_view text = message;
  absl::ConsumePrefix(&text, "CLIENT: ");
  return absl::StartsWith(text, "Sent message larger than max (") &&
         absl::EndsWith(text, absl::StrCat(" vs. ", limit, ")"));
}

}  // namespace fusebox::internal
