// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_action.h"

#include <cstddef>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/admin/policy_change.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/quote.h"
#include "src/admin/status_conversion.h"
#include "src/base/blank.h"
#include "src/base/printable.h"
#include "src/base/time_limits.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

using Request = v1::ApplyToCircuitsRequest;

// As often as somebody else may change a policy between it being read and replaced.
constexpr int kMaxAttempts = 16;

std::string CurrentEtag(const Policy& policy) {
  v1::Policy proto;
  ToProto(policy, proto);
  return EtagOf(proto);
}

}  // namespace

void CheckReason(const std::string& reason, RequestErrors& errors) {
  if (reason.size() > kMaxWhyBytes) {
    errors.Add("reason", absl::StrCat(reason.size(), " bytes, must be 1 to ", kMaxWhyBytes));
  } else if (IsBlank(reason)) {
    errors.Add("reason", absl::StrCat(Quoted(reason), ", must say why, in 1 to 500 bytes"));
  } else if (const std::string unprintable = FirstUnprintable(reason); !unprintable.empty()) {
    errors.Add("reason", absl::StrCat("with ", unprintable, ", must be printable text in UTF-8"));
  }
}

CircuitAction CircuitAction::Of(const Request& request) {
  CircuitAction action;
  action.ttl_path_ = "force_open.ttl";
  action.change_path_ = "update_policy";
  action.action_ = request;
  action.action_.clear_filter();
  action.action_.clear_reason();
  return action;
}

CircuitAction CircuitAction::Reset() {
  CircuitAction action;
  action.action_.mutable_reset();
  return action;
}

CircuitAction CircuitAction::ForceOpen(const v1::ForceOpenCircuitRequest& request) {
  CircuitAction action;
  Request::ForceOpen& force_open = *action.action_.mutable_force_open();
  if (request.has_ttl()) *force_open.mutable_ttl() = request.ttl();
  return action;
}

CircuitAction CircuitAction::Disable() {
  CircuitAction action;
  action.action_.mutable_disable();
  return action;
}

CircuitAction CircuitAction::Shadow() {
  CircuitAction action;
  action.action_.mutable_shadow();
  return action;
}

CircuitAction CircuitAction::Automate() {
  CircuitAction action;
  action.action_.mutable_automate();
  return action;
}

CircuitAction CircuitAction::UpdatePolicy(const v1::UpdatePolicyRequest& request) {
  CircuitAction action;
  *action.action_.mutable_update_policy() = request.change();
  action.etag_ = request.etag();
  return action;
}

void CircuitAction::Check(RequestErrors& errors) const {
  switch (action_.action_case()) {
    case Request::ACTION_NOT_SET:
      errors.Add("action",
                 "unset, must be one of reset, force_open, disable, shadow, automate and "
                 "update_policy");
      break;
    case Request::kForceOpen:
      if (action_.force_open().has_ttl()) {
        const std::optional<absl::Duration> ttl = FromProto(action_.force_open().ttl());
        if (!ttl || *ttl < kShortestTime || *ttl > kYear) {
          const std::string value =
              ttl ? absl::FormatDuration(*ttl)
                  : absl::StrCat(action_.force_open().ttl().seconds(), " s and ",
                                 action_.force_open().ttl().nanos(), " ns");
          errors.Add(ttl_path_,
                     absl::StrCat(value, ", must be from ", absl::FormatDuration(kShortestTime),
                                  " to ", absl::FormatDuration(kYear)));
        }
      }
      break;
    case Request::kUpdatePolicy:
      CheckPolicyChange(action_.update_policy(), change_path_, errors);
      break;
    default:
      break;
  }
}

grpc::Status CircuitAction::Apply(CircuitBreaker& circuit, const Operator& by) const {
  switch (action_.action_case()) {
    case Request::kReset:
      circuit.Reset(by);
      break;
    case Request::kForceOpen: {
      std::optional<absl::Duration> ttl;
      if (action_.force_open().has_ttl()) ttl = FromProto(action_.force_open().ttl());
      return ToGrpcStatus(circuit.ForceOpen(by, ttl));
    }
    case Request::kDisable:
      circuit.Disable(by);
      break;
    case Request::kShadow:
      circuit.Shadow(by);
      break;
    case Request::kAutomate:
      circuit.Automate(by);
      break;
    case Request::kUpdatePolicy:
      return ApplyPolicyChange(circuit, by);
    case Request::ACTION_NOT_SET:
      break;
  }
  return grpc::Status::OK;
}

grpc::Status CircuitAction::Try(CircuitBreaker& circuit, Policy& policy) const {
  policy = circuit.Snapshot().policy;
  if (!action_.has_update_policy()) return grpc::Status::OK;
  return ChangedPolicy(Policy(policy), policy);
}

grpc::Status CircuitAction::ChangedPolicy(const Policy& policy, Policy& changed) const {
  if (!etag_.empty()) {
    if (const std::string etag = CurrentEtag(policy); etag != etag_) {
      return {grpc::StatusCode::ABORTED,
              absl::StrCat("the policy has changed since it was read: etag = ", Quoted(etag_),
                           ", must be \"", etag, "\" by now")};
    }
  }
  RequestErrors errors;
  changed = ChangePolicy(policy, action_.update_policy(), change_path_, errors);
  return errors.ToStatus();
}

grpc::Status CircuitAction::ApplyPolicyChange(CircuitBreaker& circuit, const Operator& by) const {
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const Policy policy = circuit.Snapshot().policy;
    Policy changed;
    if (grpc::Status status = ChangedPolicy(policy, changed); !status.ok()) return status;
    if (changed == policy) return grpc::Status::OK;
    const absl::Status status = circuit.ReplacePolicy(policy, changed, by);
    if (!absl::IsAborted(status)) return ToGrpcStatus(status);
  }
  return {grpc::StatusCode::ABORTED, "the policy is being changed by others, over and over"};
}

}  // namespace fusebox::internal
