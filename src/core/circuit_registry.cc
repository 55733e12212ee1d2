// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_registry.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/node_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/base/memory_hints.h"
#include "src/base/mutex.h"
#include "src/base/printable.h"
#include "src/core/circuit_core.h"
#include "src/core/circuit_name.h"
#include "src/core/config_control.h"
#include "src/core/event_delivery.h"
#include "src/core/event_log.h"
#include "src/core/eviction_queue.h"
#include "src/core/jitter.h"
#include "src/core/kept_policies.h"
#include "src/core/layered_circuit.h"
#include "src/core/opening_traces.h"
#include "src/core/policy_in_force.h"
#include "src/core/policy_layers.h"
#include "src/core/policy_use_list.h"
#include "src/core/registry_layers.h"
#include "src/core/target_sums.h"
#include "src/core/user_code_failures.h"

namespace fusebox {

using internal::CircuitCore;
using internal::CodePolicy;
using internal::ConfigControlSlot;
using internal::EventDelivery;
using internal::EventLog;
using internal::EventQueue;
using internal::EvictionQueue;
using internal::KeptPolicies;
using internal::KeptPolicy;
using internal::LayeredCircuit;
using internal::LayeredCircuits;
using internal::ListenerList;
using internal::MayBeOfTarget;
using internal::Mutex;
using internal::MutexLock;
using internal::Opening;
using internal::OpeningTraces;
using internal::OrdersOfCircuit;
using internal::PolicyInForce;
using internal::PolicyLayers;
using internal::PolicyResolver;
using internal::PolicyUseList;
using internal::Prefetch;
using internal::Printable;
using internal::PrintableOperator;
using internal::RegistryLayers;
using internal::Seed;
using internal::TargetSums;
using internal::UserCodeFailures;

namespace {

// Circuits of equal policies share the one in force. Remembers the last few, as there are few in a
// program: so they need not be looked through for errors, and what they leave unset need not be
// filled in, each time. Not thread-safe.
class PolicyPool {
 public:
  // Null if it isn't known.
  std::shared_ptr<const CodePolicy> Find(const Policy& given) const {
    for (const std::shared_ptr<const CodePolicy>& known : recent_) {
      if (known != nullptr && known->given == given) return known;
    }
    return nullptr;
  }

  void Add(std::shared_ptr<const CodePolicy> policy) {
    recent_[next_] = std::move(policy);
    next_ = (next_ + 1) % recent_.size();
  }

 private:
  std::array<std::shared_ptr<const CodePolicy>, 16> recent_;
  std::size_t next_ = 0;
};

// The methods that circuits by key were made for: few, and each once. Not thread-safe.
class MethodNames {
 public:
  // Null: it goes without, as there are too many.
  const std::string* Find(absl::string_view method) {
    const auto found = names_.find(method);
    if (found != names_.end()) return &*found;
    if (names_.size() == kMax) return nullptr;
    return &*names_.emplace(method).first;
  }

 private:
  static constexpr std::size_t kMax = 10'000;

  absl::node_hash_set<std::string> names_;
};

// What the layers of the present make of the policies of new circuits. Thread-safe.
class NewCircuitPolicies {
 public:
  PolicyResolver::Fallen Resolve(const std::shared_ptr<const PolicyLayers>& layers,
                                 const CircuitIdentity& circuit,
                                 const std::shared_ptr<const CodePolicy>& code,
                                 const OrdersOfCircuit& orders) {
    MutexLock lock(mutex_);
    if (layers != layers_ || resolver_->size() >= kMax) {
      layers_ = layers;
      resolver_.emplace(layers);
    }
    return resolver_->ResolveOrFallBack(circuit, code, orders);
  }

 private:
  static constexpr std::size_t kMax = 10'000;

