// SPDX-License-Identifier: Apache-2.0
#include "src/core/order_keeping.h"

#include <unistd.h>

#include <utility>

#include "src/base/user_code.h"

namespace fusebox::internal {

// Says which thread is in the keeper, also if that thread is ended there.
class OrderKeeping::Caller {
 public:
  explicit Caller(OrderKeeping& of) ABSL_NO_THREAD_SAFETY_ANALYSIS : of_(of) {
    of_.caller_ = std::this_thread::get_id();
    of_.process_ = getpid();
  }
  ~Caller() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    of_.caller_ = std::thread::id();
    of_.ended_.NotifyAll();
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

 private:
  OrderKeeping& of_;
};

void OrderKeeping::SetKeeper(Keeper keeper) {
  std::shared_ptr<const Keeper> next;
  if (keeper != nullptr) next = std::make_shared<const Keeper>(std::move(keeper));
  MutexLock lock(mutex_);
  while (IsCalled() && !IsCalledByThisThread()) ended_.Wait(mutex_);
  keeper_.swap(next);  // the former one goes after the lock
  kept_ = changes_;
}

void OrderKeeping::Changed() {
  MutexLock lock(mutex_);
  ++changes_;
  if (keeper_ == nullptr) kept_ = changes_;
}

bool OrderKeeping::has_unkept() {
  MutexLock lock(mutex_);
  return kept_ != changes_;
}

void OrderKeeping::Keep() {
  MutexLock lock(mutex_);
  const uint64_t wanted = changes_;
  while (kept_ < wanted && !IsCalledByThisThread()) {
    if (IsCalled()) {
      ended_.Wait(mutex_);
    } else {
      Call();
    }
  }
}

bool OrderKeeping::IsCalled() const { return caller_ != std::thread::id() && process_ == getpid(); }

bool OrderKeeping::IsCalledByThisThread() const {
  return IsCalled() && caller_ == std::this_thread::get_id();
}

void OrderKeeping::Call() {
  const uint64_t changes = changes_;
  bool has_thrown = false;
  std::shared_ptr<const Keeper> keeper = keeper_;
  if (keeper != nullptr) {
    const Caller caller(*this);
    MutexUnlock unlock(mutex_);
    RunUserCode([&] { (*keeper)(present_()); },
                [&](const std::string& exception) {
                  has_thrown = true;
                  report_(exception);
                });
    keeper.reset();
  }
  kept_ = changes;
  if (has_thrown) ++changes_;  // nobody waits for that, and it isn't kept
}

}  // namespace fusebox::internal
