// SPDX-License-Identifier: Apache-2.0
#include "src/core/registry_layers.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fusebox/circuit_name.h"
#include "src/base/glob.h"
#include "src/base/printable.h"
#include "src/core/layered_circuit.h"

namespace fusebox::internal {
namespace {

// Of circuits whose policies would be invalid: what is wrong with one is as a rule wrong with many.
constexpr std::size_t kMaxErrors = 20;

constexpr SteadyTime kNever = SteadyTime::FromNanos(INT64_MAX);

// How often orders that end are looked for, and how soon what isn't kept is tried again.
constexpr absl::Duration kInterval = absl::Seconds(1);

// How long a registry that goes waits for a listener. Circuits call those longer than it is there.
constexpr absl::Duration kLongestEnd = absl::Seconds(2);

// In whose name it is that an order's time is over.
Operator OfTime() { return Operator("").Because("a standing order has ended"); }

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

absl::Status NoSuchCircuit(absl::string_view name) {
  return absl::NotFoundError(
      absl::StrCat("no circuit named \"", Printable(name, kMaxCircuitNameBytes), "\""));
}

// Why an order of a former process, of which that much time is left, isn't put back; empty: it is.
std::string ProblemOfRestoring(const StandingOrder& order, absl::Duration left, bool has_room) {
  if (const absl::Status valid = CheckOrder(order); !valid.ok()) {
    return std::string(valid.message());
  }
  if (order.from == absl::InfinitePast() || order.from == absl::InfiniteFuture()) {
    return "from = infinite, must be a time";
  }
  if (left <= absl::ZeroDuration()) return "it has ended";
  if (!has_room) return "there is no room";
  if (order.id == 0 || order.id > CircuitRegistry::kMaxRestoredOrderId) {
    return absl::StrCat("its number must be 1 to ", CircuitRegistry::kMaxRestoredOrderId);
  }
  return "";
}

// Takes out what doesn't fit.
template <typename Fits>
void Keep(std::vector<LayeredCircuit>& circuits, Fits fits) {
  const auto is_out = [&](const LayeredCircuit& each) { return !fits(each.core().name()); };
  circuits.erase(std::remove_if(circuits.begin(), circuits.end(), is_out), circuits.end());
}

// Which circuits two layers may differ about.
class Difference {
 public:
  Difference(const PolicyLayers& before, const PolicyLayers& after)
      : everywhere_(before.overrides() != after.overrides()) {
    const auto by_number = [](const StandingOrders::Held& a, const StandingOrders::Held& b) {
      return a->order.id < b->order.id;
    };
    const std::vector<StandingOrders::Held>& a = before.orders().all();
    const std::vector<StandingOrders::Held>& b = after.orders().all();
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                  std::back_inserter(orders_), by_number);
    index_ = OrderIndex(orders_);
  }

  bool Concerns(absl::string_view circuit) const { return everywhere_ || index_.AnyFits(circuit); }

 private:
  const bool everywhere_;
  std::vector<StandingOrders::Held> orders_;
  OrderIndex index_;  // of those
};

// Brings circuits to what layers say.
class LayersInForce {
 public:
  using Layers = std::shared_ptr<const PolicyLayers>;

  // `former` are the orders that stood before.
  LayersInForce(const StandingOrders& former, const Operator& by, SteadyTime now)
      : former_(former), by_(by), now_(now) {}

  // What layers say of a circuit, and of which policy of code's they do.
  struct Word {
    OrdersOfCircuit orders;
    std::shared_ptr<const CodePolicy> code;
    std::shared_ptr<const Policy> policy;
  };
  Word WordOf(const Layers& layers, const LayeredCircuit& circuit) {
    OrdersOfCircuit orders = layers->orders().Of(circuit.core().name(), now_);
    std::shared_ptr<const Policy> policy = Resolve(layers, circuit, orders);
    return {std::move(orders), circuit.code, std::move(policy)};
  }

  // The orders that have been given or have gone since the circuit was looked at last, whoever's
  // change that was.
  void Apply(const Layers& layers, const Word& word, LayeredCircuit& circuit) {
    ApplyPolicy(layers, word, circuit);
    ApplyMode(layers->orders(), word.orders, circuit);
  }

 private:
  std::shared_ptr<const Policy> Resolve(const Layers& layers, const LayeredCircuit& circuit,
                                        const OrdersOfCircuit& orders) {
    if (!resolver_ || &resolver_->layers() != layers.get()) resolver_.emplace(layers);
    return resolver_->ResolveOrFallBack(circuit.identity(), circuit.code, orders).policy;
  }

