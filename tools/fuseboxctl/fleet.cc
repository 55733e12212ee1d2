// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/fleet.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

// How many threads ask; each endpoint has one of them until it has answered.
constexpr std::size_t kMostAtOnce = 64;

// A page of 1,000 circuits, each with all that it can hold, is well below.
constexpr int kMaxMessageBytes = 64 << 20;

// A server takes pings more often than each 5 minutes for an attack, unless it is told otherwise.
constexpr int kKeepaliveMilliseconds = 310'000;

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const Connection& connection) {
  if (!connection.tls) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = connection.ca;
  options.pem_cert_chain = connection.cert;
  options.pem_private_key = connection.key;
  return grpc::SslCredentials(options);
}

grpc::ChannelArguments ArgumentsOf(const Target& target, const Connection& connection) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMilliseconds);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES,
                   0);  // a write that may have been made is not made again
  // gRPC would go by http_proxy and the like, loopback or not, and a token with it.
  const bool proxied = connection.route == Route::kProxy && !target.is_local;
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, proxied ? 1 : 0);
  // Each endpoint has its connection: two that share one would fail together.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  if (!target.authority.empty()) {
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, target.authority);
  }
  const std::string& server_name =
      connection.server_name.empty() ? target.server_name : connection.server_name;
  if (connection.tls && !server_name.empty()) arguments.SetSslTargetNameOverride(server_name);
  return arguments;
}

}  // namespace

Endpoint::Endpoint(const Target& target, const Connection& connection)
    : name_(target.name),
      token_(connection.token),
      sent_{!connection.token.empty(), !connection.cert.empty(), connection.tls},
      timeout_(connection.timeout) {
  if (!target.lookup.ok()) {
    reachable_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, std::string(target.lookup.message()));
    return;
  }
  stub_ = fusebox::v1::CircuitAdmin::NewStub(grpc::CreateCustomChannel(
      target.uri, CredentialsOf(connection), ArgumentsOf(target, connection)));
}

std::string Endpoint::InstanceName(const std::string& instance) const {
  return Printable(instance.empty() ? name_ : instance);
}

void Endpoint::Prepare(grpc::ClientContext& context) const {
  if (!token_.empty()) context.AddMetadata("authorization", absl::StrCat("Bearer ", token_));
}

Fleet::Fleet(const Connection& connection) {
  endpoints_.reserve(connection.targets.size());
  for (const Target& target : connection.targets) {
    endpoints_.push_back(std::make_unique<Endpoint>(target, connection));
  }
}

void Fleet::ForAll(const std::function<void(std::size_t)>& work) const {
  std::atomic<std::size_t> next{0};
  const auto loop = [&] {
    // Relaxed: the counter only deals out indices; `join` orders what comes of them.
    for (std::size_t i = next.fetch_add(1, std::memory_order_relaxed); i < size();
         i = next.fetch_add(1, std::memory_order_relaxed)) {
      work(i);
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < std::min(size(), kMostAtOnce); ++i) threads.emplace_back(loop);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace fuseboxctl
