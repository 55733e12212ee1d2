// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/mortal_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace fusebox_testing {

MortalServer::MortalServer() : holder_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // Who sets this too, as gRPC does, may listen there.
  const int yes = 1;
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  auto* const generic_name = reinterpret_cast<sockaddr*>(&name);
  if (setsockopt(holder_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
      bind(holder_, generic_name, size) != 0 || getsockname(holder_, generic_name, &size) != 0) {
    std::perror("MortalServer");
    std::abort();
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
  echo_ = Start(Script::Answer());
}

MortalServer::~MortalServer() {
  echo_.reset();
  close(holder_);
}

std::unique_ptr<ScriptedEcho> MortalServer::Start(Script script) const {
  return std::make_unique<ScriptedEcho>(std::move(script), [this](grpc::ServerBuilder& builder) {
    builder.AddListeningPort(address_, grpc::InsecureServerCredentials());
  });
}

bool MortalServer::is_there() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return echo_ != nullptr;
}

void MortalServer::Play(Script script) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (echo_ != nullptr) echo_->Play(std::move(script));
}

bool MortalServer::GoAway() {
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool was_there = echo_ != nullptr;
  echo_.reset();
  return was_there;
}

bool MortalServer::ComeBack(Script script) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (echo_ != nullptr) return false;
  echo_ = Start(std::move(script));
  return true;
}

}  // namespace fusebox_testing
