// SPDX-License-Identifier: Apache-2.0
//
// What the interceptor costs a blocking unary call, beside a channel without it in the same run:
// read the ratios, not the microseconds. `scripts/bench` prints them.
#include <benchmark/benchmark.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/echo_channels.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "tests/support/echo.grpc.pb.h"

namespace {

using fusebox_benchmarks::Channels;
using fusebox_benchmarks::OneCall;

void Call(benchmark::State& state, const std::shared_ptr<grpc::Channel>& channel,
          grpc::StatusCode expected) {
  const auto stub = fusebox_testing::Echo::NewStub(channel);
  for (auto _ : state) {
    if (OneCall(*stub).error_code() != expected) return state.SkipWithError("unexpected status");
  }
}

// ---- Calls that never leave.

void RejectedByCircuit(benchmark::State& state) {
  Call(state, Channels::Get().Open(), grpc::StatusCode::UNAVAILABLE);
}
// The least that an interceptor can do to answer a call itself.
void FloorBareHijack(benchmark::State& state) {
  Call(state, Channels::Get().Hijacked(), grpc::StatusCode::UNAVAILABLE);
}
// What gRPC does by itself, once it knows that nobody listens.
void FloorFailFast(benchmark::State& state) {
  Call(state, Channels::Get().Dead(), grpc::StatusCode::UNAVAILABLE);
}

// ---- Calls that are made.

void PermittedByCircuit(benchmark::State& state) {
  Call(state, Channels::Get().Closed(), grpc::StatusCode::OK);
}
void FloorNoOpInterceptor(benchmark::State& state) {
  Call(state, Channels::Get().NoOp(), grpc::StatusCode::OK);
}
void FloorNoInterceptor(benchmark::State& state) {
  Call(state, Channels::Get().Plain(), grpc::StatusCode::OK);
}

BENCHMARK(RejectedByCircuit)->UseRealTime();
BENCHMARK(FloorBareHijack)->UseRealTime();
BENCHMARK(FloorFailFast)->UseRealTime();
BENCHMARK(PermittedByCircuit)->UseRealTime();
BENCHMARK(FloorNoOpInterceptor)->UseRealTime();
BENCHMARK(FloorNoInterceptor)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
