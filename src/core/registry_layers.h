// SPDX-License-Identifier: Apache-2.0
//
// What operators and files say of the circuits of a registry, above what code says (rule P6).
#ifndef FUSEBOX_SRC_CORE_REGISTRY_LAYERS_H_
#define FUSEBOX_SRC_CORE_REGISTRY_LAYERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"
#include "src/base/mutex.h"
#include "src/core/background_worker.h"
#include "src/core/layered_circuit.h"
#include "src/core/order_keeping.h"
#include "src/core/policy_layers.h"

namespace fusebox::internal {

// What a registry does for its layers.
class LayeredCircuits {
 public:
  using Layers = std::shared_ptr<const PolicyLayers>;

  virtual ~LayeredCircuits() = default;

  // Those of new circuits. Null: there have never been any.
  virtual Layers layers() = 0;
  virtual void SetLayers(Layers layers) = 0;

  // The first circuits after that name, some, as they are now.
  virtual std::vector<LayeredCircuit> SomeAfter(absl::string_view name) = 0;
  virtual std::optional<LayeredCircuit> FindLayered(absl::string_view name) = 0;

  // Calls visit, under the registry's lock, for those of them that it still has: with the place in
  // `circuits`, and with the layers that new circuits have now.
  using Visit = absl::FunctionRef<void(std::size_t i, const Layers& layers, LayeredCircuit&)>;
  virtual void VisitSome(const std::vector<LayeredCircuit>& circuits, Visit visit) = 0;

  virtual const Clock& clock() const = 0;
  // Tells the listeners what has happened to circuits.
  virtual void DeliverEvents() = 0;
  virtual void ReportUserCodeFailure(UserCode code, absl::string_view exception) = 0;
};

// Thread-safe. A change is made in three steps: first the layers of new circuits are others, then
// each circuit that it is about gets what they say, then the keeper and last the listeners are
// told. When changes are made at the same time, each goes through all the circuits that it is
// about, and leaves each with the layers of the present.
//
// An order's end is applied by a thread that no code of the user's can hold, or by whoever looks at
// circuits before; the keeper and the listeners hear of it on threads of their own.
class RegistryLayers {
 public:
  // `circuits` must outlive it. Its threads go on as long as they can get it from `self`.
  using Self = std::function<std::shared_ptr<RegistryLayers>()>;
  RegistryLayers(LayeredCircuits& circuits, const Self& self);

  absl::StatusOr<OverridesResult> Set(PolicyOverrides overrides, const Operator& by);
  absl::StatusOr<OverridesResult> Preview(PolicyOverrides overrides);
  PolicyOverrides Overrides();
  absl::StatusOr<std::vector<FieldOrigin>> Origins(absl::string_view circuit);

  absl::StatusOr<GivenOrder> Give(StandingOrder order, const OrderConditions& conditions);
  absl::StatusOr<GivenOrder> PreviewOrder(const StandingOrder& order);
  absl::Status Revoke(uint64_t id, const Operator& by);
  std::vector<StandingOrder> Orders();
  std::vector<std::string> Restore(std::vector<StandingOrder> orders);
  void SetKeeper(CircuitRegistry::OrderKeeper keeper);

  // Nothing is done on threads of its own any more, once this returns; but that a listener that
  // doesn't return is left behind.
  void Stop() {
    timer_.Stop();
    keeper_.Stop();
    teller_.Stop();
  }

  // Takes the orders whose time is over from the circuits. Calls need not wait for that: an order
  // that has ended has no say in a new circuit, whether it is still there or not.
  void EndOrders();

 private:
  using Layers = LayeredCircuits::Layers;
  using Some = absl::FunctionRef<void(std::vector<LayeredCircuit>&)>;

  // On threads of their own.
  void LookForEnds();
  void TellKeeper();

  void ForEach(Some visit);

  Layers Present();
  std::vector<StandingOrder> PresentOrders();
  absl::StatusOr<OverridesResult> Try(const Layers& layers);
  absl::Status Check(const OrderConditions& conditions, const std::string& circuit);
  absl::StatusOr<StandingOrders::Added> Try(const StandingOrder& order,
                                            const OrderConditions& conditions, GivenOrder& given,
                                            Layers& layers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  void Install(const Layers& layers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  void Spread(const PolicyLayers& before, const PolicyLayers& after, const Operator& by);
  void AutomateOnce(const StandingOrder& order, uint64_t id);

  LayeredCircuits& circuits_;
  const std::shared_ptr<const PolicyOverrides> no_overrides_;

  Mutex changes_;  // held while layers are made and installed, and no user's code runs
  uint64_t last_id_ ABSL_GUARDED_BY(changes_) = 0;

  OrderKeeping keeping_;

  // They use all of the above.
  BackgroundWorker teller_;  // of listeners
  BackgroundWorker keeper_;
  BackgroundWorker timer_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_REGISTRY_LAYERS_H_
