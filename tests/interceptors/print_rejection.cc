// SPDX-License-Identifier: Apache-2.0
//
// Makes a call that its circuit rejects, and prints the bytes of the status details that it gets,
// for another language to read.
#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/support/echo.grpc.pb.h"

int main() {
  fusebox_testing::FakeClock clock;
  fusebox::CircuitRegistry::Options registry_options;
  registry_options.clock = &clock;
  fusebox::Policy policy;
  policy.consecutive_failures = 1;
  policy.open_duration = absl::Milliseconds(12500);
  policy.jitter = 0;

  fusebox::ChannelOptions options;
  options.breaker.dependency = "echo";
  options.breaker.registry =
      std::make_shared<fusebox::CircuitRegistry>(std::move(registry_options));
  options.breaker.policies.Default(policy);
  const auto circuit =
      *options.breaker.registry->GetOrCreate("echo/fusebox_testing.Echo/Unary", policy);
  circuit->TryAcquire().permit().RecordFailure();

  const auto channel =
      fusebox::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials(), std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  grpc::ClientContext context;
  fusebox_testing::EchoReply reply;
  const grpc::Status status = fusebox_testing::Echo::NewStub(*channel)->Unary(
      &context, fusebox_testing::EchoRequest(), &reply);
  std::cout << status.error_details();
  return EXIT_SUCCESS;
}
