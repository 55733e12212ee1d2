// SPDX-License-Identifier: Apache-2.0
#include "src/core/registry_layers.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fusebox/circuit_name.h"
#include "src/base/glob.h"
#include "src/base/printable.h"
#include "src/base/user_code.h"
#include "src/core/layered_circuit.h"

namespace fusebox::internal {
namespace {

// Of circuits whose policies would be invalid: what is wrong with one is as a rule wrong with many.
constexpr std::size_t kMaxErrors = 20;

class Errors {
 public:
  void Add(absl::string_view circuit, const absl::Status& status) {
    if (!seen_.insert(std::string(status.message())).second) return;
    if (texts_.size() == kMaxErrors) {
      ++left_out_;
      return;
    }
    texts_.push_back(absl::StrCat("circuit \"", circuit, "\": ", status.message()));
  }

  absl::Status ToStatus() const {
    if (texts_.empty()) return absl::OkStatus();
    const std::string more = left_out_ == 0 ? "" : absl::StrCat("; and ", left_out_, " more");
    return absl::InvalidArgumentError(absl::StrCat(absl::StrJoin(texts_, "; "), more));
  }

 private:
  std::set<std::string> seen_;
  std::vector<std::string> texts_;
  std::size_t left_out_ = 0;
};

}  // namespace

RegistryLayers::RegistryLayers(LayeredCircuits& circuits, OrderTimer::Look look)
    : circuits_(circuits),
      no_overrides_(std::make_shared<PolicyOverrides>()),
      timer_(std::move(look)) {}

RegistryLayers::Layers RegistryLayers::Present() {
  Layers layers = circuits_.layers();
  if (layers != nullptr) return layers;
  return std::make_shared<PolicyLayers>(no_overrides_, StandingOrders());
}

absl::StatusOr<OverridesResult> RegistryLayers::Try(const Layers& layers) {
  OverridesResult result;
  PolicyResolver resolver(layers);
  Errors errors;
  circuits_.ForEach(nullptr, [&](LayeredCircuit& each) {
    ++result.circuits;
    std::shared_ptr<const Policy> before = each.core().LayeredPolicy();
    if (before == nullptr) return;
    PolicyResolver::Result after = resolver.Resolve(each.identity(), each.code);
    if (!after.ok()) {
      errors.Add(each.core().name(), after.status());
    } else if (before != *after && *before != **after) {
      result.differences.push_back({each.core().name(), std::move(before), *std::move(after)});
    }
  });
  if (absl::Status valid = errors.ToStatus(); !valid.ok()) return valid;
  return result;
}

void RegistryLayers::Install(const Layers& layers) {
  circuits_.SetLayers(layers);
  if (layers->orders().next_end() != SteadyTime::FromNanos(INT64_MAX)) timer_.Start();
}

absl::StatusOr<OverridesResult> RegistryLayers::Set(PolicyOverrides overrides, const Operator& by) {
  if (absl::Status valid = Validate(overrides); !valid.ok()) return valid;
  const auto shared = std::make_shared<const PolicyOverrides>(std::move(overrides));
  Layers before;
  Layers layers;
  absl::StatusOr<OverridesResult> result;
  {
    MutexLock lock(changes_);
    before = Present();
    layers = std::make_shared<PolicyLayers>(shared, before->orders());
    result = Try(layers);
    if (!result.ok()) return result;
    Install(layers);
  }
  Spread(before, layers, by, /*ended=*/false);
  return result;
}

absl::StatusOr<OverridesResult> RegistryLayers::Preview(PolicyOverrides overrides) {
  if (absl::Status valid = Validate(overrides); !valid.ok()) return valid;
  return Try(std::make_shared<PolicyLayers>(
      std::make_shared<const PolicyOverrides>(std::move(overrides)), Present()->orders()));
}

PolicyOverrides RegistryLayers::Overrides() { return *Present()->overrides(); }

absl::StatusOr<std::vector<FieldOrigin>> RegistryLayers::Origins(absl::string_view circuit) {
  LookForEnds();
  const Layers layers = Present();
  std::vector<FieldOrigin> origins;
  const bool found = circuits_.ForOne(circuit, [&](LayeredCircuit& each) {
    if (each.core().LayeredPolicy() != nullptr) {
      origins = internal::Origins(layers, each.identity(), each.code);
      return;
    }
    for (std::string& path : SetPolicyFields(*each.core().PresentPolicy())) {
      origins.push_back({std::move(path), PolicyLayer::kOrder, "set directly"});
    }
  });
  if (found) return origins;
  return absl::NotFoundError(
      absl::StrCat("no circuit named \"", Printable(circuit, kMaxCircuitNameBytes), "\""));
}

absl::StatusOr<StandingOrders::Added> RegistryLayers::Try(const StandingOrder& order,
                                                          const Policy* expected, GivenOrder& given,
                                                          Layers& layers) {
  const Layers before = Present();
  const SteadyTime now = circuits_.clock().Now();
  auto held = std::make_shared<HeldOrder>();
  held->order = order;
  held->order.id = last_id_ + 1;
  held->order.from = circuits_.clock().WallNow();
  if (order.ttl) held->until = now + *order.ttl;
  StandingOrders::Added added = before->orders().With(held);
  if (added.orders.size() > CircuitRegistry::kMaxOrders) {
    return absl::ResourceExhaustedError(
        absl::StrCat("there are ", CircuitRegistry::kMaxOrders,
                     " standing orders, which is as many as there may be: revoke some"));
  }
  layers = std::make_shared<PolicyLayers>(before->overrides(), added.orders);
  given.replaced = added.replaced;
  const bool sets_policy = order.action == OrderAction::kSetPolicy;
  PolicyResolver resolver(layers);
  Errors errors;
  bool is_expected = expected == nullptr;
  circuits_.ForEach(nullptr, [&](LayeredCircuit& each) {
    const std::string& name = each.core().name();
    if (!held->Fits(name)) return;
    given.circuits.push_back(name);
    if (!sets_policy) return;
    if (expected != nullptr && name == order.pattern) {
      is_expected = *each.core().PresentPolicy() == expected->InForce();
    }
    const PolicyResolver::Result after = resolver.Resolve(each.identity(), each.Base());
    if (!after.ok()) errors.Add(name, after.status());
  });
  if (absl::Status valid = errors.ToStatus(); !valid.ok()) return valid;
  if (!is_expected) {
    return absl::AbortedError(absl::StrCat("the policy of \"", order.pattern,
                                           "\" is another one than expected, or there is no such "
                                           "circuit"));
  }
  return added;
}

absl::StatusOr<GivenOrder> RegistryLayers::Give(StandingOrder order, const Policy* expected) {
  if (absl::Status valid = CheckOrder(order); !valid.ok()) return valid;
  order.by = PrintableOperator(order.by);
  LookForEnds();
  GivenOrder given;
  uint64_t id = 0;
  Layers before;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    const absl::StatusOr<StandingOrders::Added> added = Try(order, expected, given, layers);
    if (!added.ok()) return added.status();
    id = ++last_id_;
    if (added->stands) given.id = id;
    Install(layers);
  }
  Spread(before, layers, order.by, /*ended=*/false);
  if (given.id == 0) AutomateOnce(order, id);
  TellKeeper();
  return given;
}

