// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_registry.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "src/core/circuit_core.h"
#include "src/core/circuit_name.h"
#include "src/core/event_log.h"
#include "src/core/event_queue.h"
#include "src/core/idle_order.h"
#include "src/core/jitter.h"
#include "src/core/mutex.h"
#include "src/core/policy_use_list.h"
#include "src/core/target_sums.h"
#include "src/core/user_code_failures.h"
#include "src/text/printable.h"

namespace fusebox {

namespace {

// Circuits with equal policies share one. Remembers the last few, as there are few in a program.
// Not thread-safe.
class PolicyPool {
 public:
  std::shared_ptr<const Policy> Share(const Policy& policy) {
    for (const std::shared_ptr<const Policy>& known : recent_) {
      if (known != nullptr && *known == policy) return known;
    }
    std::shared_ptr<const Policy>& place = recent_[next_];
    next_ = (next_ + 1) % recent_.size();
    place = std::make_shared<const Policy>(policy);
    return place;
  }

 private:
  std::array<std::shared_ptr<const Policy>, 16> recent_;
  std::size_t next_ = 0;
};

}  // namespace

class CircuitRegistry::Impl {
 public:
  explicit Impl(Options options)
      : options_(std::move(options)),
        seed_(options_.seed ? Seed(*options_.seed) : Seed::Random()),
        failures_(std::make_shared<UserCodeFailures>(options_.clock == nullptr ? Clock::Real()
                                                                               : *options_.clock)),
        log_(std::make_shared<EventLog>(options_.event_capacity)),
        listeners_(std::make_shared<ListenerList>(std::move(options_.listener))),
        events_(listeners_, log_) {}

  const Clock& clock() const { return failures_->clock(); }
  const EventLog& log() const { return *log_; }
  ListenerList& listeners() { return *listeners_; }
  PolicyUseList& policy_uses() { return policy_uses_; }
  const TargetSums& removed_totals() const { return removed_totals_; }

  absl::StatusOr<std::shared_ptr<CircuitBreaker>> GetOrCreate(absl::string_view name,
                                                              const Policy& policy,
                                                              absl::string_view target) {
    std::shared_ptr<CircuitBreaker> evicted;
    absl::StatusOr<std::shared_ptr<CircuitBreaker>> circuit =
        GetOrCreateLocked(name, policy, target, evicted);
    if (evicted != nullptr) SayFarewell(*evicted);
    if (circuit.ok()) CircuitCore::Of(**circuit).DeliverEvents();
    return circuit;
  }

  std::shared_ptr<CircuitBreaker> Find(absl::string_view name) {
    MutexLock lock(mutex_);
    const auto found = circuits_.find(name);
    return found == circuits_.end() ? nullptr : found->second.circuit;
  }

  bool Remove(absl::string_view name, const Operator& by) {
    // Destroyed, if nobody else holds it, and told of only after the lock.
    std::shared_ptr<CircuitBreaker> circuit;
    {
      MutexLock lock(mutex_);
      const auto found = circuits_.find(name);
      if (found == circuits_.end()) return false;
      circuit = Take(found);
      const Operator kept = PrintableOperator(by);
      CircuitCore::Of(*circuit).PushEvent(EventKind::kCircuitRemoved, kept.why, kept.who);
    }
    SayFarewell(*circuit);
    return true;
  }

  std::vector<std::shared_ptr<CircuitBreaker>> After(absl::string_view name, std::size_t limit) {
    std::vector<std::shared_ptr<CircuitBreaker>> circuits;
    MutexLock lock(mutex_);
    circuits.reserve(std::min(circuits_.size(), limit));
    for (auto entry = circuits_.upper_bound(name);
         entry != circuits_.end() && circuits.size() < limit; ++entry) {
      circuits.push_back(entry->second.circuit);
    }
    return circuits;
  }

  void ReportUserCodeFailure(UserCode code, absl::string_view exception) {
    std::string detail = failures_->Count(code, exception);
    if (detail.empty()) return;
    Event event;
    event.kind = EventKind::kUserCodeFailed;
    event.time = clock().WallNow();
    event.detail = std::move(detail);
    events_.Push(std::move(event));
    const EventQueue::Troubles troubles = events_.Deliver();
    // Not told in turn: it would be by one more such event.
    if (troubles.thrown > 0) {
      failures_->Count(UserCode::kListener, troubles.exception, troubles.thrown);
    }
  }

  RegistryStats Stats() {
    RegistryStats stats;
    stats.max_circuits = options_.max_circuits;
    stats.user_code_failures = failures_->total();
    stats.dropped_events = listeners_->backlog().dropped();
    MutexLock lock(mutex_);
    stats.circuits = circuits_.size();
    stats.evicted = evicted_;
    stats.unprotected_calls = unprotected_calls_;
    return stats;
  }

 private:
  struct Entry {
    std::shared_ptr<CircuitBreaker> circuit;
    Idleness idleness;
  };
  // By the circuits' own names, in their order.
  using Circuits = absl::btree_map<absl::string_view, Entry>;

