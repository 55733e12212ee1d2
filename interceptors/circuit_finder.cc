// SPDX-License-Identifier: Apache-2.0
#include "interceptors/circuit_finder.h"

#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/strings/strip.h"
#include "fusebox/circuit_name.h"
#include "fusebox/user_code.h"
#include "src/base/user_code.h"

namespace fusebox::internal {
namespace {

// More than a channel has methods, and few enough to be kept for good.
constexpr uint32_t kMaxPinnedMethods = 1'024;

// The longest key or method that a table remembers as it is: what they are may come from outside.
constexpr std::size_t kMaxShortBytes = kMaxCircuitNameBytes;

// What it remembers instead of a longer one: its circuit's name, which is as unique, filled up so
// that it is equal to no short one.
std::string StandIn(const CircuitName& name) {
  std::string stand_in = name.text();
  stand_in.resize(kMaxShortBytes + 1, '\0');
  return stand_in;
}

}  // namespace

CircuitFinder::CircuitFinder(std::string target, std::shared_ptr<CircuitRegistry> registry,
                             MethodTable methods, CircuitScope scope, CircuitKey key)
    : target_(std::move(target)),
      methods_(std::move(methods)),
      scope_(scope),
      key_(std::move(key)),
      registry_(std::move(registry)),
      use_(registry_->TrackPolicies(target_, methods_.Entries())),
      by_method_(registry_, TargetText(), kMaxPinnedMethods),
      by_key_(registry_, TargetText()) {}

std::optional<ProtectedMethod> CircuitFinder::FindMethod(absl::string_view method) {
  if (method.size() > kMaxShortBytes) return FindLongMethod(method);
  EntryRef entry = FindEntry(method, method);
  if (entry->settings().policy == nullptr) return std::nullopt;
  return ProtectedMethod(std::move(entry));
}

std::optional<ProtectedMethod> CircuitFinder::FindLongMethod(absl::string_view method) {
  EntryRef entry = FindEntry(StandIn(CircuitName::OfMethod(target_, method)), method);
  if (entry->settings().policy == nullptr) return std::nullopt;
  return ProtectedMethod(std::move(entry), method);
}

EntryRef CircuitFinder::FindEntry(absl::string_view key, absl::string_view method) {
  EntryRef entry = by_method_.Find(key);
  if (entry) {
    entry->Touch();
    return entry;
  }
  methods_.NoteUse(method, *use_);
  return by_method_.Add(key, methods_.Resolve(method));
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
  if (ok) return found;
  if (found.breaker != nullptr) {
    found.breaker->ReportUserCodeFailure(UserCode::kCircuitKey, exception);
  } else {
    registry_->ReportUserCodeFailure(UserCode::kCircuitKey, exception);
  }
  return found;
}

FoundCircuit CircuitFinder::FindCircuitByKey(const ProtectedMethod& method, absl::string_view key) {
  const absl::string_view of = absl::StripPrefix(method.name(), "/");
  if (key.size() <= kMaxShortBytes) {
    return by_key_.Circuit(key, method.settings(), [&] {
      return NewCircuit{CircuitName::OfKey(target_, key).text(), of};
    });
  }
  const CircuitName name = CircuitName::OfKey(target_, key);
  return by_key_.Circuit(StandIn(name), method.settings(), [&] {
    return NewCircuit{name.text(), of};
  });
}

FoundCircuit CircuitFinder::FindCircuitByScope(const ProtectedMethod& method) {
  return by_method_.CircuitOf(method.entry(), [&] {
    return NewCircuit{NameByScope(method.name()), {}};
  });
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

}  // namespace fusebox::internal