// What code has done to a circuit is no order, and ends all the same.
void RegistryLayers::AutomateOnce(const StandingOrder& order, uint64_t id) {
  const auto automate = [&](LayeredCircuit& each) {
    const bool has_later = each.mode_order_seen > id;
    if (has_later || !GlobMatches(order.pattern, each.core().name())) return;
    each.mode_order_seen = id;
    each.core().ReleaseOrder(order.by, /*ends_by_itself=*/false);
  };
  // Others may change the layers meanwhile, which is nothing to this.
  Layers layers = Present();
  while (!circuits_.ForEach(layers.get(), automate)) layers = Present();
}

absl::StatusOr<GivenOrder> RegistryLayers::PreviewOrder(StandingOrder order) {
  if (absl::Status valid = CheckOrder(order); !valid.ok()) return valid;
  GivenOrder given;
  Layers layers;
  MutexLock lock(changes_);
  const absl::StatusOr<StandingOrders::Added> added = Try(order, nullptr, given, layers);
  if (!added.ok()) return added.status();
  return given;
}

absl::Status RegistryLayers::Revoke(uint64_t id, const Operator& by) {
  LookForEnds();
  Layers before;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    if (before->orders().Find(id) == nullptr) {
      return absl::NotFoundError(absl::StrCat("no standing order ", id));
    }
    layers = std::make_shared<PolicyLayers>(before->overrides(), before->orders().Without(id));
    Install(layers);
  }
  Spread(before, layers, PrintableOperator(by), /*ended=*/false);
  TellKeeper();
  return absl::OkStatus();
}

