// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/action.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <type_traits>
#include <utility>

#include "src/base/admin_reasons.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::ApplyToCircuitsRequest;
using fusebox::v1::ApplyToCircuitsResponse;
using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr std::size_t kMaxGlobs = 100;  // in a filter

// Of the one verb that has one.
template <typename Request>
void SetTtl(const std::optional<absl::Duration>& ttl, Request& request) {
  if constexpr (std::is_same_v<Request, fusebox::v1::ForceOpenCircuitRequest> ||
                std::is_same_v<Request, ApplyToCircuitsRequest::ForceOpen>) {
    if (ttl) *request.mutable_ttl() = fusebox::internal::ToProto(*ttl);
  }
}

// Calls one of the methods that move one circuit: their requests and responses are alike.
template <typename Request, typename Response>
CircuitResult Move(const Endpoint& endpoint,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Action& action, const std::string& name, std::string& instance) {
  Request request;
  SetTtl(action.ttl, request);
  request.set_name(name);
  request.set_reason(action.reason);
  Response response;
  grpc::Status status = endpoint.Call(method, request, response);
  if (!response.instance().empty()) instance = response.instance();
  return {name,
          std::move(status),
          response.circuit().state(),
          response.circuit().mode(),
          Attempt::kWrite,
          {},
          response.circuit().order(),
          {response.overruled().begin(), response.overruled().end()}};
}

void SetAction(const Action& action, ApplyToCircuitsRequest& request) {
  request.set_reason(action.reason);
  if (action.change) {
    *request.mutable_update_policy() = *action.change;
    return;
  }
  switch (action.verb) {
#define FUSEBOX_CASE(verb, field, ...)              \
  case Verb::k##verb:                               \
    SetTtl(action.ttl, *request.mutable_##field()); \
    break;
    FUSEBOX_OPERATOR_VERBS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
}

// As a call for that circuit alone would have answered.
grpc::Status StatusOf(const ApplyToCircuitsResponse::Result& result) {
  const auto code = static_cast<grpc::StatusCode>(result.code());
  if (result.reason().empty()) return {code, result.message()};
  return {code, result.message(),
          fusebox::internal::AdminReasonDetails(code, result.reason(), result.message())};
}

// Asks for one filter's worth, and adds what comes of it. False: the endpoint has refused it.
bool Ask(const Endpoint& endpoint, const ApplyToCircuitsRequest& request,
         std::map<std::string, CircuitResult>& results, EndpointResult& answer) {
  ApplyToCircuitsResponse response;
  answer.attempt = request.validate_only() ? Attempt::kDryRun : Attempt::kWrite;
  answer.status = endpoint.Call(&Stub::ApplyToCircuits, request, response);
  if (!answer.status.ok()) return false;
  answer.instance = response.instance();
  for (const ApplyToCircuitsResponse::Result& result : response.results()) {
    results[result.name()] = {result.name(),  StatusOf(result),
                              result.state(), result.mode(),
                              answer.attempt, {result.warnings().begin(), result.warnings().end()}};
  }
  for (const fusebox::v1::GivenOrder& order : response.orders()) answer.orders.push_back(order);
  for (const auto& overruled : response.overruled()) answer.overruled.push_back(overruled);
  return true;
}

// The same for any number of globs.
void AskForGlobs(const Endpoint& endpoint, ApplyToCircuitsRequest request,
                 const std::vector<std::string>& globs,
                 std::map<std::string, CircuitResult>& results, EndpointResult& answer) {
  for (std::size_t i = 0; i < globs.size(); i += kMaxGlobs) {
    request.clear_filter();
    for (std::size_t j = i; j < std::min(globs.size(), i + kMaxGlobs); ++j) {
      request.mutable_filter()->add_name_globs(globs[j]);
    }
    if (!Ask(endpoint, request, results, answer)) return;
  }
}

void Take(std::map<std::string, CircuitResult>&& results, EndpointResult& answer) {
  for (auto& [name, result] : results) answer.results.push_back(std::move(result));
}

EndpointResult Apply(const Endpoint& endpoint, ApplyToCircuitsRequest request,
                     const std::vector<std::string>& patterns, bool all) {
  EndpointResult answer;
  std::map<std::string, CircuitResult> results;
  if (all) {
    request.set_all(true);
    Ask(endpoint, request, results, answer);
  } else {
    AskForGlobs(endpoint, request, patterns, results, answer);
  }
  Take(std::move(results), answer);
  return answer;
}

}  // namespace

CircuitResult ApplyToOne(const Endpoint& endpoint, const Action& action, const std::string& name,
                         std::string& instance) {
  switch (action.verb) {
#define FUSEBOX_CASE(verb, ...) \
  case Verb::k##verb:           \
    return Move(endpoint, &Stub::verb##Circuit, action, name, instance);
    FUSEBOX_OPERATOR_VERBS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return {name, grpc::Status::CANCELLED};
}

EndpointResult Plan(const Endpoint& endpoint, const Action& action,
                    const std::vector<std::string>& globs, bool all) {
  ApplyToCircuitsRequest request;
  SetAction(action, request);
  request.set_validate_only(true);
  return Apply(endpoint, std::move(request), globs, all);
}

EndpointResult ApplyToPatterns(const Endpoint& endpoint, const Action& action,
                               const std::vector<std::string>& patterns, bool all) {
  ApplyToCircuitsRequest request;
  SetAction(action, request);
  return Apply(endpoint, std::move(request), patterns, all);
}

}  // namespace fuseboxctl
