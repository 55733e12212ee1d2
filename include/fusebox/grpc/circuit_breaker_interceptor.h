// SPDX-License-Identifier: Apache-2.0
//
// The breaker on every method of a gRPC channel. Either let `CreateChannel`
// (fusebox/grpc/channel.h) make the channel, or add this factory to one of your own:
//
//   fusebox::CircuitBreakerOptions options;
//   options.target = "inventory";
//   options.registry = registry;
//   auto factory = fusebox::CircuitBreakerInterceptorFactory::Create(std::move(options));
//   if (!factory.ok()) return factory.status();
//   fusebox::ChannelOptions::InterceptorFactories interceptors;
//   interceptors.push_back(*std::move(factory));
//   auto channel = grpc::experimental::CreateCustomChannelWithInterceptors(
//       "dns:///inventory:50051", credentials, grpc::ChannelArguments(), std::move(interceptors));
//
// It covers unary and all streaming calls, made from synchronous, completion-queue, callback and
// generic stubs. A call asks for its permit when it starts, and gives it back with the outcome of
// its final status; a call that is dropped without one gives it back as ignored.
//
// It sees the target and the method, not the backend that a load balancer picks, and it sits above
// gRPC's own retries: it protects a dependency, not a single host (rule P5).
#ifndef FUSEBOX_GRPC_CIRCUIT_BREAKER_INTERCEPTOR_H_
#define FUSEBOX_GRPC_CIRCUIT_BREAKER_INTERCEPTOR_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"
#include "fusebox/grpc/fallback.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/grpc/stream_options.h"
#include "fusebox/policy_table.h"

namespace fusebox {

// Which calls of a channel share a circuit (rule P2).
enum class CircuitScope {
  kPerMethod = 0,   // "inventory/shop.Inventory/Reserve"
  kPerService = 1,  // "inventory/shop.Inventory"
  kPerTarget = 2,   // "inventory"
};

// A call that starts, as a key function sees it. Everything here is only valid during the function.
struct CallInfo {
  using Metadata = std::multimap<std::string, std::string>;

  absl::string_view target;  // the dependency's name
  absl::string_view method;  // "/package.Service/Method"

  // What the call sends first. Its keys are in lower case. Empty for a corked stream that asks for
  // a message before it has written one.
  const Metadata& metadata;
};

// Gives a call its own circuit, "target/key" (`CircuitName::OfKey`), as for one per tenant:
//
//   options.circuit_key = [](const fusebox::CallInfo& call) {
//     const auto tenant = call.metadata.find("tenant");
//     return tenant == call.metadata.end() ? std::string() : tenant->second;
//   };
//
// Empty: the circuit of the call's scope. The policy is that of the method whose call makes the
// circuit. Called on the thread that starts the call, with no lock held; must be thread-safe. It
// should not throw: see fusebox/user_code.h. The registry's bound is the bound on how many keys
// have a circuit at the same time.
using CircuitKey = std::function<std::string(const CallInfo&)>;

struct CircuitBreakerOptions {
  // The dependency's name, the first part of every circuit's name: "inventory" gives
  // "inventory/shop.Inventory/Reserve". Must not be empty. Two channels with one registry and one
  // target share their circuits, on purpose (rule P3).
  std::string target;

  // Where the circuits live. Must not be null. Shared with the factory and its calls.
  std::shared_ptr<CircuitRegistry> registry;

  // The policy of each method.
  PolicyTable policies;

  // Which calls share a circuit. Those that do have one policy: a table with a policy for a single
  // method is refused with kPerService, and one for a service or a method with kPerTarget.
  CircuitScope scope = CircuitScope::kPerMethod;

  // Overrules the scope, call by call. May be empty.
  CircuitKey circuit_key;

  // What counts as a failure.
  StatusClassifier::Options classifier;

  // What the outcome of a streaming call is: of all, and of single methods
  // ("package.Service/Method").
  StreamOptions streams;
  std::map<std::string, StreamOptions> method_streams;

  // What answers in place of a rejection, for unary methods.
  FallbackTable fallbacks;
};

struct ChannelOptions;  // fusebox/grpc/channel.h

// Thread-safety: gRPC calls it from any thread.
// Ownership: the channel owns the factory, and a call's ClientContext keeps its channel. A call
// finds its circuit without a lock; a registry that is full of circuits that must stay leaves the
// call of a further one unprotected, rather than fail it.
class FUSEBOX_EXPORT CircuitBreakerInterceptorFactory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  // INVALID_ARGUMENT with all that is wrong: an empty target, no registry, what
  // `PolicyTable::Validate`, `StatusClassifier::Create` and `FallbackTable::Validate` find, a
  // policy for less than `scope`, a fallback for an unprotected method. Of services whose generated
  // code is linked in, also: stream options for a unary method, a fallback for a stream, or with
  // other messages than the method's. Unless `PolicyTable::AllowUnknownNames`, also, anywhere in
  // the options: a method that such a service doesn't have (the message lists those that there
  // are), and a service that isn't linked in and is one or two letters away from one that is.
  static absl::StatusOr<std::unique_ptr<CircuitBreakerInterceptorFactory>> Create(
      CircuitBreakerOptions options);

  CircuitBreakerInterceptorFactory(const CircuitBreakerInterceptorFactory&) = delete;
  CircuitBreakerInterceptorFactory& operator=(const CircuitBreakerInterceptorFactory&) = delete;
  ~CircuitBreakerInterceptorFactory() override;

  // For gRPC: called once per call. Null, and so no cost, for an unprotected method; but never null
  // to a process whose global factory it is, since gRPC would crash on that.
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override;

 private:
  class Impl;

  // Knows the channel's arguments, too.
  friend absl::StatusOr<std::shared_ptr<grpc::Channel>> CreateChannel(
      const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials,
      ChannelOptions options);

  explicit CircuitBreakerInterceptorFactory(std::unique_ptr<Impl> impl);
  void SetArguments(const grpc::ChannelArguments& arguments);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_CIRCUIT_BREAKER_INTERCEPTOR_H_