  Mutex mutex_;
  std::shared_ptr<const PolicyLayers> layers_ ABSL_GUARDED_BY(mutex_);
  std::optional<PolicyResolver> resolver_ ABSL_GUARDED_BY(mutex_);
};

// Counts the calls that go without a circuit, and says when it is time to tell of them. Not
// thread-safe.
class UnprotectedCalls {
 public:
  // True for the first one, and then for one in each interval at most.
  bool Count(SteadyTime now) {
    ++count_;
    if (told_at_ && now - *told_at_ < kInterval) return false;
    told_at_ = now;
    return true;
  }
  int64_t count() const { return count_; }

 private:
  static constexpr absl::Duration kInterval = absl::Seconds(10);

  int64_t count_ = 0;
  std::optional<SteadyTime> told_at_;
};

// Goes some steps ahead of a loop, and has what the loop will need there fetched into the cache: of
// many circuits nearly none is, and to wait for each would take longer than all else.
template <typename Iterator, typename Fetch>
class Ahead {
 public:
  Ahead(Iterator first, Iterator end, int steps, Fetch fetch)
      : next_(first), end_(end), fetch_(fetch) {
    for (int i = 0; i < steps; ++i) Step();
  }
  void Step() {
    if (next_ == end_) return;
    fetch_(*next_);
    ++next_;
  }

 private:
  Iterator next_;
  const Iterator end_;
  const Fetch fetch_;
};

// Becomes the circuit's snapshot in the place that it is for: it is large.
class SnapshotOf {
 public:
  explicit SnapshotOf(const CircuitBreaker& circuit) : circuit_(circuit) {}
  // NOLINTNEXTLINE(google-explicit-constructor): a container makes its element of it.
  operator CircuitSnapshot() const { return circuit_.Snapshot(); }

