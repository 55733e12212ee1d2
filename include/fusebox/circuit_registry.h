// SPDX-License-Identifier: Apache-2.0
//
// The circuits of a process, by name. One registry is enough for any number of channels; channels
// that share a registry and a target name share their circuits (rule P3).
//
//   auto registry = std::make_shared<fusebox::CircuitRegistry>();
//   for (const fusebox::CircuitSnapshot& circuit : registry->List()) {
//     std::cout << circuit.name << ' ' << fusebox::StateName(circuit.state) << '\n';
//   }
#ifndef FUSEBOX_CIRCUIT_REGISTRY_H_
#define FUSEBOX_CIRCUIT_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/config_status.h"
#include "fusebox/event.h"
#include "fusebox/export.h"
#include "fusebox/policy.h"
#include "fusebox/policy_overrides.h"
#include "fusebox/policy_use.h"
#include "fusebox/registry_stats.h"
#include "fusebox/snapshot.h"
#include "fusebox/standing_order.h"
#include "fusebox/user_code.h"

namespace fusebox {

// A listener is told of events for as long as its handle is held. An event that is being delivered
// when the handle is let go of may still reach it.
//
//   fusebox::ListenerHandle handle = registry->AddListener(
//       [](const fusebox::Event& event) { std::clog << fusebox::FormatEvent(event) << '\n'; });
//   ...
//   handle = {};  // no more
//
// Thread-safety: a plain value, as a std::unique_ptr.
// Ownership: of the listener; it may outlive the registry.
class [[nodiscard]] ListenerHandle {
 public:
  // Of no listener.
  ListenerHandle() = default;
  ListenerHandle(ListenerHandle&&) = default;
  ListenerHandle& operator=(ListenerHandle&&) = default;
  ListenerHandle(const ListenerHandle&) = delete;
  ListenerHandle& operator=(const ListenerHandle&) = delete;
  ~ListenerHandle() = default;

  explicit operator bool() const { return listener_ != nullptr; }

 private:
  friend class CircuitRegistry;

  explicit ListenerHandle(std::shared_ptr<const EventListener> listener)
      : listener_(std::move(listener)) {}

  std::shared_ptr<const EventListener> listener_;
};

// Thread-safety: every method may be called from any thread at any time.
// Ownership: shares its circuits with whoever is using them; a circuit that is removed, or whose
// registry is destroyed, works on for those who hold it.
class FUSEBOX_EXPORT CircuitRegistry {
 public:
  struct Options {
    // Must outlive the registry and all its circuits. Null: the real one.
    const Clock* clock = &Clock::Real();

    // Decides every circuit's jitter, together with its name. Absent: a random one, and processes
    // that are forked off draw others.
    std::optional<uint64_t> seed;

    // Hears of every circuit. May be empty.
    EventListener listener;

    // The most circuits that it holds (P4). A new one beyond that takes the place of one that is
    // idle, in automatic mode and without a call in flight: those that don't fail first, by
    // idleness, then OPEN and failing ones; an event and `Stats` say so. If its key comes
    // back before its opening is over, the opening goes on; so does a policy that an operator gave
    // it. Idleness is judged by a bounded number of looks for each new circuit, so that an ordinary
    // call doesn't have to note the time. 0: no bound.
    std::size_t max_circuits = 10'000;

    // How many of the last events `EventsSince` can give: of circuits of which a call has
    // succeeded; of those of which none ever has, as many besides; a quarter as many of circuits
    // that are added and removed, as many again of probes that failed and of limits, and as many of
    // what candidates would have done. Many new keys, and probes of a long outage, thus push out
    // nothing that has moved circuits.
    std::size_t event_capacity = 1'024;
  };

  CircuitRegistry();
  explicit CircuitRegistry(Options options);
  CircuitRegistry(const CircuitRegistry&) = delete;
  CircuitRegistry& operator=(const CircuitRegistry&) = delete;
  // Waits while a thread of its own tells the keeper that standing orders have ended, which isn't
  // called from then on, or a listener: for that, 2 s at most.
  ~CircuitRegistry();

