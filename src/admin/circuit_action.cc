// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_action.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/admin/order_conversion.h"
#include "src/admin/policy_change.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/quote.h"
#include "src/admin/reasoned_status.h"
#include "src/base/blank.h"
#include "src/base/printable.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

using Request = v1::ApplyToCircuitsRequest;

// Of the one verb that has one.
template <typename From, typename To>
void CopyTtl(const From& /*from*/, To& /*to*/) {}
void CopyTtl(const v1::ForceOpenCircuitRequest& from, Request::ForceOpen& to) {
  if (from.has_ttl()) *to.mutable_ttl() = from.ttl();
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

CircuitAction CircuitAction::Of(const v1::GiveOrderRequest& request) {
  CircuitAction action;
  if (request.action() == v1::ORDER_ACTION_SET_POLICY) {
    *action.action_.mutable_update_policy() = request.change();
  }
  return action;
}

void CircuitAction::Check(RequestErrors& errors) const {
  switch (action_.action_case()) {
    case Request::ACTION_NOT_SET:
      errors.Add("action", absl::StrCat("unset, must be one of ", ActionNames()));
      break;
    case Request::kForceOpen:
      if (action_.force_open().has_ttl()) CheckTtl(action_.force_open().ttl(), ttl_path_, errors);
      break;
    case Request::kUpdatePolicy:
      CheckPolicyChange(action_.update_policy(), change_path_, errors);
      break;
    default:
      break;
  }
}

StandingOrder CircuitAction::Order(std::string pattern, const Operator& by) const {
  StandingOrder order;
  order.pattern = std::move(pattern);
  order.by = by;
  switch (action_.action_case()) {
    case Request::kForceOpen:
      order.action = OrderAction::kForceOpen;
      if (action_.force_open().has_ttl()) order.ttl = FromProto(action_.force_open().ttl());
      break;
    case Request::kDisable:
      order.action = OrderAction::kDisable;
      break;
    case Request::kShadow:
      order.action = OrderAction::kShadow;
      break;
    case Request::kUpdatePolicy: {
      RequestErrors errors;  // which `Try` has told
      order.action = OrderAction::kSetPolicy;
      order.change = PatchOf(action_.update_policy(), change_path_, errors);
      break;
    }
    case Request::kReset:
    case Request::kAutomate:
    case Request::ACTION_NOT_SET:
      order.action = OrderAction::kAutomate;
      break;
  }
  return order;
}

grpc::Status CircuitAction::Try(Policy& policy) const {
  if (!changes_policy()) return grpc::Status::OK;
  if (!etag_.empty()) {
    if (const std::string etag = CurrentEtag(policy); etag != etag_) {
      return ReasonedStatus(AdminReason::kPolicyChanged,
                            absl::StrCat("the policy has changed since it was read: etag = ",
                                         Quoted(etag_), ", must be \"", etag, "\" by now"));
    }
  }
  RequestErrors errors;
  policy = ChangePolicy(policy, action_.update_policy(), change_path_, errors);
  return errors.ToStatus();
}

}  // namespace fusebox::internal
