// SPDX-License-Identifier: Apache-2.0
#include "tests/model/crew.h"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

#include "fusebox/circuit_breaker.h"

namespace fusebox_testing {
namespace {

// More than there are counters for threads of their own (24); those of numbers 30 and 38, counted
// from the calling thread as 0, are the same.
constexpr std::size_t kMembers = 38;
constexpr std::size_t kActing[] = {0, 29, 37};

}  // namespace

class Crew::Member {
 public:
  Member() : thread_([this] { Run(); }) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;
  ~Member() {
    Do(nullptr);
    thread_.join();
  }

  // Null ends it.
  void Do(const std::function<void()>* work) {
    std::unique_lock<std::mutex> lock(mutex_);
    work_ = work;
    asked_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !asked_; });
  }

 private:
  void Run() {
    std::unique_lock<std::mutex> lock(mutex_);
    for (bool more = true; more;) {
      changed_.wait(lock, [this] { return asked_; });
      more = work_ != nullptr;
      if (more) (*work_)();
      asked_ = false;
      changed_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void()>* work_ = nullptr;
  bool asked_ = false;
  std::thread thread_;
};

Crew::Crew() {
  // Each takes its number now, in this order.
  const auto breaker = fusebox::CircuitBreaker::Create("numbers").value();
  const std::function<void()> call = [&] { breaker->TryAcquire().permit().RecordSuccess(); };
  call();
  for (std::size_t i = 0; i < kMembers; ++i) {
    members_.push_back(std::make_unique<Member>());
    members_.back()->Do(&call);
  }
}

Crew::~Crew() = default;

void Crew::Do(int number, const std::function<void()>& work) {
  if (number == 0) {
    work();
  } else {
    members_[kActing[number - 1]]->Do(&work);
  }
}

}  // namespace fusebox_testing
