// SPDX-License-Identifier: Apache-2.0
//
// What operators and files say of the circuits of a registry, above what code says (rule P6).
#ifndef FUSEBOX_SRC_CORE_REGISTRY_LAYERS_H_
#define FUSEBOX_SRC_CORE_REGISTRY_LAYERS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"
#include "src/base/mutex.h"
#include "src/core/eviction_queue.h"
#include "src/core/order_timer.h"
#include "src/core/policy_layers.h"

namespace fusebox::internal {

// What a registry does for its layers.
class LayeredCircuits {
 public:
  using Layers = std::shared_ptr<const PolicyLayers>;

  // Those of new circuits. Null: there have never been any.
  virtual Layers layers() = 0;
  virtual void SetLayers(Layers layers) = 0;

  // Calls visit for every circuit, by name, some at the same time under the registry's lock;
  // listeners are told between those. False if the registry has other layers than `of` by then;
  // with a null one nothing is changed, and listeners have nothing to be told.
  using Visit = absl::FunctionRef<void(LayeredCircuit&)>;
  virtual bool ForEach(const PolicyLayers* of, Visit visit) = 0;
  // False if there is none.
  virtual bool ForOne(absl::string_view name, Visit visit) = 0;

  virtual const Clock& clock() const = 0;
  virtual void ReportUserCodeFailure(UserCode code, absl::string_view exception) = 0;

 protected:
  ~LayeredCircuits() = default;
};

// Thread-safe. A change is made in two steps: first the layers of new circuits are others, then
// each circuit that there is gets what they say. When two changes are made at the same time, the
// second step of the later one does what is left of both.
class RegistryLayers {
 public:
  // `circuits` must outlive it. `look` calls LookForEnds, on the timer's thread.
  RegistryLayers(LayeredCircuits& circuits, OrderTimer::Look look);

  absl::StatusOr<OverridesResult> Set(PolicyOverrides overrides, const Operator& by);
  absl::StatusOr<OverridesResult> Preview(PolicyOverrides overrides);
  PolicyOverrides Overrides();
  absl::StatusOr<std::vector<FieldOrigin>> Origins(absl::string_view circuit);

  absl::StatusOr<GivenOrder> Give(StandingOrder order, const Policy* expected);
  absl::StatusOr<GivenOrder> PreviewOrder(StandingOrder order);
  absl::Status Revoke(uint64_t id, const Operator& by);
  std::vector<StandingOrder> Orders();
  std::vector<std::string> Restore(std::vector<StandingOrder> orders);
  void SetKeeper(CircuitRegistry::OrderKeeper keeper);

  // Ends the orders whose time is over. True if there are others that will end.
  bool LookForEnds();

 private:
  using Layers = LayeredCircuits::Layers;

  Layers Present();
  std::vector<StandingOrder> PresentOrders();
  absl::StatusOr<OverridesResult> Try(const Layers& layers);
  absl::StatusOr<StandingOrders::Added> Try(const StandingOrder& order, const Policy* expected,
                                            GivenOrder& given, Layers& layers)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  void Install(const Layers& layers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(changes_);
  void Spread(const Layers& before, const Layers& layers, const Operator& by, bool ended);
  void AutomateOnce(const StandingOrder& order, uint64_t id);
  void TellKeeper();

  LayeredCircuits& circuits_;
  const std::shared_ptr<const PolicyOverrides> no_overrides_;

  Mutex changes_;  // held while layers are made and installed, and no user's code runs
  uint64_t last_id_ ABSL_GUARDED_BY(changes_) = 0;

  Mutex keeping_;  // held while the keeper runs, so that it is called in order
  CircuitRegistry::OrderKeeper keeper_ ABSL_GUARDED_BY(keeping_);

  OrderTimer timer_;  // it uses all of the above
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_REGISTRY_LAYERS_H_
