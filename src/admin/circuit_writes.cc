// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_writes.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/enum_conversion.h"
#include "src/admin/quote.h"
#include "src/admin/reasoned_status.h"
#include "src/admin/request_errors.h"
#include "src/admin/work_budget.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kMaxCircuits = 10'000;

// As often as the registry may let go of a circuit, and get another one of its name, while
// something is done to it.
constexpr int kMaxAttempts = 16;

}  // namespace

CircuitWrites::CircuitWrites(std::shared_ptr<CircuitRegistry> registry, std::string instance,
                             Disclosure disclosure)
    : registry_(std::move(registry)), instance_(std::move(instance)), disclosure_(disclosure) {}

grpc::Status CircuitWrites::Apply(const CircuitAction& action, const std::string& name,
                                  const Operator& by, v1::Circuit& circuit) const {
  std::shared_ptr<CircuitBreaker> breaker;
  if (grpc::Status status = Find(action, name, by, breaker); !status.ok()) return status;
  const Written written = Write(action, by, Way::kDo, std::move(breaker));
  if (!written.status.ok()) return written.status;
  ToProto(*written.snapshot, disclosure_, circuit);
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::UpdatePolicy(const v1::UpdatePolicyRequest& request,
                                         const std::string& who,
                                         v1::UpdatePolicyResponse& response) const {
  const CircuitAction action = CircuitAction::Of(request);
  const Operator by = Operator(who).Because(request.reason());
  response.set_instance(instance_);
  std::shared_ptr<CircuitBreaker> breaker;
  if (grpc::Status status = Find(action, request.name(), by, breaker); !status.ok()) return status;
  Written written =
      Write(action, by, request.validate_only() ? Way::kTry : Way::kDo, std::move(breaker));
  if (!written.status.ok()) return written.status;
  written.snapshot->policy = written.policy;
  ToProto(*written.snapshot, disclosure_, *response.mutable_circuit());
  for (std::string& warning : PolicyWarnings(written.policy)) {
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

// What is done to a circuit that the registry lets go of at the same time moves nobody's calls, and
// no snapshot of that circuit may be shown as if it did.
CircuitWrites::Written CircuitWrites::Write(const CircuitAction& action, const Operator& by,
                                            Way way,
                                            std::shared_ptr<CircuitBreaker> circuit) const {
  const std::string name = circuit->name();
  // A circuit that was evicted comes back with the policy that it has been given: then there is
  // nothing left to do, and the etag of the policy before no longer fits.
  std::optional<Policy> given;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (circuit->removed()) circuit = registry_->Find(name);
    if (circuit == nullptr) return {NoSuchCircuit(name), std::nullopt, {}};
    Written written;
    if (!given || *circuit->Snapshot().policy != *given) {
      written.status =
          way == Way::kTry ? action.Try(*circuit, written.policy) : action.Apply(*circuit, by);
    }
    written.snapshot = circuit->Snapshot();
    if (way == Way::kDo) written.policy = written.snapshot->policy;
    if (!circuit->removed()) return written;
    if (way == Way::kDo && action.changes_policy() && written.status.ok()) given = written.policy;
  }
  return {ReasonedStatus(
              AdminReason::kCircuitContended,
              absl::StrCat("the circuit ", Quoted(name), " is being removed, over and over")),
          std::nullopt,
          {}};
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
  const Operator by = Operator(who).Because(request.reason());
  response.set_instance(instance_);
  const Way way = request.validate_only() ? Way::kTry : Way::kDo;
  for (std::shared_ptr<CircuitBreaker>& circuit : circuits) {
    const std::string name = circuit->name();
    const Written written = Write(action, by, way, std::move(circuit));
    if (written.status.error_code() == grpc::StatusCode::NOT_FOUND) continue;
    v1::ApplyToCircuitsResponse::Result& result = *response.add_results();
    result.set_name(name);
    result.set_code(written.status.error_code());
    result.set_message(written.status.error_message());
    result.set_reason(AdminReasonIn(written.status.error_details()));
    if (written.snapshot) {
      result.set_state(ToProto(written.snapshot->state));
      result.set_mode(ToProto(written.snapshot->mode));
    }
    if (!request.has_update_policy() || !written.status.ok()) continue;
    for (std::string& warning : PolicyWarnings(written.policy)) {
      result.add_warnings(std::move(warning));
    }
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
        return ReasonedStatus(AdminReason::kTooManyCircuits,
                              absl::StrCat("more than ", kMaxCircuits,
                                           " circuits match: ask for fewer at the same time"));
      }
      circuits.push_back(std::move(match->circuit));
    }
    if (!budget.spent()) return grpc::Status::OK;
  }
  return grpc::Status::CANCELLED;
}

}  // namespace fusebox::internal