  void ApplyPolicy(const Layers& layers, const Word& word, LayeredCircuit& circuit) {
    if (word.orders.latest_policy() > circuit.policy_order_seen) {
      circuit.policy_order_seen = word.orders.latest_policy();
      circuit.AdoptPolicy();
    }
    const bool is_same = circuit.code == word.code;
    circuit.core().ApplyPolicy(is_same ? word.policy : Resolve(layers, circuit, word.orders), by_);
  }

  void ApplyMode(const StandingOrders& all, const OrdersOfCircuit& orders,
                 LayeredCircuit& circuit) {
    const uint64_t present = circuit.core().mode_order();
    const bool is_gone = present != 0 && all.Find(present) == nullptr;
    const HeldOrder* const latest = orders.mode;
    if (latest != nullptr && (latest->order.id > circuit.mode_order_seen || is_gone)) {
      circuit.Obey(*latest, now_);
    } else if (is_gone) {
      Release(present, circuit);
    }
  }

  // From an order that is gone.
  void Release(uint64_t order, LayeredCircuit& circuit) {
    const StandingOrders::Held held = former_.Find(order);
    const bool ended = held != nullptr && held->HasEnded(now_);
    // A forced opening ends by itself in the circuit, a little later.
    const bool ends_by_itself = ended && held->order.action == OrderAction::kForceOpen;
    circuit.core().ReleaseOrder(ended ? OfTime() : by_, ends_by_itself);
  }

  const StandingOrders& former_;
  const Operator& by_;
  const SteadyTime now_;
  std::optional<PolicyResolver> resolver_;
};

}  // namespace

RegistryLayers::RegistryLayers(LayeredCircuits& circuits, const Self& self)
    : circuits_(circuits),
      no_overrides_(std::make_shared<PolicyOverrides>()),
      keeping_([this] { return PresentOrders(); },
               [this](absl::string_view exception) {
                 circuits_.ReportUserCodeFailure(UserCode::kOrderKeeper, exception);
               }),
      teller_(
          [self] {
            if (const std::shared_ptr<RegistryLayers> layers = self()) {
              layers->circuits_.DeliverEvents();
            }
          },
          kLongestEnd),
      keeper_([self] {
        if (const std::shared_ptr<RegistryLayers> layers = self()) layers->TellKeeper();
      }),
      timer_([self] {
        if (const std::shared_ptr<RegistryLayers> layers = self()) layers->LookForEnds();
      }) {}

// Some at the same time: what takes long is done to copies of them, with no lock held.
void RegistryLayers::ForEach(Some visit) {
  std::vector<LayeredCircuit> circuits = circuits_.SomeAfter("");
  while (!circuits.empty()) {
    const std::string last = circuits.back().core().name();
    visit(circuits);
    circuits = circuits_.SomeAfter(last);
  }
}

RegistryLayers::Layers RegistryLayers::Present() {
  Layers layers = circuits_.layers();
  if (layers != nullptr) return layers;
  return std::make_shared<PolicyLayers>(no_overrides_, StandingOrders());
}

absl::StatusOr<OverridesResult> RegistryLayers::Try(const Layers& layers) {
  OverridesResult result;
  PolicyResolver resolver(layers);
  const SteadyTime now = circuits_.clock().Now();
  Errors errors;
  const auto look_at = [&](const LayeredCircuit& each) {
    ++result.circuits;
    std::shared_ptr<const Policy> before = each.core().LayeredPolicy();
    if (before == nullptr) return;
    const std::string& name = each.core().name();
    PolicyResolver::Fallen after =
        resolver.ResolveOrFallBack(each.identity(), each.code, layers->orders().Of(name, now));
    if (!after.overrides.ok()) {
      errors.Add(name, after.overrides);
    } else if (before != after.policy && *before != *after.policy) {
      result.differences.push_back({name, std::move(before), std::move(after.policy)});
    }
  };
  ForEach([&](const std::vector<LayeredCircuit>& some) {
    std::for_each(some.begin(), some.end(), look_at);
  });
  if (absl::Status valid = errors.ToStatus(); !valid.ok()) return valid;
  return result;
}

void RegistryLayers::Install(const Layers& layers) {
  circuits_.SetLayers(layers);
  if (layers->orders().next_end() != kNever) timer_.StartIn(kInterval);
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
  Spread(*before, *layers, by);
  circuits_.DeliverEvents();
  return result;
}

absl::StatusOr<OverridesResult> RegistryLayers::Preview(PolicyOverrides overrides) {
  if (absl::Status valid = Validate(overrides); !valid.ok()) return valid;
  return Try(std::make_shared<PolicyLayers>(
      std::make_shared<const PolicyOverrides>(std::move(overrides)), Present()->orders()));
}

