// SPDX-License-Identifier: Apache-2.0
//
// What stands above the policies in code (rule P6): overrides, and above them standing orders.
#ifndef FUSEBOX_SRC_CORE_POLICY_LAYERS_H_
#define FUSEBOX_SRC_CORE_POLICY_LAYERS_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/policy.h"
#include "fusebox/policy_overrides.h"
#include "fusebox/policy_patch.h"
#include "src/core/overrides_index.h"
#include "src/core/standing_orders.h"

namespace fusebox::internal {

// A policy of code's, as it was given and as it is in force without layers. Circuits of equal
// policies share it.
struct CodePolicy {
  Policy given;
  std::shared_ptr<const Policy> in_force;
  bool direct = false;  // set on the circuit itself: overrides don't touch it
};

// Never changes: a change makes another one. Thread-safe.
class PolicyLayers {
 public:
  PolicyLayers(std::shared_ptr<const PolicyOverrides> overrides, StandingOrders orders)
      : overrides_(std::move(overrides)),
        index_(std::make_shared<OverridesIndex>(*overrides_)),
        orders_(std::move(orders)) {}

  // With the same overrides, of which there may be many.
  PolicyLayers(const PolicyLayers& former, StandingOrders orders)
      : overrides_(former.overrides_), index_(former.index_), orders_(std::move(orders)) {}

  const std::shared_ptr<const PolicyOverrides>& overrides() const { return overrides_; }
  const OverridesIndex& index() const { return *index_; }
  const StandingOrders& orders() const { return orders_; }

 private:
  const std::shared_ptr<const PolicyOverrides> overrides_;
  const std::shared_ptr<const OverridesIndex> index_;
  const StandingOrders orders_;
};

// Whose word each field of a circuit's policy is.
std::vector<FieldOrigin> Origins(const std::shared_ptr<const PolicyLayers>& layers,
                                 const CircuitIdentity& circuit,
                                 const std::shared_ptr<const CodePolicy>& code, SteadyTime now);

// The same, of a policy that was set directly, over which nothing is laid.
std::vector<FieldOrigin> OriginsOfDirect(const Policy& policy);

// Says what layers make of policies, and remembers it: of many circuits few are different.
//
// Not thread-safe.
class PolicyResolver {
 public:
  explicit PolicyResolver(std::shared_ptr<const PolicyLayers> layers)
      : layers_(std::move(layers)) {}

  using Result = absl::StatusOr<std::shared_ptr<const Policy>>;

  // The policy in force. INVALID_ARGUMENT if it comes to an invalid one. `orders` are those of the
  // layers about the circuit.
  Result Resolve(const CircuitIdentity& circuit, const std::shared_ptr<const CodePolicy>& code,
                 const OrdersOfCircuit& orders);

  // The same, where it has to be a valid one: without the orders if it isn't with them, and without
  // the overrides if it isn't with those. `left_out` says what and why; empty: nothing.
  struct Fallen {
    std::shared_ptr<const Policy> policy;
    std::string left_out;
    absl::Status overrides;  // not OK: they are left out, too
  };
  Fallen ResolveOrFallBack(const CircuitIdentity& circuit,
                           const std::shared_ptr<const CodePolicy>& code,
                           const OrdersOfCircuit& orders);

  const PolicyLayers& layers() const { return *layers_; }

  // What it remembers.
  std::size_t size() const { return std::max(known_.size(), dependencies_.size()); }

 private:
  OverridesIndex::Patches PatchesOf(const CircuitIdentity& circuit);

  using Orders = std::vector<const HeldOrder*>;
  using Key = std::pair<std::pair<const CodePolicy*, OverridesIndex::Patches>, Orders>;

  static Result ResolveAnew(const CodePolicy& code, const OverridesIndex::Patches& patches,
                            const Orders& orders);

  // Keeps the code's policy, since it is known by its address.
  struct Known {
    std::shared_ptr<const CodePolicy> code;
    Result result;
  };

  const std::shared_ptr<const PolicyLayers> layers_;
  absl::node_hash_map<Key, Known> known_;
  absl::flat_hash_map<std::string, const DependencyOverrides*> dependencies_;  // by target
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_POLICY_LAYERS_H_
