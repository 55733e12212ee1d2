// SPDX-License-Identifier: Apache-2.0
#include "src/admin/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"

namespace fusebox::internal {
namespace {

// Of an IPv6 address: whoever has one has all that begin with the same 64 bits.
constexpr std::size_t kSiteBytes = 8;

// The address of "127.0.0.1:1234" or "[::1]:1234", without brackets. gRPC writes those of IPv6
// addresses as in a URI.
std::string HostOf(absl::string_view address) {
  const std::string text = absl::StrReplaceAll(address, {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  absl::string_view host = absl::string_view(text).substr(0, text.rfind(':'));
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
  // Whoever is here could call from any of the loopback addresses, or bind its socket to any path.
  if (LocalPeerName(peer)) return "local";
  const bool v6 = absl::StartsWith(peer, "ipv6:");
  if (!v6 && !absl::StartsWith(peer, "ipv4:")) return std::string(peer);
  std::string host = HostOf(peer.substr(5));
  in6_addr address{};
  const std::size_t scope = std::min(host.find('%'), host.size());
  if (!v6 || inet_pton(AF_INET6, host.substr(0, scope).c_str(), &address) != 1) return host;
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    return inet_ntop(AF_INET, &address.s6_addr[12], text.data(), text.size());
  }
  std::fill(std::begin(address.s6_addr) + kSiteBytes, std::end(address.s6_addr), 0);
  inet_ntop(AF_INET6, &address, text.data(), text.size());
  return absl::StrCat(text.data(), "/64", host.substr(scope));
}

std::optional<std::string> LocalPeerName(absl::string_view peer) {
  if (absl::StartsWith(peer, "unix:") || absl::StartsWith(peer, "unix-abstract:")) {
    return "local unix socket";
  }
  if (peer == "inproc" || absl::StartsWith(peer, "inproc:")) return "local process";
  if (!absl::ConsumePrefix(&peer, "ipv4:") && !absl::ConsumePrefix(&peer, "ipv6:")) {
    return std::nullopt;
  }
  const std::string host = HostOf(peer);
  if (!IsLoopback(host)) return std::nullopt;
  return absl::StrCat("local ", host);
}

bool IsPrivate(absl::string_view peer, absl::string_view security_level) {
  return security_level == "TSI_PRIVACY_AND_INTEGRITY" || LocalPeerName(peer).has_value();
}

}  // namespace fusebox::internal