 private:
  const CircuitBreaker& circuit_;
};

}  // namespace

class CircuitRegistry::Impl final : public std::enable_shared_from_this<Impl>,
                                    private LayeredCircuits {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        seed_(options_.seed ? Seed(*options_.seed) : Seed::Random()),
        why_evicted_(
            absl::StrCat("idle, and one more than max_circuits = ", options_.max_circuits)),
        failures_(std::make_shared<UserCodeFailures>(options_.clock == nullptr ? Clock::Real()
                                                                               : *options_.clock)),
        log_(std::make_shared<EventLog>(options_.event_capacity)),
        delivery_(std::make_shared<EventDelivery>(failures_, std::move(options_.listener), log_)),
        events_(delivery_),
        traces_(options_.max_circuits),
        registry_layers_(*this, [this] {
          const std::shared_ptr<Impl> self = weak_from_this().lock();
          return std::shared_ptr<RegistryLayers>(self, self ? &self->registry_layers_ : nullptr);
        }) {}

  const Clock& clock() const override { return failures_->clock(); }
  const EventLog& log() const { return *log_; }
  ListenerList& listeners() { return delivery_->listeners(); }
  PolicyUseList& policy_uses() { return policy_uses_; }
  const TargetSums& removed_totals() const { return removed_totals_; }
  RegistryLayers& registry_layers() { return registry_layers_; }

  absl::StatusOr<std::shared_ptr<CircuitBreaker>> GetOrCreate(const CircuitIdentity& identity,
                                                              const Policy& policy) {
    const absl::string_view name = identity.name;
    if (!identity.target.empty() && !MayBeOfTarget(name, identity.target)) {
      if (absl::Status valid = ValidateCircuitName(name); !valid.ok()) return valid;
      return absl::InvalidArgumentError(absl::StrCat(
          "invalid circuit: target = \"", Printable(identity.target, kMaxTargetNameBytes),
          "\", must be the target of the name \"", name, "\""));
    }
    for (;;) {
      Draft draft;
      if (std::shared_ptr<CircuitBreaker> found = Find(name, policy, draft)) return found;
      if (absl::Status valid = Fill(draft, identity, policy); !valid.ok()) return valid;
      std::shared_ptr<CircuitBreaker> evicted;
      absl::StatusOr<std::shared_ptr<CircuitBreaker>> circuit = Add(identity, draft, evicted);
      if (evicted != nullptr) SayFarewell(*evicted);
      if (circuit.ok() && *circuit == nullptr) continue;  // the layers have changed meanwhile
      if (circuit.ok()) CircuitCore::Of(**circuit).DeliverEvents();
      if (evicted != nullptr || !circuit.ok()) events_.Deliver();
      return circuit;
    }
  }

  std::shared_ptr<CircuitBreaker> Find(absl::string_view name) {
    MutexLock lock(mutex_);
    return FindLocked(name);
  }

  bool Remove(absl::string_view name, const Operator& by) {
    // Destroyed, if nobody else holds it, and told of only after the lock.
    std::shared_ptr<CircuitBreaker> circuit;
    {
      MutexLock lock(mutex_);
      const bool was_open = traces_.Take(name, clock().Now()).has_value();
      const bool had_policy = kept_policies_.Take(name).has_value();
      const auto found = circuits_.find(name);
      if (found == circuits_.end()) return was_open || had_policy;
      CircuitCore::Of(*found->second->circuit).Remove(PrintableOperator(by));
      circuit = TakeOut(found->second);
    }
    SayFarewell(*circuit);
    return true;
  }

  std::vector<std::shared_ptr<CircuitBreaker>> After(absl::string_view name, std::size_t limit) {
    std::vector<std::shared_ptr<CircuitBreaker>> circuits;
    MutexLock lock(mutex_);
    circuits.reserve(std::min(circuits_.size(), limit));
    const auto first = circuits_.upper_bound(name);
    const auto end = circuits_.end();
    Ahead far(first, end, 16, [](const auto& entry) { Prefetch(&*entry.second, 1); });
    Ahead near(first, end, 8, [](const auto& entry) { Prefetch(entry.second->circuit.get(), 1); });
    for (auto entry = first; entry != end && circuits.size() < limit; ++entry) {
      far.Step();
      near.Step();
      circuits.push_back(entry->second->circuit);
    }
    return circuits;
  }

  void ReportUserCodeFailure(UserCode code, absl::string_view exception) override {
    std::string detail = failures_->Count(code, exception);
    if (detail.empty()) return;
    PushEvent(EventKind::kUserCodeFailed, {}, std::move(detail));
    events_.Deliver();
  }

  ConfigControlSlot& config_control() { return config_control_; }

  void ReportConfig(bool reloaded, absl::string_view detail, const Operator& by) {
    PushEvent(reloaded ? EventKind::kConfigReloaded : EventKind::kConfigRefused, {},
              Printable(detail, kMaxConfigDetailBytes), Cause::kNone, PrintableOperator(by).who);
    events_.Deliver();
  }

  void ForgetOpenings() {
    MutexLock lock(mutex_);
    traces_.Clear();
  }

  RegistryStats Stats() {
    RegistryStats stats;
    stats.max_circuits = options_.max_circuits;
    stats.user_code_failures = failures_->total();
    stats.dropped_events = delivery_->dropped();
    MutexLock lock(mutex_);
    stats.circuits = circuits_.size();
    stats.evicted = evicted_;
    stats.restored = restored_;
    stats.forgotten = forgotten_;
    stats.unprotected_calls = unprotected_calls_.count();
    return stats;
  }

 private:
  // How many circuits get what layers say before calls that need the registry get their turn.
  static constexpr std::size_t kTogether = 32;

  // A file may have any number of errors; whoever wants them all asks for the status.
  static constexpr std::size_t kMaxConfigDetailBytes = 1'000;

  // How often a circuit is looked for that can go, if each has got a call meanwhile.
  static constexpr int kSearches = 8;

  // By the circuits' own names, in their order.
  using Circuits = absl::btree_map<absl::string_view, EvictionQueue::Place>;

  // Where a circuit that isn't there would be; as long as `version` is that of circuits_.
  struct Gap {
    Circuits::const_iterator before;
    uint64_t version = 0;
  };

  // What a new circuit needs, made before the lock is taken to add it.
  struct Draft {
    Gap gap;
    Layers layers;
    OrdersOfCircuit orders;  // of those layers
    std::shared_ptr<const CodePolicy> code;
    bool is_new_code = false;              // it wasn't known
    std::shared_ptr<const Policy> policy;  // in force, by the layers
    std::string left_out;                  // why they have no part in it
    bool needs_now = false;
    std::optional<SteadyTime> now;
    std::shared_ptr<CircuitBreaker> circuit;
  };

  std::shared_ptr<CircuitBreaker> FindLocked(absl::string_view name)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto found = circuits_.find(name);
    return found == circuits_.end() ? nullptr : found->second->circuit;
  }