PolicyOverrides RegistryLayers::Overrides() { return *Present()->overrides(); }

absl::StatusOr<std::vector<FieldOrigin>> RegistryLayers::Origins(absl::string_view circuit) {
  EndOrders();
  const std::optional<LayeredCircuit> found = circuits_.FindLayered(circuit);
  if (!found) {
    return NoSuchCircuit(circuit);
  }
  if (found->core().LayeredPolicy() != nullptr) {
    return internal::Origins(Present(), found->identity(), found->code, circuits_.clock().Now());
  }
  return OriginsOfDirect(*found->core().PresentPolicy());
}

absl::Status RegistryLayers::Check(const OrderConditions& conditions, const std::string& circuit) {
  if (!conditions.circuit_exists && conditions.policy == nullptr) return absl::OkStatus();
  const std::optional<LayeredCircuit> found = circuits_.FindLayered(circuit);
  if (!found && conditions.circuit_exists) return NoSuchCircuit(circuit);
  if (conditions.policy == nullptr) return absl::OkStatus();
  if (found && *found->core().PresentPolicy() == conditions.policy->InForce()) {
    return absl::OkStatus();
  }
  return absl::AbortedError(absl::StrCat("the policy of \"", circuit,
                                         "\" is another one than expected, or there is no such "
                                         "circuit"));
}

absl::StatusOr<StandingOrders::Added> RegistryLayers::Try(const StandingOrder& order,
                                                          const OrderConditions& conditions,
                                                          GivenOrder& given, Layers& layers) {
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
  if (added.orders.bytes_of_globs() > CircuitRegistry::kMaxBytesOfGlobs) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the globs of all standing orders come to ", added.orders.bytes_of_globs(),
                     " bytes, where each * and ? counts twice, and may come to ",
                     CircuitRegistry::kMaxBytesOfGlobs, ": revoke some"));
  }
  layers = std::make_shared<PolicyLayers>(*before, added.orders);
  given.replaced = added.replaced;
  const bool sets_policy = order.action == OrderAction::kSetPolicy;
  PolicyResolver without(before);
  PolicyResolver with(layers);
  Errors errors;
  const auto check_policy = [&](const LayeredCircuit& each) {
    const std::string& name = each.core().name();
    const auto resolve = [&, base = each.Base()](PolicyResolver& by) {
      return by.Resolve(each.identity(), base, by.layers().orders().Of(name, now)).status();
    };
    const absl::Status valid = resolve(with);
    // One that was invalid before is so by another's fault.
    if (!valid.ok() && resolve(without).ok()) errors.Add(name, valid);
  };
  ForEach([&](const std::vector<LayeredCircuit>& some) {
    for (const LayeredCircuit& each : some) {
      if (!held->Fits(each.core().name())) continue;
      given.circuits.push_back(each.core().name());
      if (sets_policy) check_policy(each);
    }
  });
  if (absl::Status valid = errors.ToStatus(); !valid.ok()) return valid;
  if (absl::Status met = Check(conditions, order.pattern); !met.ok()) return met;
  return added;
}

absl::StatusOr<GivenOrder> RegistryLayers::Give(StandingOrder order,
                                                const OrderConditions& conditions) {
  if (absl::Status valid = CheckOrder(order); !valid.ok()) return valid;
  order.by = PrintableOperator(order.by);
  EndOrders();
  GivenOrder given;
  uint64_t id = 0;
  Layers before;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    const absl::StatusOr<StandingOrders::Added> added = Try(order, conditions, given, layers);
    if (!added.ok()) return added.status();
    id = ++last_id_;
    if (added->stands) given.id = id;
    Install(layers);
  }
  Spread(*before, *layers, order.by);
  if (given.id == 0) AutomateOnce(order, id);
  keeping_.Changed();
  TellKeeper();
  circuits_.DeliverEvents();
  return given;
}

// What code has done to a circuit is no order, and ends all the same.
void RegistryLayers::AutomateOnce(const StandingOrder& order, uint64_t id) {
  const auto automate = [&](std::size_t /*i*/, const Layers& /*layers*/, LayeredCircuit& each) {
    if (each.mode_order_seen > id) return;  // a later one
    each.mode_order_seen = id;
    each.core().ReleaseOrder(order.by, /*ends_by_itself=*/false);
  };
  ForEach([&](std::vector<LayeredCircuit>& some) {
    Keep(some, [&](absl::string_view name) { return GlobMatches(order.pattern, name); });
    circuits_.VisitSome(some, automate);
  });
}

