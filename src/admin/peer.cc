// SPDX-License-Identifier: Apache-2.0
#include "src/admin/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace fusebox {
namespace {

// The address of "127.0.0.1:1234" or "[::1]:1234", without brackets.
std::string HostOf(absl::string_view address) {
  absl::string_view host = address.substr(0, address.rfind(':'));
  absl::ConsumePrefix(&host, "[");
  absl::ConsumeSuffix(&host, "]");
  return std::string(host);
}

bool IsLoopbackV4(const in_addr& address) { return ntohl(address.s_addr) >> 24U == 127; }

bool IsLoopback(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return IsLoopbackV4(v4);
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) != 1) return false;
  if (IN6_IS_ADDR_LOOPBACK(&v6)) return true;
  return IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
}

}  // namespace

std::string PeerPlace(absl::string_view peer) {
  const bool has_port = absl::StartsWith(peer, "ipv4:") || absl::StartsWith(peer, "ipv6:");
  return std::string(has_port ? peer.substr(0, peer.rfind(':')) : peer);
}

std::optional<std::string> LocalPeerName(absl::string_view peer) {
  if (absl::StartsWith(peer, "unix:") || absl::StartsWith(peer, "unix-abstract:")) {
    return "local unix socket";
  }
  if (peer == "inproc" || absl::StartsWith(peer, "inproc:")) return "local process";
  if (!absl::ConsumePrefix(&peer, "ipv4:") && !absl::ConsumePrefix(&peer, "ipv6:")) {
    return std::nullopt;
  }
  // gRPC writes the brackets of IPv6 addresses as in a URI.
  const std::string host =
      HostOf(absl::StrReplaceAll(peer, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}}));
  if (!IsLoopback(host)) return std::nullopt;
  return absl::StrCat("local ", host);
}

bool IsPrivate(absl::string_view peer, absl::string_view security_level) {
  return security_level == "TSI_PRIVACY_AND_INTEGRITY" || LocalPeerName(peer).has_value();
}

}  // namespace fusebox
