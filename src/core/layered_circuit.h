// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_LAYERED_CIRCUIT_H_
#define FUSEBOX_SRC_CORE_LAYERED_CIRCUIT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "fusebox/circuit_breaker.h"
#include "src/core/circuit_core.h"
#include "src/core/policy_layers.h"

namespace fusebox::internal {

// A circuit of a registry, and what its layers go by (rule P6).
//
// Not thread-safe.
struct LayeredCircuit {
  std::shared_ptr<CircuitBreaker> circuit;
  std::shared_ptr<const CodePolicy> code;
  const std::string* method = nullptr;  // that its name doesn't say; null: it does
  uint64_t mode_order_seen = 0;         // the latest order that has said its mode
  uint64_t policy_order_seen = 0;       // the latest one about its policy
  bool adopted = false;                 // `code` was set directly, and orders are laid over it

  CircuitCore& core() const { return CircuitCore::Of(*circuit); }
  CircuitIdentity identity() const {
    return {core().name(), core().target(), method == nullptr ? absl::string_view() : *method};
  }

  // What layers begin with: code's policy, or the one that was set directly meanwhile.
  std::shared_ptr<const CodePolicy> Base() const {
    if (core().LayeredPolicy() != nullptr) return code;
    std::shared_ptr<const Policy> present = core().PresentPolicy();
    return std::make_shared<CodePolicy>(CodePolicy{*present, present, true});
  }

  // An order is about its policy: what was set directly, if anything was, is only the base of that
  // from now on.
  void AdoptPolicy() {
    const std::shared_ptr<const Policy> direct = core().AdoptPolicy();
    if (direct == nullptr) return;
    code = std::make_shared<CodePolicy>(CodePolicy{*direct, direct, true});
    adopted = true;
  }

  // Does what that order says of its mode.
  void Obey(const HeldOrder& order, SteadyTime now) {
    mode_order_seen = order.order.id;
    std::optional<absl::Duration> left;
    if (order.order.ttl) left = order.until - now;
    core().ApplyOrder(order.order, left);
  }
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_LAYERED_CIRCUIT_H_