bool RegistryLayers::LookForEnds() {
  const SteadyTime never = SteadyTime::FromNanos(INT64_MAX);
  Layers before = circuits_.layers();
  if (before == nullptr || before->orders().next_end() == never) return false;
  const SteadyTime now = circuits_.clock().Now();
  if (before->orders().next_end() > now) return true;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    layers =
        std::make_shared<PolicyLayers>(before->overrides(), before->orders().WithoutEnded(now));
    Install(layers);
  }
  Spread(before, layers, Operator("").Because("a standing order has ended"), /*ended=*/true);
  TellKeeper();
  return layers->orders().next_end() != never;
}

std::vector<StandingOrder> RegistryLayers::Orders() {
  LookForEnds();
  return PresentOrders();
}

std::vector<StandingOrder> RegistryLayers::PresentOrders() {
  const Layers layers = Present();
  std::vector<StandingOrder> orders;
  orders.reserve(layers->orders().size());
  for (const StandingOrders::Held& each : layers->orders().all()) orders.push_back(each->order);
  return orders;
}

std::vector<std::string> RegistryLayers::Restore(std::vector<StandingOrder> orders) {
  std::vector<std::string> left_out;
  Layers before;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    std::vector<StandingOrders::Held> all = before->orders().all();
    std::set<uint64_t> ids = {0};
    for (const StandingOrders::Held& each : all) ids.insert(each->order.id);
    const SteadyTime now = circuits_.clock().Now();
    const absl::Time wall_now = circuits_.clock().WallNow();
    for (StandingOrder& order : orders) {
      const absl::Duration left = order.until() - wall_now;
      std::string problem(CheckOrder(order).message());
      if (problem.empty() && left <= absl::ZeroDuration()) problem = "it has ended";
      if (problem.empty() && all.size() >= CircuitRegistry::kMaxOrders)
        problem = "there is no room";
      if (problem.empty() && !ids.insert(order.id).second) {
        problem = "there is another one of that number";
      }
      if (!problem.empty()) {
        left_out.push_back(absl::StrCat("order ", order.id, ": ", problem));
        continue;
      }
      last_id_ = std::max(last_id_, order.id);
      auto held = std::make_shared<HeldOrder>();
      // A clock that was put back doesn't make it longer.
      if (order.ttl) held->until = now + std::min(left, *order.ttl);
      order.by = PrintableOperator(order.by);
      held->order = std::move(order);
      all.push_back(std::move(held));
    }
    layers =
        std::make_shared<PolicyLayers>(before->overrides(), StandingOrders::Make(std::move(all)));
    Install(layers);
  }
  Spread(before, layers, Operator("").Because("a standing order is back"), /*ended=*/false);
  return left_out;
}

void RegistryLayers::SetKeeper(CircuitRegistry::OrderKeeper keeper) {
  MutexLock lock(keeping_);
  keeper_ = std::move(keeper);
}

void RegistryLayers::TellKeeper() {
  MutexLock lock(keeping_);
  if (keeper_ == nullptr) return;
  const std::vector<StandingOrder> orders = PresentOrders();
  RunUserCode([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { keeper_(orders); },
              [&](const std::string& exception) {
                circuits_.ReportUserCodeFailure(UserCode::kOrderKeeper, exception);
              });
}

// The orders that have been given or have gone since each circuit was looked at last, whoever's
// change that was; so it doesn't matter if others are left out.
void RegistryLayers::Spread(const Layers& before, const Layers& layers, const Operator& by,
                            bool ended) {
  PolicyResolver resolver(layers);
  const StandingOrders& orders = layers->orders();
  const SteadyTime now = circuits_.clock().Now();
  // What ends by itself in the circuit, a little later.
  const auto ends_by_itself = [&](uint64_t id) {
    const StandingOrders::Held order = ended ? before->orders().Find(id) : nullptr;
    return order != nullptr && order->order.action == OrderAction::kForceOpen;
  };
  circuits_.ForEach(layers.get(), [&](LayeredCircuit& each) {
    CircuitCore& core = each.core();
    const OrdersOfCircuit its = orders.Of(core.name());
    if (its.latest_policy() > each.policy_order_seen) {
      each.policy_order_seen = its.latest_policy();
      if (core.LayeredPolicy() == nullptr) each.AdoptPolicy();
    }
    core.ApplyPolicy(resolver.ResolveOrFallBack(each.identity(), each.code, its).policy, by);
    const uint64_t present = core.mode_order();
    const bool is_gone = present != 0 && orders.Find(present) == nullptr;
    if (its.mode != nullptr && (its.mode->order.id > each.mode_order_seen || is_gone)) {
      each.Obey(*its.mode, now);
    } else if (is_gone) {
      core.ReleaseOrder(by, ends_by_itself(present));
    }
  });
}

}  // namespace fusebox::internal
