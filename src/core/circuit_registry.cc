// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_registry.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/core/mutex.h"

namespace fusebox {

class CircuitRegistry::Impl {
 public:
  using Circuits = absl::flat_hash_map<std::string, std::shared_ptr<CircuitBreaker>>;

  explicit Impl(Options options) : options_(std::move(options)) {
    if (options_.clock == nullptr) options_.clock = &Clock::Real();
    if (!options_.seed) options_.seed = absl::Uniform<uint64_t>(absl::BitGen());
  }

  const Clock& clock() const { return *options_.clock; }

  absl::StatusOr<std::shared_ptr<CircuitBreaker>> GetOrCreate(absl::string_view name,
                                                              const Policy& policy) {
    MutexLock lock(mutex_);
    if (const auto found = circuits_.find(name); found != circuits_.end()) return found->second;
    absl::StatusOr<std::shared_ptr<CircuitBreaker>> made =
        CircuitBreaker::Create(name, policy, {options_.clock, options_.seed, options_.listener});
    if (made.ok()) circuits_.emplace(name, *made);
    return made;
  }

  std::shared_ptr<CircuitBreaker> Find(absl::string_view name) {
    MutexLock lock(mutex_);
    const auto found = circuits_.find(name);
    return found == circuits_.end() ? nullptr : found->second;
  }

  // Null if there was none. The circuit is not destroyed under the lock.
  std::shared_ptr<CircuitBreaker> Take(absl::string_view name) {
    MutexLock lock(mutex_);
    auto node = circuits_.extract(name);
    return node.empty() ? nullptr : std::move(node.mapped());
  }

  std::vector<std::shared_ptr<CircuitBreaker>> All() {
    std::vector<std::shared_ptr<CircuitBreaker>> all;
    MutexLock lock(mutex_);
    all.reserve(circuits_.size());
    for (const auto& entry : circuits_) all.push_back(entry.second);
    return all;
  }

 private:
  // Constant.
  Options options_;

  // Guarded.
  Mutex mutex_;
  Circuits circuits_ ABSL_GUARDED_BY(mutex_);
};

CircuitRegistry::CircuitRegistry() : CircuitRegistry(Options()) {}
CircuitRegistry::CircuitRegistry(Options options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
CircuitRegistry::~CircuitRegistry() = default;

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitRegistry::GetOrCreate(absl::string_view name,
                                                                             const Policy& policy) {
  return impl_->GetOrCreate(name, policy);
}

std::shared_ptr<CircuitBreaker> CircuitRegistry::Find(absl::string_view name) const {
  return impl_->Find(name);
}

absl::Status CircuitRegistry::Remove(absl::string_view name) {
  if (impl_->Take(name) != nullptr) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("no circuit named \"", name, "\""));
}

std::vector<CircuitSnapshot> CircuitRegistry::List() const {
  std::vector<CircuitSnapshot> snapshots;
  for (const auto& circuit : impl_->All()) snapshots.push_back(circuit->Snapshot());
  std::sort(snapshots.begin(), snapshots.end(),
            [](const CircuitSnapshot& a, const CircuitSnapshot& b) { return a.name < b.name; });
  return snapshots;
}

int CircuitRegistry::ResetAll(const Operator& by) {
  const auto all = impl_->All();
  for (const auto& circuit : all) circuit->Reset(by);
  return static_cast<int>(all.size());
}

const Clock& CircuitRegistry::clock() const { return impl_->clock(); }

}  // namespace fusebox
