// SPDX-License-Identifier: Apache-2.0
#include "src/admin/order_conversion.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "src/admin/enum_conversion.h"
#include "src/admin/policy_change.h"
#include "src/admin/quote.h"
#include "src/base/blank.h"
#include "src/base/printable.h"
#include "src/base/time_limits.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kMaxPatternBytes = 1'024;

// Of a Timestamp: the years 1 to 9999.
constexpr int64_t kMinTimeSeconds = -62'135'596'800;
constexpr int64_t kMaxTimeSeconds = 253'402'300'799;

void CheckPattern(const std::string& pattern, RequestErrors& errors) {
  if (pattern.size() > kMaxPatternBytes) {
    errors.Add("pattern", absl::StrCat(pattern.size(), " bytes, must be 1 to ", kMaxPatternBytes));
  } else if (IsBlank(pattern)) {
    errors.Add("pattern", absl::StrCat(Quoted(pattern), ", must be a circuit's name, or a glob"));
  } else if (const std::string unprintable = FirstUnprintable(pattern); !unprintable.empty()) {
    errors.Add("pattern", absl::StrCat("with ", unprintable, ", must be printable text in UTF-8"));
  }
}

}  // namespace

void CheckTtl(const google::protobuf::Duration& ttl, absl::string_view field,
              RequestErrors& errors) {
  const std::optional<absl::Duration> duration = FromProto(ttl);
  if (duration && *duration >= kShortestTime && *duration <= kYear) return;
  const std::string value = duration ? absl::FormatDuration(*duration)
                                     : absl::StrCat(ttl.seconds(), " s and ", ttl.nanos(), " ns");
  errors.Add(field, absl::StrCat(value, ", must be from ", absl::FormatDuration(kShortestTime),
                                 " to ", absl::FormatDuration(kYear)));
}

void ToProto(const StandingOrder& order, const Disclosure& disclosure, v1::StandingOrder& proto) {
  proto.set_id(order.id);
  proto.set_pattern(order.pattern);
  proto.set_action(ToProto(order.action));
  if (order.action == OrderAction::kSetPolicy) {
    const bool is_plain = order.change.below.empty();
    *proto.mutable_change() = ChangeOf(is_plain ? order.change : Flattened(order.change));
  }
  if (disclosure.operators) {
    proto.set_actor(order.by.who);
    proto.set_reason(order.by.why);
  }
  *proto.mutable_time() = ToProto(order.from);
  if (order.ttl) *proto.mutable_ttl() = ToProto(*order.ttl);
}

absl::StatusOr<StandingOrder> FromProto(const v1::StandingOrder& proto) {
  RequestErrors errors;
  StandingOrder order;
  order.id = proto.id();
  order.pattern = proto.pattern();
  order.by = Operator(proto.actor()).Because(proto.reason());
  order.from = FromProto(proto.time());
  if (proto.time().seconds() < kMinTimeSeconds || proto.time().seconds() > kMaxTimeSeconds) {
    errors.Add("time", absl::StrCat(proto.time().seconds(), " s, must be in the years 1 to 9999"));
  }
  const std::optional<OrderAction> action = FromProto(proto.action());
  if (action) {
    order.action = *action;
  } else {
    errors.Add("action", absl::StrCat(static_cast<int>(proto.action()), ", must be a known one"));
  }
  if (proto.has_ttl()) {
    CheckTtl(proto.ttl(), "ttl", errors);
    order.ttl = FromProto(proto.ttl());
  }
  if (action == OrderAction::kSetPolicy) {
    CheckPaths(proto.change(), "change", errors);  // however many: it was given long ago
    if (errors.empty()) order.change = PatchOf(proto.change(), "change", errors);
  }
  if (!errors.empty()) return absl::InvalidArgumentError(errors.Text());
  return order;
}

StandingOrder OrderOf(const v1::GiveOrderRequest& request, RequestErrors& errors) {
  StandingOrder order;
  CheckPattern(request.pattern(), errors);
  order.pattern = request.pattern();
  const std::optional<OrderAction> action = FromProto(request.action());
  const bool sets_policy = action == OrderAction::kSetPolicy;
  if (action) {
    order.action = *action;
  } else {
    errors.Add("action", absl::StrCat(static_cast<int>(request.action()),
                                      ", must be what the order is to do"));
  }
  if (request.has_ttl()) {
    CheckTtl(request.ttl(), "ttl", errors);
    order.ttl = FromProto(request.ttl());
  }
  if (sets_policy) {
    RequestErrors of_change;
    CheckPolicyChange(request.change(), "change", of_change);
    if (of_change.empty()) order.change = PatchOf(request.change(), "change", of_change);
    errors.Add(of_change);
  } else if (request.has_change()) {
    errors.Add("change", "set, must be unset unless the action is ORDER_ACTION_SET_POLICY");
  }
  return order;
}

}  // namespace fusebox::internal
