// SPDX-License-Identifier: Apache-2.0
//
// What a channel's interceptor is to know: of which dependency, by which policies, in which
// circuits.
//
//   fusebox::InterceptorOptions options;
//   options.dependency = "inventory";
//   options.registry = registry;
//   options.policies.Method("shop.Inventory/Reserve", strict);  // all else by the default
#ifndef FUSEBOX_GRPC_INTERCEPTOR_OPTIONS_H_
#define FUSEBOX_GRPC_INTERCEPTOR_OPTIONS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "fusebox/circuit_registry.h"
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

  absl::string_view dependency;  // its name, as in InterceptorOptions
  absl::string_view method;      // "/package.Service/Method"

  // What the call sends first. Its keys are in lower case. Empty for a corked stream that asks for
  // a message before it has written one.
  const Metadata& metadata;
};

// Gives a call its own circuit, "target/key" (`CircuitName::OfKey`), as for one per tenant:
//
//   fusebox::InterceptorOptions options;
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

// What the interceptor is to know. The same for a channel of your own and for one that
// `CreateChannel` makes (`ChannelOptions::breaker`).
struct InterceptorOptions {
  // The dependency's name, the first part of every circuit's name: "inventory" gives
  // "inventory/shop.Inventory/Reserve". Must not be empty. Two channels with one registry and one
  // dependency share their circuits, on purpose (rule P3).
  std::string dependency;

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

  // No call is spent as a probe that would fail without reaching a server (rule R20). While gRPC
  // has no connection, a circuit whose open duration is over stays OPEN, its calls are rejected
  // with kNotConnected, and a thread of the library's has gRPC try to connect about twice a second,
  // in place of gRPC's own backoff of up to two minutes. The first call after that is the probe.
  // False: calls are probes whether there is a connection or not, and gRPC connects when it will.
  bool await_connection = true;

  // Of which service the server is asked whether it is well, for circuits whose policy has a
  // `health_probe` (rule R21): the `service` of grpc.health.v1.HealthCheckRequest. Empty: the
  // server as a whole, which is all that gRPC's own health service knows unless the server's code
  // tells it more.
  //
  // The check goes by the same channel, with its credentials, and through the other interceptors of
  // the channel, on a thread of the library's. Channels to a server of the same process, and those
  // that aren't a grpc::Channel, aren't asked: their calls are the probes.
  std::string health_service;
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_INTERCEPTOR_OPTIONS_H_
