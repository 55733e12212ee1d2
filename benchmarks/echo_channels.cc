// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/echo_channels.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"

namespace fusebox_benchmarks {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

class NoOpInterceptor final : public Interceptor {
 public:
  explicit NoOpInterceptor(ClientRpcInfo* /*info*/) {}
  void Intercept(InterceptorBatchMethods* methods) override { methods->Proceed(); }
};

class BareHijacker final : public Interceptor {
 public:
  explicit BareHijacker(ClientRpcInfo* /*info*/) {}
  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->Hijack();
      return;
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_RECV_MESSAGE)) {
      methods->FailHijackedRecvMessage();
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_RECV_STATUS)) {
      *methods->GetRecvStatus() = grpc::Status(grpc::StatusCode::UNAVAILABLE, "rejected");
    }
    methods->Proceed();
  }
};

template <typename T>
class Factory final : public ClientInterceptorFactoryInterface {
 public:
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override { return new T(info); }
};

template <typename T>
std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> Just() {
  std::vector<std::unique_ptr<ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Factory<T>>());
  return factories;
}

}  // namespace

class Channels::EchoService final : public fusebox_testing::Echo::Service {
 public:
  grpc::Status Unary(grpc::ServerContext* /*context*/, const fusebox_testing::EchoRequest* request,
                     fusebox_testing::EchoReply* reply) override {
    reply->set_text(request->text());
    return grpc::Status::OK;
  }
};

Channels& Channels::Get() {
  static auto* const kChannels = new Channels;
  return *kChannels;
}

Channels::Channels() : service_(std::make_unique<EchoService>()) {
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    std::cerr << "no port on 127.0.0.1\n";
    std::abort();
  }
  address_ = "127.0.0.1:" + std::to_string(port);
  plain_ = Make({});
  no_op_ = Make(Just<NoOpInterceptor>());
  hijacked_ = Make(Just<BareHijacker>());
  closed_ = MakeProtected("closed", Kind::kClosed);
  open_ = MakeProtected("open", Kind::kOpen);
  limited_ = MakeProtected("limited", Kind::kLimited);
  keyed_hijacked_ = MakeKeyed(Just<BareHijacker>());
  dead_ = grpc::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials());
}

Channels::ChannelPtr Channels::Make(Factories interceptors) const {
  return grpc::experimental::CreateCustomChannelWithInterceptors(
      address_, grpc::InsecureChannelCredentials(), grpc::ChannelArguments(),
      std::move(interceptors));
}

Channels::ChannelPtr Channels::MakeProtected(const std::string& name, Kind kind) const {
  fusebox::InterceptorOptions options;
  options.dependency = name;
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.failure_rate = 0.5;
  policy.open_duration = policy.max_open_duration = absl::Hours(1);
  if (kind == Kind::kLimited) {
    policy.max_in_flight = 1'000;
    policy.hung_calls = fusebox::HungCalls{100, absl::Seconds(10)};
  }
  options.policies.Default(policy);
  if (kind == Kind::kOpen) {
    const auto circuit =
        *options.registry->GetOrCreate(name + "/fusebox_testing.Echo/Unary", policy);
    for (int i = 0; i < 5; ++i) circuit->TryAcquire().permit().RecordFailure();
  }
  Factories interceptors;
  interceptors.push_back(*fusebox::CircuitBreakerInterceptorFactory::Create(std::move(options)));
  return Make(std::move(interceptors));
}

Channels::ChannelPtr Channels::MakeKeyed(Factories inner) const {
  fusebox::InterceptorOptions options;
  options.dependency = "keyed";
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  options.circuit_key = [](const fusebox::CallInfo& call) {
    const auto key = call.metadata.find("key");
    return key == call.metadata.end() ? std::string() : key->second;
  };
  options.classifier.predicate = [](const fusebox::CallResult&) {
    return fusebox::OutcomeKind::kSuccess;
  };
  Factories interceptors;
  interceptors.push_back(*fusebox::CircuitBreakerInterceptorFactory::Create(std::move(options)));
  for (auto& factory : inner) interceptors.push_back(std::move(factory));
  return Make(std::move(interceptors));
}

grpc::Status OneCall(fusebox_testing::Echo::Stub& stub) {
  grpc::ClientContext context;
  fusebox_testing::EchoRequest request;
  fusebox_testing::EchoReply reply;
  request.set_text("hello");
  return stub.Unary(&context, request, &reply);
}

}  // namespace fusebox_benchmarks