  bool full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return options_.max_circuits != 0 && circuits_.size() >= options_.max_circuits;
  }

  // Whether it matters to the registry when a circuit is added: not as long as there is room, and
  // no opening that may go on. To read a clock is a good part of what a new circuit takes.
  bool NeedsNow() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return full() || traces_.size() > 0;
  }

  // Null if there is none; then the gap is set.
  std::shared_ptr<CircuitBreaker> FindOrGap(absl::string_view name, Gap& gap)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto at = circuits_.lower_bound(name);
    if (at != circuits_.end() && at->first == name) return at->second->circuit;
    gap = {at, version_};
    return nullptr;
  }

  // If there is no such circuit, the policy is looked for at the same time.
  std::shared_ptr<CircuitBreaker> Find(absl::string_view name, const Policy& policy, Draft& draft) {
    MutexLock lock(mutex_);
    std::shared_ptr<CircuitBreaker> found = FindOrGap(name, draft.gap);
    if (found != nullptr) return found;
    draft.code = policies_.Find(policy);
    draft.layers = layers_;
    draft.needs_now = NeedsNow();
    return nullptr;
  }

  absl::Status Fill(Draft& draft, const CircuitIdentity& identity, const Policy& policy) {
    if (absl::Status valid = ValidateCircuitName(identity.name); !valid.ok()) return valid;
    if (draft.code == nullptr) {
      absl::StatusOr<std::shared_ptr<const Policy>> in_force = PolicyInForce(policy);
      if (!in_force.ok()) return in_force.status();
      draft.code = std::make_shared<const CodePolicy>(CodePolicy{policy, *std::move(in_force)});
      draft.is_new_code = true;
    }
    const bool has_orders = draft.layers != nullptr && !draft.layers->orders().empty();
    if (draft.needs_now || has_orders) draft.now = clock().Now();
    if (has_orders) draft.orders = draft.layers->orders().Of(identity.name, *draft.now);
    draft.policy = draft.code->in_force;
    if (draft.layers != nullptr) ApplyLayers(identity, draft);
    draft.circuit = Make(identity.name, draft.policy, identity.target, std::nullopt, false);
    return absl::OkStatus();
  }

  void ApplyLayers(const CircuitIdentity& identity, Draft& draft) {
    PolicyResolver::Fallen fallen =
        new_policies_.Resolve(draft.layers, identity, draft.code, draft.orders);
    draft.policy = std::move(fallen.policy);
    draft.left_out = std::move(fallen.left_out);
  }

  // Begins with a policy that was set directly on a circuit of that name, which was evicted since.
  // True if that is in force as it is: no later order is about it.
  bool Restore(const CircuitIdentity& identity, const KeptPolicy& kept, Draft& draft) {
    if (!kept.adopted && draft.orders.latest_policy() <= kept.order_seen) {
      draft.policy = kept.policy;
      draft.left_out.clear();
      return true;
    }
    draft.code = std::make_shared<const CodePolicy>(CodePolicy{*kept.policy, kept.policy, true});
    draft.policy = kept.policy;
    if (draft.layers != nullptr) ApplyLayers(identity, draft);
    return false;
  }

  std::shared_ptr<CircuitBreaker> Make(absl::string_view name, std::shared_ptr<const Policy> policy,
                                       absl::string_view target,
                                       const std::optional<Opening>& opening,
                                       bool has_operators_policy) const {
    CircuitCore::Options core;
    core.failures = failures_;
    core.seed = seed_;
    core.events = delivery_;
    core.target_size = target.size();
    core.opening = opening;
    core.has_operators_policy = has_operators_policy;
    return CircuitCore::MakeBreaker(name, std::move(policy), std::move(core));
  }

  // Null if the layers are no longer those that the draft was made with.
  absl::StatusOr<std::shared_ptr<CircuitBreaker>> Add(const CircuitIdentity& identity, Draft& draft,
                                                      std::shared_ptr<CircuitBreaker>& evicted) {
    const absl::string_view name = identity.name;
    MutexLock lock(mutex_);
    // Another thread may have been here meanwhile.
    if (draft.gap.version != version_) {
      if (std::shared_ptr<CircuitBreaker> found = FindOrGap(name, draft.gap)) return found;
    }
    if (draft.layers != layers_) return nullptr;
    // First, so that what makes room doesn't push it out.
    if (!draft.now && NeedsNow()) draft.now = clock().Now();
    const SteadyTime now = draft.now.value_or(SteadyTime());
    const std::optional<Opening> opening = traces_.Take(name, now);
    std::optional<KeptPolicy> kept = kept_policies_.Take(name);
    if (full()) {
      evicted = EvictOne(now);
      if (evicted == nullptr) {
        if (opening && traces_.Keep(name, *opening, now)) ++forgotten_;
        if (kept) kept_policies_.Keep(name, *std::move(kept));
        return LeaveUnprotected(name, now);
      }
    }
    if (draft.is_new_code) policies_.Add(draft.code);
    std::string detail;
    if (opening) {
      ++restored_;
      detail = "goes on as it was when it was evicted";
    } else if (kept) {
      detail = "with the policy that an operator gave it before it was evicted";
    }
    if (opening || kept) {
      const bool is_direct = kept && Restore(identity, *kept, draft);
      draft.circuit = Make(name, draft.policy, identity.target, opening, is_direct);
    }
    CircuitCore& core = CircuitCore::Of(*draft.circuit);
    core.PushAdded(std::move(detail));
    if (!draft.left_out.empty()) {
      core.PushEvent(EventKind::kPolicyChanged,
                     absl::StrCat("left out of its policy: ", draft.left_out), {});
    }
    PutInto(PutIn(draft.circuit, draft.gap), identity, kept, draft);
    return draft.circuit;
  }

  // What its layers go by.
  void PutInto(LayeredCircuit& added, const CircuitIdentity& identity,
               const std::optional<KeptPolicy>& kept, Draft& draft)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    added.code = std::move(draft.code);
    added.adopted = kept && added.core().LayeredPolicy() != nullptr;
    added.policy_order_seen =
        std::max(draft.orders.latest_policy(), kept ? kept->order_seen : uint64_t{0});
    if (!identity.method.empty()) added.method = methods_.Find(identity.method);
    if (draft.orders.mode != nullptr) added.Obey(*draft.orders.mode, *draft.now);
  }

  // The circuit that went, or null if none may.
  std::shared_ptr<CircuitBreaker> EvictOne(SteadyTime now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    // One that a call has come to since it was found stays, and the next search sees that.
    for (int i = 0; i < kSearches; ++i) {
      const std::optional<EvictionQueue::Place> victim = queue_.Find(kept_policies_.full(), now);
      if (!victim) return nullptr;
      CircuitCore& core = CircuitCore::Of(*(*victim)->circuit);
      std::optional<CircuitCore::Retired> retired = core.Retire(now, why_evicted_);
      if (!retired) continue;
      ++evicted_;
      const bool lost = retired->opening ? traces_.Keep(core.name(), *retired->opening, now)
                                         : retired->was_failing;
      if (lost) ++forgotten_;
      KeepPolicyOf(**victim, retired->operators_policy);
      return TakeOut(*victim);
    }
    return nullptr;
  }

  // `direct` is what was set directly, and nothing has been laid over; null: nothing is.
  void KeepPolicyOf(const LayeredCircuit& circuit, const std::shared_ptr<const Policy>& direct)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    KeptPolicy kept;
    kept.adopted = direct == nullptr;
    if (kept.adopted && !circuit.adopted) return;
    kept.policy = kept.adopted ? circuit.code->in_force : direct;
    kept.order_seen = circuit.policy_order_seen;
    const std::string forgotten = kept_policies_.Keep(circuit.core().name(), std::move(kept));
    if (!forgotten.empty()) TellOfForgottenPolicy(forgotten);
  }

  void TellOfForgottenPolicy(const std::string& name) {
    PushEvent(EventKind::kPolicyChanged, name,
              absl::StrCat("what an operator gave it is forgotten: it was evicted, and of such "
                           "circuits a registry keeps the policies of ",
                           KeptPolicies::kMax),
              Cause::kPolicyChanged);
  }

  // An event of no circuit that is there; `events_.Deliver()` tells the listeners.
  void PushEvent(EventKind kind, absl::string_view circuit, std::string detail,
                 Cause cause = Cause::kNone, std::string actor = {}) {
    Event event;
    event.kind = kind;
    event.circuit = std::string(circuit);
    event.time = clock().WallNow();
    event.cause = cause;
    event.detail = std::move(detail);
    event.actor = std::move(actor);
    events_.Push(std::move(event));
  }

  // Outside the lock, since listeners are told.
  void SayFarewell(CircuitBreaker& circuit) {
    CircuitCore& core = CircuitCore::Of(circuit);
    removed_totals_.Add(core.target(), core.TotalsNow());
    core.DeliverEvents();
  }

  absl::Status LeaveUnprotected(absl::string_view name, SteadyTime now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const std::string why =
        absl::StrCat("the registry holds max_circuits = ", options_.max_circuits,
                     " circuits that must stay: an operator's mode holds them, or they have calls "
                     "in flight");
    if (unprotected_calls_.Count(now)) {
      PushEvent(EventKind::kCallsUnprotected, name,
                absl::StrCat(unprotected_calls_.count(), " so far; ", why));
    }
    return absl::ResourceExhaustedError(absl::StrCat("no circuit \"", name, "\": ", why));
  }

  LayeredCircuit& PutIn(const std::shared_ptr<CircuitBreaker>& circuit, const Gap& gap)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto hint = gap.version == version_ ? gap.before : circuits_.lower_bound(circuit->name());
    const auto place = queue_.Add(circuit);
    circuits_.emplace_hint(hint, circuit->name(), place);
    ++version_;
    return *place;
  }

  std::shared_ptr<CircuitBreaker> TakeOut(EvictionQueue::Place member)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    circuits_.erase(member->circuit->name());
    ++version_;
    return EvictionQueue::Remove(member);
  }

  // ---- What the layers need of it.

  void DeliverEvents() override { events_.Deliver(); }

  Layers layers() override {
    MutexLock lock(mutex_);
    return layers_;
  }

  void SetLayers(Layers layers) override {
    MutexLock lock(mutex_);
    layers_.swap(layers);  // the old ones go after the lock
  }

  std::vector<LayeredCircuit> SomeAfter(absl::string_view name) override {
    std::vector<LayeredCircuit> some;
    some.reserve(kTogether);
    MutexLock lock(mutex_);
    for (auto entry = circuits_.upper_bound(name);
         entry != circuits_.end() && some.size() < kTogether; ++entry) {
      some.emplace_back(*entry->second);
    }
    return some;
  }

  std::optional<LayeredCircuit> FindLayered(absl::string_view name) override {
    MutexLock lock(mutex_);
    const auto found = circuits_.find(name);
    if (found == circuits_.end()) return std::nullopt;
    return *found->second;
  }

  void VisitSome(const std::vector<LayeredCircuit>& circuits, Visit visit) override {
    MutexLock lock(mutex_);
    for (std::size_t i = 0; i < circuits.size(); ++i) {
      const auto found = circuits_.find(circuits[i].core().name());
      const bool is_it = found != circuits_.end() && found->second->circuit == circuits[i].circuit;
      if (is_it) visit(i, layers_, *found->second);
    }
  }

  // Constant.
  Options options_;
  const Seed seed_;
  const std::string why_evicted_;

  // Synchronised by itself. Shared with the circuits, which may outlive the registry.
  const std::shared_ptr<UserCodeFailures> failures_;
  const std::shared_ptr<EventLog> log_;
  const std::shared_ptr<EventDelivery> delivery_;
  PolicyUseList policy_uses_;
  ConfigControlSlot config_control_;
  TargetSums removed_totals_;
  EventQueue events_;  // of no circuit
  NewCircuitPolicies new_policies_;

  // Guarded.
  Mutex mutex_;
  Layers layers_ ABSL_GUARDED_BY(mutex_);
  MethodNames methods_ ABSL_GUARDED_BY(mutex_);
  EvictionQueue queue_ ABSL_GUARDED_BY(mutex_);  // holds all circuits
  Circuits circuits_ ABSL_GUARDED_BY(mutex_);
  uint64_t version_ ABSL_GUARDED_BY(mutex_) = 0;  // another one whenever circuits_ has changed
  PolicyPool policies_ ABSL_GUARDED_BY(mutex_);
  OpeningTraces traces_ ABSL_GUARDED_BY(mutex_);
  KeptPolicies kept_policies_ ABSL_GUARDED_BY(mutex_);
  int64_t evicted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t restored_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t forgotten_ ABSL_GUARDED_BY(mutex_) = 0;
  UnprotectedCalls unprotected_calls_ ABSL_GUARDED_BY(mutex_);

  RegistryLayers registry_layers_;  // has a thread, which uses all of the above
};

