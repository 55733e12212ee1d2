// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_writes.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/policy.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/enum_conversion.h"
#include "src/admin/request_errors.h"
#include "src/admin/work_budget.h"

namespace fusebox {
namespace {

constexpr std::size_t kMaxCircuits = 10'000;

}  // namespace

CircuitWrites::CircuitWrites(std::shared_ptr<CircuitRegistry> registry, std::string instance,
                             Disclosure disclosure)
    : registry_(std::move(registry)), instance_(std::move(instance)), disclosure_(disclosure) {}

grpc::Status CircuitWrites::Apply(const CircuitAction& action, const std::string& name,
                                  const Operator& by, v1::Circuit& circuit) const {
  std::shared_ptr<CircuitBreaker> breaker;
  if (grpc::Status status = Find(action, name, by, breaker); !status.ok()) return status;
  if (grpc::Status status = action.Apply(*breaker, by); !status.ok()) return status;
  ToProto(breaker->Snapshot(), disclosure_, circuit);
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::UpdatePolicy(const v1::UpdatePolicyRequest& request,
                                         const std::string& who,
                                         v1::UpdatePolicyResponse& response) const {
  const CircuitAction action = CircuitAction::UpdatePolicy(request);
  const Operator by{who, request.reason()};
  response.set_instance(instance_);
  std::shared_ptr<CircuitBreaker> breaker;
  if (grpc::Status status = Find(action, request.name(), by, breaker); !status.ok()) return status;
  CircuitSnapshot snapshot = breaker->Snapshot();
  if (request.validate_only()) {
    if (grpc::Status status = action.Try(*breaker, snapshot.policy); !status.ok()) return status;
  } else {
    if (grpc::Status status = action.Apply(*breaker, by); !status.ok()) return status;
    snapshot = breaker->Snapshot();
  }
  ToProto(snapshot, disclosure_, *response.mutable_circuit());
  for (std::string& warning : PolicyWarnings(snapshot.policy)) {
    response.add_warnings(std::move(warning));
  }
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::Find(const CircuitAction& action, const std::string& name,
                                 const Operator& by,
                                 std::shared_ptr<CircuitBreaker>& breaker) const {
  RequestErrors errors;
  if (name.empty()) errors.Add("name", "\"\", must be a circuit's");
  CheckReason(by.why, errors);
  action.Check(errors);
  if (!errors.empty()) return errors.ToStatus();
  breaker = registry_->Find(name);
  return breaker == nullptr ? NoSuchCircuit(name) : grpc::Status::OK;
}

grpc::Status CircuitWrites::ApplyToMany(const v1::ApplyToCircuitsRequest& request,
                                        const std::string& who,
                                        v1::ApplyToCircuitsResponse& response,
                                        const GivenUp& given_up) const {
  const CircuitFilter filter(request.filter());
  const CircuitAction action = CircuitAction::Of(request);
  RequestErrors errors;
  filter.Check(errors);
  if (filter.empty() != request.all()) {
    errors.Add("filter", request.all() ? "set, must be empty if all is set"
                                       : "empty, must be set, or else all, to mean every circuit");
  }
  CheckReason(request.reason(), errors);
  action.Check(errors);
  if (!errors.empty()) return errors.ToStatus();

  Circuits circuits;
  if (grpc::Status status = Match(filter, given_up, circuits); !status.ok()) return status;
  const Operator by{who, request.reason()};
  response.set_instance(instance_);
  for (const auto& circuit : circuits) {
    Policy wanted;
    const grpc::Status status =
        request.validate_only() ? action.Try(*circuit, wanted) : action.Apply(*circuit, by);
    const CircuitSnapshot snapshot = circuit->Snapshot();
    v1::ApplyToCircuitsResponse::Result& result = *response.add_results();
    result.set_name(snapshot.name);
    result.set_code(status.error_code());
    result.set_message(status.error_message());
    result.set_state(ToProto(snapshot.state));
    result.set_mode(ToProto(snapshot.mode));
    if (!request.has_update_policy() || !status.ok()) continue;
    if (!request.validate_only()) wanted = snapshot.policy;
    for (std::string& warning : PolicyWarnings(wanted)) result.add_warnings(std::move(warning));
  }
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::Match(const CircuitFilter& filter, const GivenUp& given_up,
                                  Circuits& circuits) const {
  CircuitScan scan(*registry_);
  while (!given_up()) {
    WorkBudget budget;
    while (std::optional<CircuitScan::Match> match = scan.NextMatch(filter, budget)) {
      if (circuits.size() == kMaxCircuits) {
        return {grpc::StatusCode::FAILED_PRECONDITION,
                absl::StrCat("more than ", kMaxCircuits,
                             " circuits match: ask for fewer at the same time")};
      }
      circuits.push_back(std::move(match->circuit));
    }
    if (!budget.spent()) return grpc::Status::OK;
  }
  return grpc::Status::CANCELLED;
}

}  // namespace fusebox
