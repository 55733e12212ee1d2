// SPDX-License-Identifier: Apache-2.0
//
// A trace of every call, rejected ones included. A rejected call never gets as far as the network,
// so that gRPC's own tracing has nothing to show of it: an interceptor in front of the breaker
// does. The span here is a stand-in for your tracing library's.
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_interceptor.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/event_text.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "fusebox/log_listener.h"
#include "shop.grpc.pb.h"

namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

struct Span {
  std::string name;
  std::map<std::string, std::string> attributes;
};

// What an exporter would take.
class Spans {
 public:
  void Add(Span span) {
    const std::lock_guard<std::mutex> lock(mutex_);
    spans_.push_back(std::move(span));
  }
  std::vector<Span> all() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return spans_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Span> spans_;
};

class TracingInterceptor final : public Interceptor {
 public:
  TracingInterceptor(Spans& spans, std::string method) : spans_(spans) {
    span_.name = std::move(method);
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_STATUS)) {
      End(*methods->GetRecvStatus());
    }
    methods->Proceed();
  }

 private:
  void End(const grpc::Status& status) {
    span_.attributes["rpc.grpc.status_code"] = absl::StrCat(static_cast<int>(status.error_code()));
    // Without it, a rejection looks like a server that is down.
    if (const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status)) {
      span_.attributes["fusebox.circuit"] = rejection->circuit;
      span_.attributes["fusebox.reason"] =
          std::string(fusebox::RejectionReasonName(rejection->reason));
      span_.attributes["fusebox.rejection"] = fusebox::FormatRejectionJson(*rejection);
    }
    spans_.Add(std::move(span_));
  }

  Spans& spans_;
  Span span_;
};

class TracingFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit TracingFactory(Spans& spans) : spans_(spans) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    return new TracingInterceptor(spans_, info->method());
  }

 private:
  Spans& spans_;
};

}  // namespace

int main() {
  examples::ShopServer server;
  Spans spans;

  // Transitions go to the log, by a listener of the library's.
  fusebox::LogListener::Options log_options;
  log_options.sink = fusebox::LogTo(std::cout);
  log_options.format = fusebox::LogListener::Format::kJsonLines;
  const auto log = fusebox::LogListener::Create(std::move(log_options));
  if (!log.ok()) {
    std::cerr << log.status() << '\n';
    return EXIT_FAILURE;
  }
  fusebox::CircuitRegistry::Options circuits;
  circuits.listener = (*log)->listener();

  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>(std::move(circuits));
  // Opens after 5 failures in a row, for 30 s; the default goes by the traffic.
  options.breaker.policies.Default(fusebox::Policy::Fixed());
  options.outer_interceptors.push_back(std::make_unique<TracingFactory>(spans));
  const auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                              std::move(options));
  if (!channel.ok()) {
    std::cerr << channel.status() << '\n';
    return EXIT_FAILURE;
  }
  const auto stub = shop::Inventory::NewStub(*channel);

  server.shop().Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
  for (int i = 0; i < 6; ++i) {
    grpc::ClientContext context;
    shop::ReserveReply reply;
    stub->Reserve(&context, shop::ReserveRequest(), &reply);
  }

  std::vector<Span> all = spans.all();
  for (const Span& span : all) {
    std::cout << span.name;
    for (const auto& [key, value] : span.attributes) std::cout << ' ' << key << '=' << value;
    std::cout << '\n';
  }

  bool as_shown = all.size() == 6;
  for (std::size_t i = 0; as_shown && i < all.size(); ++i) {
    const bool rejected = i == 5;
    as_shown = all[i].attributes["rpc.grpc.status_code"] == (rejected ? "14" : "13") &&
               all[i].attributes["fusebox.reason"] == (rejected ? "CIRCUIT_OPEN" : "");
  }
  return as_shown ? EXIT_SUCCESS : EXIT_FAILURE;
}