ConfigControl::~ConfigControl() = default;

CircuitRegistry::CircuitRegistry() : CircuitRegistry(Options()) {}
CircuitRegistry::CircuitRegistry(Options options)
    : impl_(std::make_shared<Impl>(std::move(options))) {}
CircuitRegistry::~CircuitRegistry() { impl_->registry_layers().Stop(); }

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitRegistry::GetOrCreate(
    absl::string_view name, const Policy& policy, absl::string_view target,
    absl::string_view method) {
  return impl_->GetOrCreate({name, target, method}, policy);
}

std::shared_ptr<CircuitBreaker> CircuitRegistry::Find(absl::string_view name) const {
  return impl_->Find(name);
}

absl::Status CircuitRegistry::Remove(absl::string_view name, const Operator& by) {
  if (impl_->Remove(name, by)) return absl::OkStatus();
  return absl::NotFoundError(
      absl::StrCat("no circuit named \"", Printable(name, kMaxCircuitNameBytes), "\""));
}

std::vector<CircuitSnapshot> CircuitRegistry::List() const {
  std::vector<std::shared_ptr<CircuitBreaker>> circuits = Circuits();
  std::vector<CircuitSnapshot> snapshots;
  snapshots.reserve(circuits.size());
  const auto end = circuits.end();
  Ahead far(circuits.begin(), end, 12,
            [](const auto& circuit) { Prefetch(circuit.get(), sizeof(CircuitBreaker)); });
  Ahead near(circuits.begin(), end, 3, [](const auto& circuit) {
    Prefetch(&CircuitCore::Of(*circuit), sizeof(CircuitCore));
  });
  for (std::shared_ptr<CircuitBreaker>& circuit : circuits) {
    far.Step();
    near.Step();
    snapshots.emplace_back(SnapshotOf(*circuit));
    circuit = nullptr;  // while it is at hand
  }
  return snapshots;
}

