// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/soak_traffic.h"

#include <grpcpp/client_context.h>
#include <grpcpp/support/client_interceptor.h>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/async_echo_call.h"

namespace fusebox_testing {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// A call starts with its first batch that isn't a cancellation.
class StartCounter final : public Interceptor {
 public:
  explicit StartCounter(std::atomic<int64_t>& count) : count_(count) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (!methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
      std::call_once(started_, [&] { ++count_; });
    }
    methods->Proceed();
  }

 private:
  std::atomic<int64_t>& count_;
  std::once_flag started_;
};

class StartCounterFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit StartCounterFactory(StartCounts& counts) : counts_(counts) {}

  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    for (const Kind kind : kKinds) {
      if (MethodOf(kind) == info->method()) {
        return new StartCounter(counts_[static_cast<std::size_t>(kind)]);
      }
    }
    return nullptr;
  }

 private:
  StartCounts& counts_;
};

// Callback calls have an end of their own, blocking unary ones are just one function, and a unary
// call of a completion queue starts with its Finish.
bool CanBeAbandoned(Style style, Kind kind) {
  return style != Style::kCallback && kind != Kind::kUnary;
}

}  // namespace

std::unique_ptr<ClientInterceptorFactoryInterface> CountStarts(StartCounts& counts) {
  return std::make_unique<StartCounterFactory>(counts);
}

SoakTally& SoakTally::operator+=(const SoakTally& more) {
  for (std::size_t i = 0; i < kEndings; ++i) endings.at(i) += more.endings.at(i);
  not_connected += more.not_connected;
  limited += more.limited;
  return *this;
}

Ending SoakCaller::DrawEnding() {
  const uint64_t lot = Draw(100);
  if (lot < 70) return Ending::kConverse;
  if (lot < 75) return Ending::kLate;
  if (lot < 85) return Ending::kCancelled;
  if (lot < 95) return Ending::kAbandoned;
  return Ending::kPrepared;
}

Script ScriptOf(uint64_t lot) {
  if (lot < 65) return Script::Answer();
  if (lot < 75) return Script::Fail(grpc::Status(grpc::StatusCode::NOT_FOUND, "none"));
  if (lot < 85) return Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "down"));
  if (lot < 95) {
    Script pushback = Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "busy"));
    pushback.trailing_metadata["grpc-retry-pushback-ms"] = "7";
    return pushback;
  }
  return Script::Hang();
}

void SoakCaller::MakeRandomCall() {
  const int64_t most = absl::ToInt64Microseconds(world_.most_between_calls);
  world_.clock.Advance(absl::Microseconds(Draw(static_cast<uint64_t>(most))));
  if (Draw(50) == 0) world_.change(Draw(100));
  const auto style = static_cast<Style>(Draw(kStyles.size()));
  const auto kind = static_cast<Kind>(Draw(kKinds.size()));
  Ending ending = DrawEnding();
  if (ending == Ending::kAbandoned && !CanBeAbandoned(style, kind)) ending = Ending::kCancelled;
  if (ending == Ending::kPrepared && !CanBePrepared(style, kind)) ending = Ending::kConverse;
  ++tally_.endings[static_cast<std::size_t>(ending)];
  MakeCall(style, kind, ending, world_.channels[Draw(world_.channels.size())]);
}

void SoakCaller::MakeCall(Style style, Kind kind, Ending ending, ChannelRef channel) {
  if (ending == Ending::kPrepared) return PrepareEchoCall(style, kind, channel);
  // What a server that hangs costs the soak.
  const auto limit =
      std::chrono::milliseconds(ending == Ending::kLate ? -1 : static_cast<int64_t>(5 + Draw(10)));
  const bool corked = ClientStreams(kind) && Draw(4) == 0;
  const Opening opening = corked ? Opening::kCorked : Opening::kAtOnce;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + limit);
  const std::unique_ptr<EchoCall> call = StartEchoCall(style, kind, channel, context, opening);
  if (ending == Ending::kAbandoned) return;
  if (ending == Ending::kCancelled) context.TryCancel();
  const auto rejection = fusebox::GetRejection(Converse(kind, *call).status);
  if (!rejection) return;
  if (rejection->reason == fusebox::RejectionReason::kLimited) ++tally_.limited;
  if (rejection->reason != fusebox::RejectionReason::kNotConnected) return;
  ++tally_.not_connected;
  channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::milliseconds(20));
}

}  // namespace fusebox_testing
