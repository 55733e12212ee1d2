// SPDX-License-Identifier: Apache-2.0
//
// From a call to its policy and its circuit (rules P1-P3).
#ifndef FUSEBOX_INTERCEPTORS_CIRCUIT_FINDER_H_
#define FUSEBOX_INTERCEPTORS_CIRCUIT_FINDER_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/policy_use.h"
#include "interceptors/circuit_table.h"
#include "interceptors/method_settings.h"

namespace fusebox::internal {

// A protected method of a channel. Refers to what the finder holds.
class ProtectedMethod {
 public:
  // `entry` isn't empty, nor unprotected.
  explicit ProtectedMethod(EntryRef entry) : entry_(std::move(entry)) {}
  // One whose entry's key is not its name.
  ProtectedMethod(EntryRef entry, absl::string_view name)
      : entry_(std::move(entry)), long_name_(std::make_unique<const std::string>(name)) {}

  // "/package.Service/Method"
  absl::string_view name() const { return long_name_ == nullptr ? entry_->key() : *long_name_; }
  const MethodSettings& settings() const { return entry_->settings(); }
  CircuitEntry& entry() const { return *entry_; }

 private:
  EntryRef entry_;
  std::unique_ptr<const std::string> long_name_;
};

// Thread-safe. Outlives the methods and the circuits that it finds.
class CircuitFinder {
 public:
  CircuitFinder(std::string target, std::shared_ptr<CircuitRegistry> registry, MethodTable methods,
                CircuitScope scope, CircuitKey key);

  // Empty for an unprotected method. `method` as "/package.Service/Method".
  std::optional<ProtectedMethod> FindMethod(absl::string_view method);

  // Whether a call's circuit can only be told from its metadata.
  bool needs_metadata() const { return key_ != nullptr; }

  // Where its circuits are.
  const CircuitRegistry& registry() const { return *registry_; }

  // The circuit of a call of that method. `metadata` is what the call sends first, if
  // `needs_metadata`; null if it sends none yet.
  FoundCircuit FindCircuit(const ProtectedMethod& method, const CallInfo::Metadata* metadata);

 private:
  std::optional<ProtectedMethod> FindLongMethod(absl::string_view method);
  EntryRef FindEntry(absl::string_view key, absl::string_view method);
  FoundCircuit FindCircuitByScope(const ProtectedMethod& method);
  FoundCircuit FindCircuitByKey(const ProtectedMethod& method, absl::string_view key);
  std::string TargetText() const;  // what the circuits' names begin with
  std::string NameByScope(absl::string_view method) const;

  const std::string target_;
  const MethodTable methods_;
  const CircuitScope scope_;
  const CircuitKey key_;
  const std::shared_ptr<CircuitRegistry> registry_;
  const std::shared_ptr<PolicyUse> use_;
  CircuitTable by_method_;
  CircuitTable by_key_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_CIRCUIT_FINDER_H_
