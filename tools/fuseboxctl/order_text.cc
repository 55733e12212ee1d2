// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/order_text.h"

#include <cstddef>
#include <cstdint>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {

using fusebox::v1::StandingOrder;

std::string ActionText(const StandingOrder& order) {
  switch (order.action()) {
    case fusebox::v1::ORDER_ACTION_FORCE_OPEN:
      return "open";
    case fusebox::v1::ORDER_ACTION_DISABLE:
      return "disable";
    case fusebox::v1::ORDER_ACTION_SHADOW:
      return "shadow";
    case fusebox::v1::ORDER_ACTION_AUTOMATE:
      return "auto";
    case fusebox::v1::ORDER_ACTION_SET_POLICY:
      return absl::StrCat("policy ", absl::StrJoin(AssignmentsOf(order.change()), " "));
    default:
      return absl::StrCat(static_cast<int>(order.action()));
  }
}

std::string GivenText(const fusebox::v1::GivenOrder& given) {
  const fusebox::v1::StandingOrder& order = given.order();
  const bool sets_policy = order.action() == fusebox::v1::ORDER_ACTION_SET_POLICY;
  std::string text =
      order.id() == 0
          ? absl::StrCat("would ", sets_policy ? "set the policy of " : "hold ")
          : absl::StrCat("order ", order.id(), sets_policy ? " sets the policy of " : " holds ");
  absl::StrAppend(&text, Printable(order.pattern()), ": ", Count(order.circuits(), "circuit"),
                  " now, and those made later");
  if (order.has_ttl()) {
    if (const auto ttl = fusebox::internal::FromProto(order.ttl())) {
      absl::StrAppend(&text, ", for ", DurationText(*ttl));
    }
  }
  if (given.replaced_size() > 0) {
    absl::StrAppend(&text, "; in place of ", given.replaced_size() == 1 ? "order " : "orders ",
                    absl::StrJoin(given.replaced(), ", "));
  }
  return text;
}

void SayOverruled(const std::string& instance,
                  const std::vector<fusebox::v1::OverruledOrder>& overruled, bool would,
                  const Screen& screen) {
  constexpr std::size_t kShown = 20;
  std::set<uint64_t> seen;
  for (const fusebox::v1::OverruledOrder& each : overruled) {
    const StandingOrder& order = each.order();
    if (!seen.insert(order.id()).second || seen.size() > kShown) continue;
    const std::string verb = each.ended() ? (would ? "would end" : "has ended")
                                          : (would ? "would overrule" : "overrules");
    // Who that is is not told to everybody.
    const std::string by = order.actor().empty() ? "" : " by " + Printable(order.actor());
    screen.Say(absl::StrCat(instance, ": ", verb, " order ", order.id(), by, " (",
                            ActionText(order), " ", Printable(order.pattern()), ")"));
  }
  if (seen.size() > kShown) {
    screen.Say(absl::StrCat(instance, ": and ",
                            Count(static_cast<int64_t>(seen.size() - kShown), "more order"),
                            ": `fuseboxctl orders`"));
  }
}

}  // namespace fuseboxctl
