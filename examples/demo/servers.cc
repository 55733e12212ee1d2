// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/servers.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace demo {
namespace {

constexpr int kServers = 3;

}  // namespace

Servers::Servers(const std::string& program) {
  for (int i = 0; i < kServers; ++i) servers_.push_back(std::make_unique<ServerProcess>(program));
}

absl::Status Servers::Start() {
  for (const auto& server : servers_) {
    if (absl::Status started = server->Start(); !started.ok()) return started;
  }
  return absl::OkStatus();
}

void Servers::Kill() {
  for (const auto& server : servers_) server->Kill();
}

absl::Status Servers::SetHealth(Health health) {
  for (const auto& server : servers_) {
    if (absl::Status set = server->SetHealth(health); !set.ok()) return set;
  }
  return absl::OkStatus();
}

std::optional<std::map<std::string, int64_t>> Servers::CountCalls() {
  std::map<std::string, int64_t> sum;
  for (const auto& server : servers_) {
    const auto counts = server->CountCalls();
    if (!counts) return std::nullopt;
    for (const auto& [client, calls] : *counts) sum[client] += calls;
  }
  return sum;
}

std::string Servers::target() const {
  return absl::StrCat("ipv4:",
                      absl::StrJoin(servers_, ",", [](std::string* text, const auto& each) {
                        text->append(each->address());
                      }));
}

}  // namespace demo
