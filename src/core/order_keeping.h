// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_ORDER_KEEPING_H_
#define FUSEBOX_SRC_CORE_ORDER_KEEPING_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_registry.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Calls a registry's keeper of standing orders: one call after the other, with no lock held, each
// with the orders of its present.
//
// Thread-safe. The keeper may call all of it.
class OrderKeeping {
 public:
  using Keeper = CircuitRegistry::OrderKeeper;
  using Orders = std::function<std::vector<StandingOrder>()>;
  using Report = std::function<void(absl::string_view exception)>;

  OrderKeeping(Orders present, Report report)
      : present_(std::move(present)), report_(std::move(report)) {}

  // The former one isn't called any more once this returns: it waits for a call that goes on,
  // unless it is made by that.
  void SetKeeper(Keeper keeper);

  // There is something to be kept, by the next `Keep`.
  void Changed();
  bool has_unkept();

  // Returns once all that has changed so far is kept, by whoever, or the keeper has thrown: then it
  // is to be kept again. What the keeper itself changes is kept later: then it returns at once.
  void Keep();

 private:
  class Caller;

  // Whether a call goes on, in this process and not in one that it was forked from.
  bool IsCalled() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsCalledByThisThread() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Call() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Orders present_;
  const Report report_;

  Mutex mutex_;
  CondVar ended_;  // a call
  std::shared_ptr<const Keeper> keeper_ ABSL_GUARDED_BY(mutex_);
  std::thread::id caller_ ABSL_GUARDED_BY(mutex_);
  int process_ ABSL_GUARDED_BY(mutex_) = 0;  // the caller's
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t kept_ ABSL_GUARDED_BY(mutex_) = 0;  // of those
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_ORDER_KEEPING_H_
