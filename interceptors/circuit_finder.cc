// SPDX-License-Identifier: Apache-2.0
#include "interceptors/circuit_finder.h"

#include <cstdint>
#include <utility>

#include "fusebox/circuit_name.h"
#include "fusebox/user_code.h"
#include "src/base/user_code.h"

namespace fusebox {
namespace {

// More than a channel has methods, and few enough to be kept for good.
constexpr uint32_t kMaxPinnedMethods = 1'024;

}  // namespace

CircuitFinder::CircuitFinder(std::string target, std::shared_ptr<CircuitRegistry> registry,
                             MethodTable methods, CircuitScope scope, CircuitKey key)
    : target_(std::move(target)),
      methods_(std::move(methods)),
      scope_(scope),
      key_(std::move(key)),
      use_(registry->TrackPolicies(target_, methods_.Entries())),
      by_method_(registry, TargetText(), kMaxPinnedMethods),
      by_key_(std::move(registry), TargetText()) {}

std::optional<ProtectedMethod> CircuitFinder::FindMethod(absl::string_view method) {
  EntryRef entry = by_method_.Find(method);
  if (entry) {
    entry->Touch();
  } else {
    methods_.NoteUse(method, *use_);
    entry = by_method_.Add(method, methods_.Resolve(method));
  }
  if (entry->settings().policy == nullptr) return std::nullopt;
  return ProtectedMethod(std::move(entry));
}

FoundCircuit CircuitFinder::FindCircuit(const ProtectedMethod& method,
                                        const CallInfo::Metadata* metadata) {
  if (key_ == nullptr) return FindCircuitByScope(method);
  static const CallInfo::Metadata* const kNone = new CallInfo::Metadata;
  const CallInfo call{target_, method.name(), metadata == nullptr ? *kNone : *metadata};
  std::string key;
  std::string exception;
  const bool ok = RunUserCode([&] { key = key_(call); },
                              [&](std::string type) { exception = std::move(type); });
  if (ok && !key.empty()) return FindCircuitByKey(method, key);
  FoundCircuit found = FindCircuitByScope(method);
  if (!ok && found.breaker != nullptr) {
    found.breaker->ReportUserCodeFailure(UserCode::kCircuitKey, exception);
  }
  return found;
}

FoundCircuit CircuitFinder::FindCircuitByKey(const ProtectedMethod& method, absl::string_view key) {
  return by_key_.Circuit(key, method.settings(),
                         [&] { return std::string(CircuitName::OfKey(target_, key).text()); });
}

FoundCircuit CircuitFinder::FindCircuitByScope(const ProtectedMethod& method) {
  return by_method_.CircuitOf(method.entry(), [&] { return NameByScope(method.name()); });
}

std::string CircuitFinder::TargetText() const {
  return std::string(CircuitName::OfTarget(target_).target());
}

std::string CircuitFinder::NameByScope(absl::string_view method) const {
  switch (scope_) {
    case CircuitScope::kPerMethod:
      break;
    case CircuitScope::kPerService:
      return CircuitName::OfService(target_, method.substr(0, method.rfind('/'))).text();
    case CircuitScope::kPerTarget:
      return CircuitName::OfTarget(target_).text();
  }
  return CircuitName::OfMethod(target_, method).text();
}

}  // namespace fusebox
