// SPDX-License-Identifier: Apache-2.0
#include "src/core/standing_orders.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <ostream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/glob.h"
#include "src/base/lower_case.h"
#include "src/base/printable.h"
#include "src/base/time_limits.h"

namespace fusebox {

absl::string_view OrderActionName(OrderAction action) {
  switch (action) {
#define FUSEBOX_CASE(enumerator, number, name)         \
  case OrderAction::enumerator: {                      \
    static constexpr internal::LowerCase kName(#name); \
    return kName.text();                               \
  }
    FUSEBOX_ORDER_ACTIONS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "unknown";
}

std::ostream& operator<<(std::ostream& out, OrderAction action) {
  return out << OrderActionName(action);
}

namespace internal {
namespace {

constexpr std::size_t kMaxPatternBytes = 1'024;

// Whether the later one says all that the earlier one says of the policy.
bool NamesAllOf(const PolicyPatch& later, const PolicyPatch& earlier) {
  return std::all_of(
             earlier.fields.begin(), earlier.fields.end(),
             [&](const PatchedField& field) { return FindField(later, field.path) != nullptr; }) &&
         std::all_of(earlier.below.begin(), earlier.below.end(),
                     [&](const PolicyPatch& each) { return NamesAllOf(later, each); });
}

// Whether it surely fits every circuit that the other one fits.
bool IsWider(const StandingOrder& order, const StandingOrder& than) {
  // A star takes the stars of the other for what they are; a question mark would take one for a
  // character.
  const bool has_question_mark = order.pattern.find('?') != std::string::npos;
  if (has_question_mark && !IsPlainName(than.pattern)) return order.pattern == than.pattern;
  return GlobMatches(order.pattern, than.pattern);
}

// Whether there may be a name that fits both.
bool MayMeet(const std::string& a, const std::string& b) {
  if (IsPlainName(a)) return IsPlainName(b) ? a == b : GlobMatches(b, a);
  if (IsPlainName(b)) return GlobMatches(a, b);
  // Both begin with what stands for itself.
  const auto differ = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
  const auto ends = [](std::string::const_iterator at, const std::string& glob) {
    return at == glob.end() || *at == '*' || *at == '?' ||
           std::find_if(glob.begin(), at, [](char c) { return c == '*' || c == '?'; }) != at;
  };
  return ends(differ.first, a) || ends(differ.second, b);
}

bool TakesPlaceOf(const StandingOrder& later, const StandingOrder& earlier) {
  if (later.action == OrderAction::kAutomate) {
    return IsOfMode(earlier.action) && IsWider(later, earlier);
  }
  if (later.pattern != earlier.pattern || later.action != earlier.action ||
      later.by.who != earlier.by.who) {
    return false;
  }
  return IsOfMode(later.action) || NamesAllOf(later.change, earlier.change);
}

}  // namespace

absl::Status CheckOrder(const StandingOrder& order) {
  std::vector<std::string> errors;
  if (order.pattern.empty() || order.pattern.size() > kMaxPatternBytes) {
    errors.push_back(absl::StrCat("pattern = ", order.pattern.size(), " bytes, must be 1 to ",
                                  kMaxPatternBytes));
  } else if (const std::string unprintable = FirstUnprintable(order.pattern);
             !unprintable.empty()) {
    errors.push_back(
        absl::StrCat("pattern with ", unprintable, ", must be printable text in UTF-8"));
  }
  if (order.ttl && (*order.ttl < kShortestTime || *order.ttl > kYear)) {
    errors.push_back(absl::StrCat("ttl = ", absl::FormatDuration(*order.ttl), ", must be from ",
                                  absl::FormatDuration(kShortestTime), " to ",
                                  absl::FormatDuration(kYear)));
  }
  if (OrderActionName(order.action) == "unknown") {
    errors.push_back(
        absl::StrCat("action = ", static_cast<int>(order.action), ", must be one of OrderAction"));
  }
  if (order.action == OrderAction::kSetPolicy) {
    if (IsEmpty(order.change)) errors.emplace_back("change = no field, must name one");
    if (const absl::Status valid = Validate(order.change); !valid.ok()) {
      errors.emplace_back(valid.message());
    }
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("invalid order: ", absl::StrJoin(errors, "; ")));
}

bool HeldOrder::Fits(absl::string_view circuit) const {
  return GlobMatches(order.pattern, circuit);
}

// A name is none.
int64_t BytesOfGlobs(absl::string_view pattern) {
  return IsPlainName(pattern) ? 0 : WeightOfGlob(pattern);
}

OrderIndex::OrderIndex(const std::vector<Held>& orders) {
  for (const Held& each : orders) {
    const absl::string_view pattern = each->order.pattern;
    if (IsPlainName(pattern)) {
      by_name_[pattern].push_back(each.get());
    } else {
      globs_.push_back({pattern.substr(0, pattern.find_first_of("*?")), each.get()});
    }
  }
}

template <typename Visit>
void OrderIndex::VisitGlobs(absl::string_view circuit, Visit visit) const {
  std::optional<GlobText> name;  // to make it takes longer than to see that none can fit
  for (const auto& [prefix, order] : globs_) {
    if (!absl::StartsWith(circuit, prefix)) continue;
    if (!name) name.emplace(circuit);
    if (name->Fits(order->order.pattern) && !visit(order)) return;
  }
}

std::vector<const HeldOrder*> OrderIndex::Fitting(absl::string_view circuit) const {
  std::vector<const HeldOrder*> fitting;
  const auto named = by_name_.find(circuit);
  if (named != by_name_.end()) fitting = named->second;
  VisitGlobs(circuit, [&fitting](const HeldOrder* order) {
    fitting.push_back(order);
    return true;
  });
  std::sort(fitting.begin(), fitting.end(),
            [](const HeldOrder* a, const HeldOrder* b) { return a->order.id < b->order.id; });
  return fitting;
}

bool OrderIndex::AnyFits(absl::string_view circuit) const {
  bool fits = by_name_.contains(circuit);
  if (fits) return true;
  VisitGlobs(circuit, [&fits](const HeldOrder* /*order*/) {
    fits = true;
    return false;
  });
  return fits;
}

StandingOrders::Held StandingOrders::Find(uint64_t id) const {
  const auto found =
      std::lower_bound(orders_.begin(), orders_.end(), id,
                       [](const Held& each, uint64_t than) { return each->order.id < than; });
  return found == orders_.end() || (*found)->order.id != id ? nullptr : *found;
}

OrdersOfCircuit StandingOrders::Of(absl::string_view circuit, SteadyTime now) const {
  OrdersOfCircuit orders;
  for (const HeldOrder* const each : index_.Fitting(circuit)) {
    if (each->HasEnded(now)) continue;
    if (IsOfMode(each->order.action)) {
      orders.mode = each;
    } else {
      orders.policy.push_back(each);
    }
  }
  return orders;
}

StandingOrders::Added StandingOrders::With(Held order) const {
  Added added;
  std::vector<Held> left;
  for (const Held& each : orders_) {
    if (TakesPlaceOf(order->order, each->order)) {
      added.replaced.push_back(each->order.id);
    } else {
      left.push_back(each);
    }
  }
  const uint64_t id = order->order.id;
  left.push_back(std::move(order));
  added.orders.Put(std::move(left));
  added.stands = added.orders.Find(id) != nullptr;
  return added;
}

StandingOrders StandingOrders::Make(std::vector<Held> orders) {
  StandingOrders made;
  made.Put(std::move(orders));
  return made;
}

template <typename Goes>
StandingOrders StandingOrders::WithoutThose(Goes goes) const {
  std::vector<Held> left;
  std::copy_if(orders_.begin(), orders_.end(), std::back_inserter(left),
               [goes](const Held& each) { return !goes(*each); });
  return Make(std::move(left));
}

StandingOrders StandingOrders::Without(uint64_t id) const {
  return WithoutThose([id](const HeldOrder& each) { return each.order.id == id; });
}

StandingOrders StandingOrders::WithoutEnded(SteadyTime now) const {
  return WithoutThose([now](const HeldOrder& each) { return each.HasEnded(now); });
}

// Automatic mode is what there is without an order: one that asks for it has something to do while
// an earlier one, for the same circuits, says otherwise.
void StandingOrders::DropIdle() {
  std::vector<Held> left;
  const auto overrules = [&left](const StandingOrder& order) {
    return std::any_of(left.begin(), left.end(), [&order](const Held& earlier) {
      return IsOfMode(earlier->order.action) && earlier->order.action != OrderAction::kAutomate &&
             MayMeet(earlier->order.pattern, order.pattern);
    });
  };
  for (Held& each : orders_) {
    const bool may_be_idle = each->order.action == OrderAction::kAutomate;
    if (!may_be_idle || overrules(each->order)) left.push_back(std::move(each));
  }
  orders_ = std::move(left);
}

void StandingOrders::Put(std::vector<Held> orders) {
  orders_ = std::move(orders);
  std::sort(orders_.begin(), orders_.end(),
            [](const Held& a, const Held& b) { return a->order.id < b->order.id; });
  DropIdle();
  index_ = OrderIndex(orders_);
  bytes_of_globs_ = 0;
  next_end_ = SteadyTime::FromNanos(INT64_MAX);
  for (const Held& each : orders_) {
    bytes_of_globs_ += BytesOfGlobs(each->order.pattern);
    next_end_ = std::min(next_end_, each->until);
  }
}

}  // namespace internal
}  // namespace fusebox
