// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/protected_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/permit.h"

namespace fusebox_testing {

fusebox::Policy TestPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = 2;
  policy.open_duration = absl::Seconds(30);
  policy.jitter = 0;
  policy.half_open.max_concurrent = 1;
  policy.half_open.verdict = fusebox::SuccessThreshold{2};
  return policy;
}

TestRegistry::TestRegistry() {
  fusebox::CircuitRegistry::Options options;
  options.clock = &clock;
  registry = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
}

fusebox::ChannelOptions TestOptions(const TestRegistry& shared) {
  fusebox::ChannelOptions options;
  options.breaker.dependency = "echo";
  options.breaker.registry = shared.registry;
  options.breaker.policies.Default(TestPolicy());
  return options;
}

std::shared_ptr<grpc::Channel> MustCreateChannel(
    const std::string& target, fusebox::ChannelOptions options,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      fusebox::CreateChannel(target, credentials, std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    std::abort();
  }
  return *std::move(channel);
}

ProtectedClient::ProtectedClient(const std::string& target)
    : ProtectedClient(target, [](fusebox::ChannelOptions&) {}) {}

ProtectedClient::ProtectedClient(const std::string& target,
                                 const std::function<void(fusebox::ChannelOptions&)>& change,
                                 const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  change(options);
  channel_ = MustCreateChannel(target, std::move(options), credentials);
}

bool ProtectedClient::Connect() const {
  // Long, however loaded the machine is: nothing waits for it but a test that fails.
  return channel_->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(60));
}

std::shared_ptr<fusebox::CircuitBreaker> ProtectedClient::Circuit(Kind kind) {
  return *shared_.registry->GetOrCreate(CircuitName(kind), TestPolicy());
}

void ProtectedClient::Open(Kind kind) {
  for (int i = 0; i < 2; ++i) Circuit(kind)->TryAcquire().permit().RecordFailure();
}

void ProtectedClient::HalfOpen(Kind kind) {
  Open(kind);
  shared_.clock.Advance(absl::Seconds(30));
}

std::string CircuitName(Kind kind) { return "echo" + MethodOf(kind); }

DeadAddress::DeadAddress() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // Bound, so that nobody else gets the port, but not listening.
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(name);
  auto* const generic_name = reinterpret_cast<sockaddr*>(&name);
  if (bind(socket_, generic_name, size) != 0 || getsockname(socket_, generic_name, &size) != 0) {
    std::perror("DeadAddress");
    std::abort();
  }
  address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
}

DeadAddress::~DeadAddress() { close(socket_); }

SilentAddress::SilentAddress() {
  if (listen(bound_.socket(), SOMAXCONN) == 0) return;
  std::perror("SilentAddress");
  std::abort();
}

}  // namespace fusebox_testing
