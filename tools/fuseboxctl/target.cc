// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/target.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

struct HostPort {
  std::string host;
  std::string port;
};

std::optional<HostPort> Split(absl::string_view endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == absl::string_view::npos || colon == 0) return std::nullopt;
  absl::string_view host = endpoint.substr(0, colon);
  const absl::string_view port = endpoint.substr(colon + 1);
  int number = 0;
  if (!absl::SimpleAtoi(port, &number) || number < 1 || number > 65535) return std::nullopt;
  if (absl::ConsumePrefix(&host, "[")) {
    if (!absl::ConsumeSuffix(&host, "]")) return std::nullopt;
  } else if (absl::StrContains(host, ':')) {
    return std::nullopt;
  }
  if (host.empty() || host.find_first_of("/ \t") != absl::string_view::npos) return std::nullopt;
  return HostPort{std::string(host), std::string(port)};
}

bool IsAddress(int family, const std::string& host) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, host.c_str(), address.data()) == 1;
}

bool IsLoopbackV4(uint32_t address) { return address >> 24U == 127; }

// Whether what is sent to that address stays on this machine, however it is written.
bool IsLoopback(const std::string& address) {
  in_addr v4{};
  if (inet_pton(AF_INET, address.c_str(), &v4) == 1) return IsLoopbackV4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, address.c_str(), &v6) != 1) return false;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

// `text` as a part of a URI: no more of it than letters, digits and what has no meaning there stays
// as it is.
std::string PercentEncode(absl::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::StrContains("-._~/:[]", c)) {
      encoded += c;
    } else {
      absl::StrAppend(&encoded, "%", absl::Hex(byte, absl::kZeroPad2));
    }
  }
  return encoded;
}

// A unix socket's scheme and what comes after it, as it was given: no part of it means anything but
// a path, whatever it would mean in a URI.
absl::StatusOr<Target> UnixTarget(absl::string_view scheme, absl::string_view path) {
  Target target;
  target.name = absl::StrCat(scheme, path);
  const auto refused = [&target](absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Printable(target.name), "\" is not an endpoint: ", what));
  };
  if (absl::ConsumePrefix(&path, "//") && !absl::StartsWith(path, "/")) {
    return refused("a socket is on this machine and has no host: write unix:/path");
  }
  if (path.empty()) return refused("write unix:/path");
  constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
  if (path.size() > kMaxPath) {
    return refused(absl::StrCat("its path has ", path.size(), " bytes, must be 1 to ", kMaxPath));
  }
  target.uri = absl::StrCat(scheme, PercentEncode(path));
  target.place = target.uri;
  target.authority = "localhost";  // what gRPC would make of the path is no host
  target.is_local = true;
  return target;
}

// "10.0.0.7:50051", "[::1]:50051".
std::string Place(absl::string_view host, absl::string_view port) {
  return absl::StrContains(host, ':') ? absl::StrCat("[", host, "]:", port)
                                      : absl::StrCat(host, ":", port);
}

Target AddressTarget(const std::string& address, const std::string& port) {
  Target target;
  const bool v6 = absl::StrContains(address, ':');
  target.name = Place(address, port);
  target.uri = absl::StrCat(v6 ? "ipv6:" : "ipv4:", PercentEncode(target.name));
  target.place = target.name;
  target.is_local = IsLoopback(address);
  return target;
}

// This machine, which may listen at any of these: gRPC tries one after the other. It is not given
// the name, which it would look up again, and differently: a token would follow it.
Target LoopbackTarget(const std::string& name, const HostPort& at, const Addresses& addresses) {
  std::vector<std::string> places;
  for (const std::string& v4 : addresses.v4) {
    places.push_back(addresses.v6.empty() ? absl::StrCat(v4, ":", at.port)
                                          : absl::StrCat("[::ffff:", v4, "]:", at.port));
  }
  for (const std::string& v6 : addresses.v6) places.push_back(absl::StrCat("[", v6, "]:", at.port));
  Target target;
  target.name = name;
  target.uri = absl::StrCat(addresses.v6.empty() ? "ipv4:" : "ipv6:", absl::StrJoin(places, ","));
  target.place = Place(addresses.v4.empty() ? addresses.v6.front() : addresses.v4.front(), at.port);
  target.server_name = at.host;
  target.authority = name;
  target.is_local = true;
  return target;
}

// One address per process, as well as can be told.
std::vector<Target> NameTargets(const HostPort& at, const Lookup& look_up) {
  const std::string name = Place(at.host, at.port);
  absl::StatusOr<Addresses> found = look_up(at.host);
  if (found.ok() && found->v4.empty() && found->v6.empty()) {
    found = absl::UnavailableError("the name has no addresses");
  }
  if (!found.ok()) {
    Target target;
    target.name = name;
    target.lookup = found.status();
    return {target};
  }
  const auto all_loopback = [](const std::vector<std::string>& addresses) {
    return std::all_of(addresses.begin(), addresses.end(), IsLoopback);
  };
  if (all_loopback(found->v4) && all_loopback(found->v6)) {
    return {LoopbackTarget(name, at, *found)};
  }
  std::vector<Target> targets;
  for (const std::string& address : found->v4.empty() ? found->v6 : found->v4) {
    Target target = AddressTarget(address, at.port);
    target.server_name = at.host;
    target.authority = name;
    targets.push_back(std::move(target));
  }
  if (targets.size() == 1) targets.front().name = name;
  return targets;
}

// For a proxy, which looks names up itself. Whatever the address, the bytes leave for the proxy.
Target ProxiedTarget(const HostPort& at) {
  if (IsAddress(AF_INET, at.host) || IsAddress(AF_INET6, at.host)) {
    Target target = AddressTarget(at.host, at.port);
    target.is_local = false;
    return target;
  }
  Target target;
  target.name = Place(at.host, at.port);
  target.uri = absl::StrCat("dns:///", PercentEncode(target.name));
  target.place = target.name;
  return target;
}

}  // namespace

absl::StatusOr<Addresses> LookUp(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (error != 0) {
    return absl::UnavailableError(absl::StrCat("cannot look up the name: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  Addresses addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    std::vector<std::string>& list = one->ai_family == AF_INET6 ? addresses.v6 : addresses.v4;
    if (std::find(list.begin(), list.end(), text.data()) == list.end()) {
      list.emplace_back(text.data());
    }
  }
  return addresses;
}

absl::StatusOr<std::vector<Target>> TargetsOf(absl::string_view endpoint, const Lookup& look_up,
                                              Route route) {
  absl::string_view rest = endpoint;
  for (const absl::string_view scheme : {"unix:", "unix-abstract:"}) {
    if (!absl::ConsumePrefix(&rest, scheme)) continue;
    absl::StatusOr<Target> target = UnixTarget(scheme, rest);
    if (!target.ok()) return target.status();
    return std::vector<Target>{*std::move(target)};
  }
  for (const absl::string_view scheme : {"dns:///", "dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&rest, scheme)) break;
  }
  const std::optional<HostPort> at = Split(rest);
  if (!at) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", Printable(endpoint),
                     "\" is not an endpoint: write host:port, as in 10.0.0.7:50051 or "
                     "[::1]:50051, with a port from 1 to 65535; or unix:/path"));
  }
  if (route == Route::kProxy) return std::vector<Target>{ProxiedTarget(*at)};
  if (IsAddress(AF_INET, at->host) || IsAddress(AF_INET6, at->host)) {
    return std::vector<Target>{AddressTarget(at->host, at->port)};
  }
  return NameTargets(*at, look_up);
}

}  // namespace fuseboxctl