  // The circuit of that name, made now if there is none. The policy is only used, and only checked,
  // when it is made: an existing circuit keeps its own. Nothing is made, and the answer is
  // INVALID_ARGUMENT for an invalid name (`ValidateCircuitName` in fusebox/circuit_name.h; a
  // `CircuitName` is always valid) or policy, RESOURCE_EXHAUSTED if the registry is full of
  // circuits that must stay: each such answer counts as one unprotected call. `target` is the part
  // of the name, from its beginning, that is the channel's (`CircuitName::target`):
  // INVALID_ARGUMENT if the name is that of another target. `method` is the method for whose call
  // the circuit is made, for overrides, if the name doesn't say so (`CircuitIdentity::method`).
  //
  // The policy that the circuit goes by is what overrides and standing orders make of the given
  // one. Where that comes to an invalid one, they are left out, and an event says so.
  absl::StatusOr<std::shared_ptr<CircuitBreaker>> GetOrCreate(absl::string_view name,
                                                              const Policy& policy,
                                                              absl::string_view target = {},
                                                              absl::string_view method = {});

  // The circuit of that name, or null. Never makes one (rule P4).
  std::shared_ptr<CircuitBreaker> Find(absl::string_view name) const;

  // Takes the circuit of that name out. Calls that are out still end as they would have; the next
  // call under that name gets a new circuit. NOT_FOUND if there is none.
  absl::Status Remove(absl::string_view name, const Operator& by = {});

  // Every circuit's snapshot, by name. Each is consistent in itself; they are taken one after the
  // other.
  std::vector<CircuitSnapshot> List() const;

  // The circuits whose names come after that one, by name, at most `limit` of them. Read
  // through like this, page by page, a circuit that is there all the time is seen exactly once,
  // even if others come and go.
  std::vector<std::shared_ptr<CircuitBreaker>> Circuits(
      absl::string_view after = {},
      std::size_t limit = std::numeric_limits<std::size_t>::max()) const;

  // ---- Layers of policies. What a circuit goes by is, field by field: the library's default, the
  // policy that it was made with, the overrides, the standing orders; a later one wins. A circuit
  // whose policy was set directly (`CircuitBreaker::SetPolicy`) keeps that.

  // Takes the place of the overrides that there were: for every circuit that there is, and for
  // those made from now on. Totals, mode and state stay; circuits whose policy comes out the same
  // are not touched. INVALID_ARGUMENT, and nothing has changed, if a path names no field, two
  // entries have one name, or the policy of a circuit that there is would be invalid: with all that
  // is wrong.
  absl::StatusOr<OverridesResult> SetOverrides(PolicyOverrides overrides, const Operator& by);

  // What `SetOverrides` would do now.
  absl::StatusOr<OverridesResult> PreviewOverrides(PolicyOverrides overrides) const;

  // Those in force.
  PolicyOverrides Overrides() const;

  // Whose word each field of a circuit's policy is, by path. NOT_FOUND if there is no such circuit.
  absl::StatusOr<std::vector<FieldOrigin>> Origins(absl::string_view circuit) const;

  // ---- Standing orders (fusebox/standing_order.h). Of those that fit a circuit the latest says
  // its mode, and each that is about the policy has its fields, later ones on top. An order moves a
  // circuit as the verb of that name would; one that ends or is revoked gives it back to the order
  // before it, or to automatic mode. What code does to a circuit directly (`CircuitBreaker::Reset`
  // and so on) holds until the next order for it. Unlike those, an order lets circuits be evicted.

  // How many there can be.
  static constexpr std::size_t kMaxOrders = 1'000;

  // The bytes that their globs can have together, a `*` or `?` counted twice: each new circuit is
  // held against all of them.
  static constexpr int64_t kMaxBytesOfGlobs = int64_t{64} * 1024;

  // The highest number of an order that is put back: so there are always higher ones.
  static constexpr uint64_t kMaxRestoredOrderId = INT64_MAX / 2;

  // Gives an order. It takes the place of an earlier one of the same operator, pattern and action;
  // a policy change does if it names all fields that the other named. A kAutomate takes away each
  // earlier order of a mode whose pattern it fits as if that were a name, and stands only if others
  // are left. INVALID_ARGUMENT for a bad pattern, path, value or ttl, or if a circuit's policy
  // would become invalid; RESOURCE_EXHAUSTED if there are kMaxOrders or
  // their globs are kMaxBytesOfGlobs; NOT_FOUND or ABORTED if a condition isn't met. Then nothing
  // has changed.
  absl::StatusOr<GivenOrder> GiveOrder(StandingOrder order, const OrderConditions& conditions = {});

