// SPDX-License-Identifier: Apache-2.0
//
// Which faults there are, and whose turn it is. What a fault does to a call is FaultyCall's.
#ifndef FUSEBOX_INTERCEPTORS_FAULT_INJECTION_RULES_H_
#define FUSEBOX_INTERCEPTORS_FAULT_INJECTION_RULES_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/grpc/fault_injection.h"
#include "interceptors/fault_injection_timer.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// OK, or one INVALID_ARGUMENT with all that is wrong with a fault and the name that it is for.
absl::Status ValidateFault(absl::string_view name, const Fault& fault, bool allow_unknown_names);

// A name's fault, from one `Set` to the next.
//
// Thread-safety: any thread may use it at any time.
class FaultRule {
 public:
  // Its random choices depend on the seed and the name alone, not on the traffic of others.
  // Without a seed they are the process' own.
  FaultRule(Fault fault, std::optional<uint64_t> seed, absl::string_view name);

  const Fault& fault() const { return fault_; }

  // Whether the next call gets the fault.
  bool Draw();

 private:
  const Fault fault_;
  const uint64_t seed_;
  const bool seeded_;
  std::atomic<uint64_t> draws_{0};  // relaxed: each draw has its own number, and orders nothing
};

// What a FaultInjector and its factories and calls share.
//
// Thread-safety: any thread may use it at any time.
class FaultEngine {
 public:
  FaultEngine(std::optional<uint64_t> seed, absl::Duration max_hang)
      : seed_(seed), max_hang_(max_hang) {}

  // The fault must be valid.
  void Set(absl::string_view name, Fault fault);
  bool Clear(absl::string_view name);
  void ClearAll();

  // Null if there is none for this method, given as "package.Service/Method" with or without a
  // leading slash.
  std::shared_ptr<FaultRule> Find(absl::string_view method) const;

  void Count(const Fault& fault);
  InjectedFaults injected() const;

  absl::Duration max_hang() const { return max_hang_; }
  WakeupTimer& timer() { return timer_; }

 private:
  using Rules = std::map<std::string, std::shared_ptr<FaultRule>, std::less<>>;

  // What calls that are prepared from now on see.
  void Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    any_.store(!rules_.empty(), std::memory_order_relaxed);
  }

  // Constant.
  const std::optional<uint64_t> seed_;
  const absl::Duration max_hang_;

  // Self-synchronised. `any_` is a hint that spares a program without faults the lock; the rules
  // themselves are read under it, so that nothing need be ordered here.
  std::atomic<bool> any_{false};
  std::atomic<int64_t> statuses_{0};
  std::atomic<int64_t> delays_{0};
  std::atomic<int64_t> hangs_{0};
  WakeupTimer timer_;

  // Guarded.
  mutable Mutex mutex_;
  Rules rules_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_FAULT_INJECTION_RULES_H_
