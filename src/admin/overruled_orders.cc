// SPDX-License-Identifier: Apache-2.0
#include "src/admin/overruled_orders.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fusebox/policy_patch.h"
#include "src/admin/order_conversion.h"
#include "src/base/glob.h"

namespace fusebox::internal {
namespace {

constexpr int kMaxTold = 100;

// Whether one of the fields that the first one names is among, or goes into, those of the other.
bool NamesAnyOf(const PolicyPatch& a, const PolicyPatch& b) {
  return std::any_of(
             a.fields.begin(), a.fields.end(),
             [&](const PatchedField& field) { return FindField(b, field.path) != nullptr; }) ||
         std::any_of(a.below.begin(), a.below.end(),
                     [&](const PolicyPatch& each) { return NamesAnyOf(each, b); });
}

// Whether they say something of the same, whatever the circuit.
bool SpeakOfTheSame(const StandingOrder& a, const StandingOrder& b) {
  const bool sets_policy = a.action == OrderAction::kSetPolicy;
  if (sets_policy != (b.action == OrderAction::kSetPolicy)) return false;
  return !sets_policy || NamesAnyOf(a.change, b.change) || NamesAnyOf(b.change, a.change);
}

bool Meet(const StandingOrder& earlier, const StandingOrder& order, const GivenOrder& given) {
  if (GlobMatches(order.pattern, earlier.pattern) || GlobMatches(earlier.pattern, order.pattern)) {
    return true;
  }
  if (IsPlainName(earlier.pattern)) return false;  // the new one doesn't fit it
  const std::size_t first_glob = earlier.pattern.find_first_of("*?");
  const absl::string_view beginning = absl::string_view(earlier.pattern).substr(0, first_glob);
  return std::any_of(given.circuits.begin(), given.circuits.end(), [&](const std::string& circuit) {
    return absl::StartsWith(circuit, beginning) && GlobMatches(earlier.pattern, circuit);
  });
}

}  // namespace

OverruledOrders::OverruledOrders(std::vector<StandingOrder> before, std::string who)
    : others_(std::move(before)) {
  const auto is_own = [&](const StandingOrder& each) { return each.by.who == who; };
  others_.erase(std::remove_if(others_.begin(), others_.end(), is_own), others_.end());
}

void OverruledOrders::Add(const StandingOrder& order, const GivenOrder& given) {
  for (const StandingOrder& earlier : others_) {
    const bool ended =
        std::find(given.replaced.begin(), given.replaced.end(), earlier.id) != given.replaced.end();
    // Two that leave circuits to themselves say the same.
    const bool both_automate =
        order.action == OrderAction::kAutomate && earlier.action == OrderAction::kAutomate;
    if (ended) {
      ended_[earlier.id] = true;
    } else if (!both_automate && SpeakOfTheSame(earlier, order) && Meet(earlier, order, given)) {
      ended_.emplace(earlier.id, false);
    }
  }
}

void OverruledOrders::Tell(const Disclosure& disclosure,
                           google::protobuf::RepeatedPtrField<v1::OverruledOrder>& to) const {
  for (const StandingOrder& each : others_) {
    const auto found = ended_.find(each.id);
    if (found == ended_.end()) continue;
    if (to.size() == kMaxTold) return;
    v1::OverruledOrder& told = *to.Add();
    ToProto(each, disclosure, *told.mutable_order());
    told.set_ended(found->second);
  }
}

}  // namespace fusebox::internal