absl::StatusOr<GivenOrder> RegistryLayers::PreviewOrder(const StandingOrder& order) {
  if (absl::Status valid = CheckOrder(order); !valid.ok()) return valid;
  GivenOrder given;
  Layers layers;
  MutexLock lock(changes_);
  const absl::StatusOr<StandingOrders::Added> added = Try(order, {}, given, layers);
  if (!added.ok()) return added.status();
  return given;
}

absl::Status RegistryLayers::Revoke(uint64_t id, const Operator& by) {
  EndOrders();
  Layers before;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    if (before->orders().Find(id) == nullptr) {
      return absl::NotFoundError(absl::StrCat("no standing order ", id));
    }
    layers = std::make_shared<PolicyLayers>(*before, before->orders().Without(id));
    Install(layers);
  }
  Spread(*before, *layers, PrintableOperator(by));
  keeping_.Changed();
  TellKeeper();
  circuits_.DeliverEvents();
  return absl::OkStatus();
}

void RegistryLayers::EndOrders() {
  Layers before = circuits_.layers();
  if (before == nullptr) return;
  const SteadyTime now = circuits_.clock().Now();
  if (before->orders().next_end() > now) return;
  Layers layers;
  {
    MutexLock lock(changes_);
    before = Present();
    if (before->orders().next_end() > now) return;  // another thread has ended them meanwhile
    layers = std::make_shared<PolicyLayers>(*before, before->orders().WithoutEnded(now));
    Install(layers);
  }
  Spread(*before, *layers, OfTime());
  keeping_.Changed();
  // Whoever looks at circuits waits for no code of the user's.
  keeper_.StartIn(absl::ZeroDuration());
  teller_.StartIn(absl::ZeroDuration());
}

void RegistryLayers::LookForEnds() {
  EndOrders();
  if (Present()->orders().next_end() != kNever) timer_.StartIn(kInterval);
}

std::vector<StandingOrder> RegistryLayers::Orders() {
  EndOrders();
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
    std::set<uint64_t> ids;
    for (const StandingOrders::Held& each : all) ids.insert(each->order.id);
    int64_t globs = before->orders().bytes_of_globs();
    const SteadyTime now = circuits_.clock().Now();
    const absl::Time wall_now = circuits_.clock().WallNow();
    for (StandingOrder& order : orders) {
      const absl::Duration left = order.until() - wall_now;
      const int64_t its_globs = BytesOfGlobs(order.pattern);
      const bool has_room = all.size() < CircuitRegistry::kMaxOrders &&
                            globs + its_globs <= CircuitRegistry::kMaxBytesOfGlobs;
      std::string problem = ProblemOfRestoring(order, left, has_room);
      if (problem.empty() && !ids.insert(order.id).second) {
        problem = "there is another one of that number";
      }
      if (!problem.empty()) {
        left_out.push_back(absl::StrCat("order ", order.id, ": ", problem));
        continue;
      }
      last_id_ = std::max(last_id_, order.id);
      globs += its_globs;
      auto held = std::make_shared<HeldOrder>();
      // A clock that was put back doesn't make it longer.
      if (order.ttl) held->until = now + std::min(left, *order.ttl);
      order.by = PrintableOperator(order.by);
      held->order = std::move(order);
      all.push_back(std::move(held));
    }
    layers = std::make_shared<PolicyLayers>(*before, StandingOrders::Make(std::move(all)));
    Install(layers);
  }
  Spread(*before, *layers, Operator("").Because("a standing order is back"));
  keeping_.Changed();
  TellKeeper();
  circuits_.DeliverEvents();
  return left_out;
}

void RegistryLayers::SetKeeper(CircuitRegistry::OrderKeeper keeper) {
  keeping_.SetKeeper(std::move(keeper));
}

void RegistryLayers::TellKeeper() {
  keeping_.Keep();
  if (keeping_.has_unkept()) keeper_.StartIn(kInterval);
}

// Each circuit gets what the layers of the present say, which may be later ones than `after`.
void RegistryLayers::Spread(const PolicyLayers& before, const PolicyLayers& after,
                            const Operator& by) {
  const Difference difference(before, after);
  LayersInForce in_force(before.orders(), by, circuits_.clock().Now());
  ForEach([&](std::vector<LayeredCircuit>& some) {
    Keep(some, [&](absl::string_view name) { return difference.Concerns(name); });
    if (some.empty()) return;
    const Layers layers = Present();
    std::vector<LayersInForce::Word> words;
    words.reserve(some.size());
    for (const LayeredCircuit& each : some) words.push_back(in_force.WordOf(layers, each));
    circuits_.VisitSome(some, [&](std::size_t i, const Layers& present, LayeredCircuit& each) {
      in_force.Apply(present, present == layers ? words[i] : in_force.WordOf(present, each), each);
    });
  });
}

}  // namespace fusebox::internal
