// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/action.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::ApplyToCircuitsRequest;
using fusebox::v1::ApplyToCircuitsResponse;
using Stub = fusebox::v1::CircuitAdmin::Stub;

constexpr std::size_t kMaxGlobs = 100;  // in a filter

// Calls one of the methods that move one circuit: their requests and responses are alike.
template <typename Request, typename Response>
CircuitResult Move(const Endpoint& endpoint,
                   grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   Request request, const Action& action, const std::string& name,
                   std::string& instance) {
  request.set_name(name);
  request.set_reason(action.reason);
  Response response;
  grpc::Status status = endpoint.Call(method, request, response);
  if (!response.instance().empty()) instance = response.instance();
  return {name, std::move(status), response.circuit().state(), response.circuit().mode(),
          Attempt::kWrite};
}

void SetAction(const Action& action, ApplyToCircuitsRequest& request) {
  request.set_reason(action.reason);
  switch (action.verb) {
    case Verb::kReset:
      request.mutable_reset();
      break;
    case Verb::kOpen:
      request.mutable_force_open();
      if (action.ttl)
        *request.mutable_force_open()->mutable_ttl() = fusebox::internal::ToProto(*action.ttl);
      break;
    case Verb::kDisable:
      request.mutable_disable();
      break;
    case Verb::kShadow:
      request.mutable_shadow();
      break;
    case Verb::kAutomate:
      request.mutable_automate();
      break;
  }
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
    results[result.name()] = {
        result.name(), grpc::Status(static_cast<grpc::StatusCode>(result.code()), result.message()),
        result.state(), result.mode(), answer.attempt};
  }
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

}  // namespace

absl::string_view VerbName(Verb verb) {
  switch (verb) {
    case Verb::kReset:
      return "reset";
    case Verb::kOpen:
      return "open";
    case Verb::kDisable:
      return "disable";
    case Verb::kShadow:
      return "shadow";
    case Verb::kAutomate:
      return "auto";
  }
  return "";
}

CircuitResult ApplyToOne(const Endpoint& endpoint, const Action& action, const std::string& name,
                         std::string& instance) {
  switch (action.verb) {
    case Verb::kReset:
      return Move(endpoint, &Stub::ResetCircuit, {}, action, name, instance);
    case Verb::kOpen: {
      fusebox::v1::ForceOpenCircuitRequest request;
      if (action.ttl) *request.mutable_ttl() = fusebox::internal::ToProto(*action.ttl);
      return Move(endpoint, &Stub::ForceOpenCircuit, request, action, name, instance);
    }
    case Verb::kDisable:
      return Move(endpoint, &Stub::DisableCircuit, {}, action, name, instance);
    case Verb::kShadow:
      return Move(endpoint, &Stub::ShadowCircuit, {}, action, name, instance);
    case Verb::kAutomate:
      return Move(endpoint, &Stub::AutomateCircuit, {}, action, name, instance);
  }
  return {name, grpc::Status::CANCELLED};
}

EndpointResult Plan(const Endpoint& endpoint, const Action& action,
                    const std::vector<std::string>& globs, bool all) {
  ApplyToCircuitsRequest request;
  SetAction(action, request);
  request.set_validate_only(true);
  EndpointResult answer;
  std::map<std::string, CircuitResult> results;
  if (all) {
    request.set_all(true);
    Ask(endpoint, request, results, answer);
  } else {
    AskForGlobs(endpoint, request, globs, results, answer);
  }
  Take(std::move(results), answer);
  return answer;
}

EndpointResult ApplyToMany(const Endpoint& endpoint, const Action& action,
                           const std::vector<std::string>& names) {
  EndpointResult answer;
  std::map<std::string, CircuitResult> results;
  std::vector<std::string> as_globs;
  for (const std::string& name : names) {
    // A name that would be taken for a pattern could touch its neighbours.
    if (IsGlob(name)) {
      results[name] = ApplyToOne(endpoint, action, name, answer.instance);
    } else {
      as_globs.push_back(name);
    }
  }
  ApplyToCircuitsRequest request;
  SetAction(action, request);
  AskForGlobs(endpoint, request, as_globs, results, answer);
  if (answer.status.ok()) {
    for (const std::string& name : names) {
      if (results.count(name) > 0) continue;
      results[name] = {name, grpc::Status(grpc::StatusCode::NOT_FOUND, "it is no longer there")};
    }
  }
  Take(std::move(results), answer);
  return answer;
}

}  // namespace fuseboxctl
