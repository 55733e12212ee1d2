// SPDX-License-Identifier: Apache-2.0
//
// How to reach endpoints: what the flags, the environment and the files they name say.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_CONNECTION_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_CONNECTION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/fuseboxctl/target.h"

namespace fuseboxctl {

// As they were given. What is empty or false is taken from the environment: FUSEBOX_ENDPOINTS and
// so on.
struct ConnectionFlags {
  std::vector<std::string> endpoints;
  bool tls = false;
  std::string ca;
  std::string cert;
  std::string key;
  std::string server_name;
  std::string token_file;
  bool insecure_token = false;
  bool use_proxy = false;
  absl::Duration timeout = absl::Seconds(5);
};

// Ready to connect with.
struct Connection {
  std::vector<Target> targets;  // at least one, each once
  Route route = Route::kDirect;
  bool tls = false;
  std::string ca;    // PEM; empty: the system's
  std::string cert;  // PEM; empty: none is shown
  std::string key;
  std::string server_name;  // overrides the targets'
  std::string token;        // without "Bearer"; empty: none is sent
  absl::Duration timeout;   // of each RPC
};

// INVALID_ARGUMENT for what cannot be: the message names the flag or the variable, its value, and
// what to do. It never holds a token or a key.
absl::StatusOr<Connection> Resolve(const ConnectionFlags& flags, const Lookup& look_up = LookUp);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_CONNECTION_H_
