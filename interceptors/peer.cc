// SPDX-License-Identifier: Apache-2.0
#include "interceptors/peer.h"

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace fusebox::internal {

std::string PeerText(absl::string_view peer) {
  if (absl::ConsumePrefix(&peer, "ipv4:")) return std::string(peer);
  if (!absl::ConsumePrefix(&peer, "ipv6:")) return std::string(peer);
  // gRPC writes it as a URI.
  return absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
}

}  // namespace fusebox::internal