  // Which circuits it would be for now, and which orders it would take the place of; `id` is 0.
  absl::StatusOr<GivenOrder> PreviewOrder(StandingOrder order) const;

  // NOT_FOUND if there is none of that number.
  absl::Status RevokeOrder(uint64_t id, const Operator& by);

  // Those that stand, by number. An order that has ended is gone from here, and from the circuits
  // that there are, at the next call of this, of `Circuits`, `List` or of any of the above, or a
  // second later at most. A circuit that is made meanwhile does without it. The keeper and the
  // listeners are told by threads of the registry's.
  std::vector<StandingOrder> Orders() const;

  // Puts back the orders of a former process: with their numbers and times. Those that have ended
  // meanwhile are left out, as are those that aren't valid, for which there is no room, or
  // whose number is taken or over kMaxRestoredOrderId: the answer says how many and why. For when
  // there are no circuits yet.
  std::vector<std::string> RestoreOrders(std::vector<StandingOrder> orders);

  // Called with all orders after changes of them, one call after the other, with no lock held:
  // before `GiveOrder`, `RevokeOrder` or `RestoreOrders` answer; when orders have ended, within a
  // second, on a thread of the registry's. It may call all of the registry, but must not wait for
  // another thread that gives or revokes orders; what it changes itself is told later. One that
  // throws is called again a second later. To keep them in a file. Null: nobody; once that is set,
  // the former keeper isn't called any more.
  using OrderKeeper = std::function<void(const std::vector<StandingOrder>& orders)>;
  void SetOrderKeeper(OrderKeeper keeper);

  // ---- A configuration file (fusebox/config/config_watcher.h).

  // Who follows it: for readers of the registry. Null: nobody does. To be set to null by who was
  // it; FAILED_PRECONDITION if another one still is. The registry doesn't keep it alive.
  absl::Status SetConfigControl(std::weak_ptr<ConfigControl> control);
  std::shared_ptr<ConfigControl> config_control() const;

  // For whoever follows a file: an event kConfigReloaded, or kConfigRefused. It has no circuit.
  void ReportConfig(bool reloaded, absl::string_view detail, const Operator& by);

  // Resets every circuit (CircuitBreaker::Reset), and forgets the openings of those that were
  // evicted. Returns how many there were.
  int ResetAll(const Operator& by);

  // The events after that sequence number that are still kept, from all circuits, at most `limit`
  // of them, and how many are no longer kept. 0 asks for all; `EventBatch::next` goes on.
  EventBatch EventsSince(uint64_t sequence,
                         std::size_t limit = std::numeric_limits<std::size_t>::max()) const;

  // One more listener, beside that of the options, for as long as the handle is held.
  ListenerHandle AddListener(EventListener listener);

  // For code that calls the application's functions on behalf of no circuit: one has thrown
  // something of that type (CircuitBreaker::ReportUserCodeFailure). The event has no circuit.
  void ReportUserCodeFailure(UserCode code, absl::string_view exception);

  // The registry as a whole. Each figure is right at some moment of the call; together they are of
  // one moment only while nobody else uses the registry.
  RegistryStats Stats() const;

  // What the circuits that were evicted or removed had counted until then, by target: with the
  // totals of the existing circuits, it makes sums over a target that don't go down. A call that is
  // out when its circuit is removed is in neither. Of more than a thousand targets, the rest is
  // added up under the empty one.
  std::vector<TargetTotals> RemovedTotals() const;

  // Notes which of a channel's settings its calls match (fusebox/policy_use.h), for as long as the
  // answer is held. `target` is the channel's.
  [[nodiscard]] std::shared_ptr<PolicyUse> TrackPolicies(absl::string_view target,
                                                         std::vector<PolicyUse::Entry> entries);

  // The settings that no call has matched so far, of the existing channels: by target and
  // name. Two channels of one target use each other's.
  std::vector<UnusedPolicy> UnusedPolicies() const;

  // The same as in `Stats`.
  std::size_t size() const;

  int64_t evicted() const;

  // Goes by the clock of the options, and throws nothing. Lives as long as the registry.
  const Clock& clock() const;

 private:
  class Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_CIRCUIT_REGISTRY_H_
