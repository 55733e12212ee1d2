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
#include "src/admin/reasoned_status.h"
#include "src/base/blank.h"
#include "src/base/printable.h"
#include "src/base/time_limits.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

using Request = v1::ApplyToCircuitsRequest;

// As often as somebody else may change a policy between it being read and replaced.
constexpr int kMaxAttempts = 16;

// Of the one verb that has one.
template <typename From, typename To>
void CopyTtl(const From& /*from*/, To& /*to*/) {}
void CopyTtl(const v1::ForceOpenCircuitRequest& from, Request::ForceOpen& to) {
  if (from.has_ttl()) *to.mutable_ttl() = from.ttl();
}

template <typename Action>
grpc::Status Do(void (CircuitBreaker::*verb)(const Operator&), const Action& /*action*/,
                CircuitBreaker& circuit, const Operator& by) {
  (circuit.*verb)(by);
  return grpc::Status::OK;
}
grpc::Status Do(absl::Status (CircuitBreaker::*verb)(const Operator&,
                                                     std::optional<absl::Duration>),
                const Request::ForceOpen& action, CircuitBreaker& circuit, const Operator& by) {
  std::optional<absl::Duration> ttl;
  if (action.has_ttl()) ttl = FromProto(action.ttl());
  return ToGrpcStatus((circuit.*verb)(by, ttl));
}

// "reset, force_open, ..., and update_policy".
std::string ActionNames() {
  std::string names;
#define FUSEBOX_NAME(verb, field, ...) absl::StrAppend(&names, #field ", ");
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_NAME)
#undef FUSEBOX_NAME
  names.resize(names.size() - 2);
  return absl::StrCat(names, " and update_policy");
}

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

#define FUSEBOX_OF(verb, field, ...)                                         \
  CircuitAction CircuitAction::Of(const v1::verb##CircuitRequest& request) { \
    CircuitAction action;                                                    \
    CopyTtl(request, *action.action_.mutable_##field());                     \
    return action;                                                           \
  }
FUSEBOX_OPERATOR_VERBS(FUSEBOX_OF)
#undef FUSEBOX_OF

CircuitAction CircuitAction::Of(const v1::UpdatePolicyRequest& request) {
  CircuitAction action;
  *action.action_.mutable_update_policy() = request.change();
  action.etag_ = request.etag();
  return action;
}

void CircuitAction::Check(RequestErrors& errors) const {
  switch (action_.action_case()) {
    case Request::ACTION_NOT_SET:
      errors.Add("action", absl::StrCat("unset, must be one of ", ActionNames()));
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
#define FUSEBOX_CASE(verb, field, ...) \
  case Request::k##verb:               \
    return Do(&CircuitBreaker::verb, action_.field(), circuit, by);
    FUSEBOX_OPERATOR_VERBS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case Request::kUpdatePolicy:
      return ApplyPolicyChange(circuit, by);
    case Request::ACTION_NOT_SET:
      break;
  }
  return grpc::Status::OK;
}

grpc::Status CircuitAction::Try(CircuitBreaker& circuit, Policy& policy) const {
  policy = circuit.Snapshot().policy;
  if (!changes_policy()) return grpc::Status::OK;
  return ChangedPolicy(Policy(policy), policy);
}

grpc::Status CircuitAction::ChangedPolicy(const Policy& policy, Policy& changed) const {
  if (!etag_.empty()) {
    if (const std::string etag = CurrentEtag(policy); etag != etag_) {
      return ReasonedStatus(AdminReason::kPolicyChanged,
                            absl::StrCat("the policy has changed since it was read: etag = ",
                                         Quoted(etag_), ", must be \"", etag, "\" by now"));
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
  return ReasonedStatus(AdminReason::kPolicyContended,
                        "the policy is being changed by others, over and over");
}

}  // namespace fusebox::internal
