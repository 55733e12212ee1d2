// SPDX-License-Identifier: Apache-2.0
//
// From what a user calls an endpoint to the processes behind it.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_TARGET_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_TARGET_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace fuseboxctl {

// One process to ask.
struct Target {
  std::string name;         // what it is called on the screen: "10.0.0.7:50051", "unix:/run/x"
  std::string uri;          // what gRPC calls it: "ipv4:10.0.0.7:50051"
  std::string place;        // where it is tried first, however that was written; empty: nowhere
  std::string server_name;  // what its certificate must say; empty: what gRPC takes from the uri
  std::string authority;    // what to ask it for; empty: what gRPC takes from the uri
  bool is_local = false;    // what is sent to the uri stays on this machine: nobody else can listen
  absl::Status lookup;      // why there is no address, if so; then there is no uri
};

// The numeric addresses of a host name, or why there are none.
struct Addresses {
  std::vector<std::string> v4;
  std::vector<std::string> v6;
};
using Lookup = std::function<absl::StatusOr<Addresses>(const std::string& host)>;

// How to get there: by the shortest way, or by the proxy that the environment names.
enum class Route { kDirect, kProxy };

// By getaddrinfo.
absl::StatusOr<Addresses> LookUp(const std::string& host);

// `endpoint` is "host:port", "10.0.0.7:50051", "[::1]:50051", or "unix:/path", of which the path is
// taken as it is written. A name with several
// addresses gives a target for each; one that has both kinds is asked over IPv4 alone, since each
// process would otherwise be asked twice. One that cannot be looked up gives a target that says so.
// Through a proxy a name is the proxy's to look up, and nothing but a unix socket is local.
//
// INVALID_ARGUMENT, which says what to write, for anything else.
absl::StatusOr<std::vector<Target>> TargetsOf(absl::string_view endpoint, const Lookup& look_up,
                                              Route route = Route::kDirect);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_TARGET_H_
