// SPDX-License-Identifier: Apache-2.0
//
// A user's test: a server that fails when told, through a channel without circuits, and matchers.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/client_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <gtest/gtest.h>

#include "fusebox/circuit_breaker.h"
#include "fusebox/run.h"
#include "fusebox/testing/matchers.h"
#include "fusebox/testing/scripted_server.h"

TEST(TestingKit, Works) {
  fusebox_testing::ScriptedServer server;
  server.Answer("shop.Inventory/Reserve",
                fusebox_testing::Reply::Fail(grpc::StatusCode::DATA_LOSS, "disk full"));
  const grpc::internal::RpcMethod method("/shop.Inventory/Reserve",
                                         grpc::internal::RpcMethod::NORMAL_RPC);
  grpc::ClientContext context;
  const grpc::Slice bytes("any bytes");
  const grpc::ByteBuffer request(&bytes, 1);
  grpc::ByteBuffer response;
  const grpc::Status status = grpc::internal::BlockingUnaryCall<grpc::ByteBuffer, grpc::ByteBuffer>(
      server.NewChannel().get(), method, &context, request, &response);
  EXPECT_THAT(status, testing::Not(fusebox_testing::IsRejected()));
  EXPECT_EQ(server.calls("shop.Inventory/Reserve"), 1);

  const auto breaker = *fusebox::CircuitBreaker::Create("payments");
  ASSERT_TRUE(breaker->ForceOpen(fusebox::Operator("a test").Because("an outage")).ok());
  EXPECT_THAT(breaker, fusebox_testing::IsInState(fusebox::State::kOpen));
  EXPECT_THAT(fusebox::Run(breaker, [] { return absl::OkStatus(); }),
              fusebox_testing::IsRejectedBy("payments"));
}
