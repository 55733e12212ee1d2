// SPDX-License-Identifier: Apache-2.0
//
// The dependency as its director sees it: three servers behind one name.
#ifndef FUSEBOX_EXAMPLES_DEMO_SERVERS_H_
#define FUSEBOX_EXAMPLES_DEMO_SERVERS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "examples/demo/server_process.h"

namespace demo {

// Thread-safety: of one thread, see ServerProcess.
class Servers {
 public:
  // Not started yet. `program` is the path of fusebox_demo_server.
  explicit Servers(const std::string& program);

  // Each of them.
  absl::Status Start();
  void Kill();
  absl::Status SetHealth(Health health);

  // Just one, always the same.
  absl::Status SetHealthOfOne(Health health) { return servers_.front()->SetHealth(health); }

  // The calls that have reached them since their start, by client; empty if one doesn't say.
  std::optional<std::map<std::string, int64_t>> CountCalls();

  // All of their addresses, for a channel.
  std::string target() const;

 private:
  std::vector<std::unique_ptr<ServerProcess>> servers_;
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_SERVERS_H_