  absl::StatusOr<std::shared_ptr<CircuitBreaker>> GetOrCreateLocked(
      absl::string_view name, const Policy& policy, absl::string_view target,
      std::shared_ptr<CircuitBreaker>& evicted) {
    MutexLock lock(mutex_);
    if (const auto found = circuits_.find(name); found != circuits_.end()) {
      return found->second.circuit;
    }
    if (absl::Status valid = ValidateCircuit(name, policy); !valid.ok()) return valid;
    if (!target.empty() && !MayBeOfTarget(name, target)) {
      return absl::InvalidArgumentError(
          absl::StrCat("invalid circuit: target = \"", Printable(target, kMaxTargetNameBytes),
                       "\", must be the one that the name \"", name, "\" is read to be of"));
    }
    ++step_;
    if (NearlyFull()) Observe();
    if (Full()) {
      evicted = EvictOne();
      if (evicted == nullptr) {
        ++unprotected_calls_;
        return absl::ResourceExhaustedError(absl::StrCat(
            "no circuit \"", name, "\": the registry holds max_circuits = ", options_.max_circuits,
            " circuits, and none of them is CLOSED, in automatic mode and without a call in "
            "flight"));
      }
    }
    CircuitCore::Options core;
    core.failures = failures_;
    core.seed = seed_;
    core.listeners = listeners_;
    core.log = log_;
    core.target_size = target.size();
    Entry entry;
    entry.circuit = CircuitCore::MakeBreaker(name, policies_.Share(policy), std::move(core));
    entry.idleness = Idleness(step_);
    CircuitCore::Of(*entry.circuit).PushEvent(EventKind::kCircuitAdded, {}, {});
    std::shared_ptr<CircuitBreaker> circuit = entry.circuit;
    circuits_.emplace(circuit->name(), std::move(entry));
    return circuit;
  }

  bool Full() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return options_.max_circuits != 0 && circuits_.size() >= options_.max_circuits;
  }

  // From here on it pays to know which circuits are idle.
  bool NearlyFull() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return options_.max_circuits != 0 &&
           circuits_.size() >= options_.max_circuits - options_.max_circuits / 16 - 1;
  }

  void Observe() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (auto& entry : circuits_) {
      entry.second.idleness.Observe(CircuitCore::Of(*entry.second.circuit).CallsGranted(), step_);
    }
  }

  // The circuit that went, or null if none may.
  std::shared_ptr<CircuitBreaker> EvictOne() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    auto longest_idle = circuits_.end();
    for (auto entry = circuits_.begin(); entry != circuits_.end(); ++entry) {
      const bool longer = longest_idle == circuits_.end() ||
                          entry->second.idleness.IsLongerThan(longest_idle->second.idleness);
      if (longer && CircuitCore::Of(*entry->second.circuit).IsEvictable()) longest_idle = entry;
    }
    if (longest_idle == circuits_.end()) return nullptr;
    ++evicted_;
    std::shared_ptr<CircuitBreaker> circuit = Take(longest_idle);
    CircuitCore::Of(*circuit).PushEvent(
        EventKind::kCircuitRemoved,
        absl::StrCat("idle for longest of max_circuits = ", options_.max_circuits), {});
    return circuit;
  }

  // Outside the lock, since listeners are told.
  void SayFarewell(CircuitBreaker& circuit) {
    CircuitCore& core = CircuitCore::Of(circuit);
    removed_totals_.Add(core.target(), core.TotalsNow());
    core.DeliverEvents();
  }

  std::shared_ptr<CircuitBreaker> Take(Circuits::iterator entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    std::shared_ptr<CircuitBreaker> circuit = std::move(entry->second.circuit);
    circuits_.erase(entry);
    CircuitCore::Of(*circuit).MarkRemoved();
    return circuit;
  }

  // Constant.
  Options options_;
  const Seed seed_;

  // Synchronised by itself. Shared with the circuits, which may outlive the registry.
  const std::shared_ptr<UserCodeFailures> failures_;
  const std::shared_ptr<EventLog> log_;
  const std::shared_ptr<ListenerList> listeners_;
  PolicyUseList policy_uses_;
  TargetSums removed_totals_;
  EventQueue events_;  // of no circuit

  // Guarded.
  Mutex mutex_;
  Circuits circuits_ ABSL_GUARDED_BY(mutex_);
  PolicyPool policies_ ABSL_GUARDED_BY(mutex_);
  int64_t step_ ABSL_GUARDED_BY(mutex_) = 0;  // one more for each circuit made
  int64_t evicted_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t unprotected_calls_ ABSL_GUARDED_BY(mutex_) = 0;
};

CircuitRegistry::CircuitRegistry() : CircuitRegistry(Options()) {}
CircuitRegistry::CircuitRegistry(Options options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
CircuitRegistry::~CircuitRegistry() = default;

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitRegistry::GetOrCreate(
    absl::string_view name, const Policy& policy, absl::string_view target) {
  return impl_->GetOrCreate(name, policy, target);
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
  std::vector<CircuitSnapshot> snapshots;
  for (const auto& circuit : Circuits()) snapshots.push_back(circuit->Snapshot());
  return snapshots;
}

std::vector<std::shared_ptr<CircuitBreaker>> CircuitRegistry::Circuits(absl::string_view after,
                                                                       std::size_t limit) const {
  return impl_->After(after, limit);
}

// NOLINTNEXTLINE(readability-make-member-function-const): it moves what the registry is about.
int CircuitRegistry::ResetAll(const Operator& by) {
  const auto all = Circuits();
  for (const auto& circuit : all) circuit->Reset(by);
  return static_cast<int>(all.size());
}

EventBatch CircuitRegistry::EventsSince(uint64_t sequence, std::size_t limit) const {
  return impl_->log().Since(sequence, limit);
}

std::shared_ptr<const void> CircuitRegistry::AddListener(EventListener listener) {
  return impl_->listeners().Add(std::move(listener));
}

void CircuitRegistry::ReportUserCodeFailure(UserCode code, absl::string_view exception) {
  impl_->ReportUserCodeFailure(code, exception);
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