std::vector<std::shared_ptr<CircuitBreaker>> CircuitRegistry::Circuits(absl::string_view after,
                                                                       std::size_t limit) const {
  impl_->registry_layers().EndOrders();
  return impl_->After(after, limit);
}

absl::StatusOr<OverridesResult> CircuitRegistry::SetOverrides(PolicyOverrides overrides,
                                                              const Operator& by) {
  return impl_->registry_layers().Set(std::move(overrides), by);
}

absl::StatusOr<OverridesResult> CircuitRegistry::PreviewOverrides(PolicyOverrides overrides) const {
  return impl_->registry_layers().Preview(std::move(overrides));
}

PolicyOverrides CircuitRegistry::Overrides() const { return impl_->registry_layers().Overrides(); }

absl::StatusOr<std::vector<FieldOrigin>> CircuitRegistry::Origins(absl::string_view circuit) const {
  return impl_->registry_layers().Origins(circuit);
}

absl::StatusOr<GivenOrder> CircuitRegistry::GiveOrder(StandingOrder order,
                                                      const OrderConditions& conditions) {
  return impl_->registry_layers().Give(std::move(order), conditions);
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as GiveOrder, which keeps it.
absl::StatusOr<GivenOrder> CircuitRegistry::PreviewOrder(StandingOrder order) const {
  return impl_->registry_layers().PreviewOrder(order);
}

absl::Status CircuitRegistry::RevokeOrder(uint64_t id, const Operator& by) {
  return impl_->registry_layers().Revoke(id, by);
}

std::vector<StandingOrder> CircuitRegistry::Orders() const {
  return impl_->registry_layers().Orders();
}

std::vector<std::string> CircuitRegistry::RestoreOrders(std::vector<StandingOrder> orders) {
  return impl_->registry_layers().Restore(std::move(orders));
}

void CircuitRegistry::SetOrderKeeper(OrderKeeper keeper) {
  impl_->registry_layers().SetKeeper(std::move(keeper));
}

// NOLINTNEXTLINE(readability-make-member-function-const): it moves what the registry is about.
int CircuitRegistry::ResetAll(const Operator& by) {
  impl_->ForgetOpenings();  // of circuits that are not there now
  const auto all = Circuits();
  for (const auto& circuit : all) circuit->Reset(by);
  impl_->ForgetOpenings();  // of those that went meanwhile
  return static_cast<int>(all.size());
}

EventBatch CircuitRegistry::EventsSince(uint64_t sequence, std::size_t limit) const {
  return impl_->log().Since(sequence, limit);
}

ListenerHandle CircuitRegistry::AddListener(EventListener listener) {
  return ListenerHandle(impl_->listeners().Add(std::move(listener)));
}

void CircuitRegistry::ReportUserCodeFailure(UserCode code, absl::string_view exception) {
  impl_->ReportUserCodeFailure(code, exception);
}

absl::Status CircuitRegistry::SetConfigControl(std::weak_ptr<ConfigControl> control) {
  return impl_->config_control().Set(std::move(control));
}

std::shared_ptr<ConfigControl> CircuitRegistry::config_control() const {
  return impl_->config_control().Get();
}

void CircuitRegistry::ReportConfig(bool reloaded, absl::string_view detail, const Operator& by) {
  impl_->ReportConfig(reloaded, detail, by);
}

std::shared_ptr<PolicyUse> CircuitRegistry::TrackPolicies(absl::string_view target,
                                                          std::vector<PolicyUse::Entry> entries) {
  return impl_->policy_uses().Add(target, std::move(entries));
}

std::vector<UnusedPolicy> CircuitRegistry::UnusedPolicies() const {
  return impl_->policy_uses().Unused();
}

RegistryStats CircuitRegistry::Stats() const { return impl_->Stats(); }
std::vector<TargetTotals> CircuitRegistry::RemovedTotals() const {
  return impl_->removed_totals().ByTarget();
}
std::size_t CircuitRegistry::size() const { return Stats().circuits; }
int64_t CircuitRegistry::evicted() const { return Stats().evicted; }
const Clock& CircuitRegistry::clock() const { return impl_->clock(); }

}  // namespace fusebox
