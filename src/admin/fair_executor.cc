// SPDX-License-Identifier: Apache-2.0
#include "src/admin/fair_executor.h"

#include <utility>

namespace fusebox {
namespace {

// With requests of 64 KiB at the most, what waits takes no more than some megabytes.
constexpr std::size_t kMaxOfACaller = 128;
constexpr std::size_t kMaxOfStrangers = 512;

}  // namespace

FairExecutor::FairExecutor()
    : fork_hooks_([this] { return Stop(); }, [this](bool in_child) { Start(in_child); }) {}

FairExecutor::~FairExecutor() {
  std::thread thread;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
    thread = std::move(thread_);
  }
  changed_.notify_all();
  if (thread.joinable()) thread.join();
}

bool FairExecutor::Submit(const Caller& caller, Slice slice) {
  return Add(caller, std::move(slice), true);
}

void FairExecutor::Post(const Caller& caller, Slice slice) { Add(caller, std::move(slice), false); }

bool FairExecutor::Add(const Caller& caller, Slice slice, bool bounded) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    Class& its_class = classes_[caller.authorised ? 0 : 1];
    if (bounded && !caller.authorised && its_class.waiting >= kMaxOfStrangers) return false;
    Queue& queue = its_class.queues[caller.key];
    if (bounded && queue.slices.size() >= kMaxOfACaller) return false;
    queue.slices.push_back(std::move(slice));
    its_class.waiting += 1;
    if (!std::exchange(queue.listed, true)) its_class.ring.push_back(caller.key);
    StartLocked();
  }
  changed_.notify_one();
  return true;
}

void FairExecutor::StartLocked() {
  if (suspended_ || stopped_ || thread_.joinable()) return;
  if (classes_[0].waiting + classes_[1].waiting == 0) return;
  thread_ = std::thread([this] { Loop(); });
}

std::thread FairExecutor::Stop() {
  const std::lock_guard<std::mutex> lock(mutex_);
  suspended_ = true;
  changed_.notify_all();
  return std::exchange(thread_, {});
}

void FairExecutor::Start(bool in_child) {
  std::array<Class, 2> forgotten;  // goes after the lock
  const std::lock_guard<std::mutex> lock(mutex_);
  if (in_child) std::swap(forgotten, classes_);
  suspended_ = false;
  StartLocked();
}

FairExecutor::Class* FairExecutor::NextClass() {
  for (std::size_t i = 0; i < classes_.size(); ++i) {
    Class& its_class = classes_[turn_];
    turn_ = (turn_ + 1) % classes_.size();
    if (!its_class.ring.empty()) return &its_class;
  }
  return nullptr;
}

void FairExecutor::Loop() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopped_ && !suspended_) {
    Class* const its_class = NextClass();
    if (its_class == nullptr) {
      changed_.wait(lock);
      continue;
    }
    const std::string key = std::move(its_class->ring.front());
    its_class->ring.pop_front();
    Queue& queue = its_class->queues[key];  // stays where it is while it is listed
    Slice slice = std::move(queue.slices.front());
    queue.slices.pop_front();
    its_class->waiting -= 1;
    lock.unlock();
    const bool more = slice();
    if (!more) slice = nullptr;  // what it holds may be the last of a call's: not under the lock
    lock.lock();
    if (more) {
      queue.slices.push_back(std::move(slice));
      its_class->waiting += 1;
    }
    if (queue.slices.empty()) {
      its_class->queues.erase(key);
    } else {
      its_class->ring.push_back(key);
    }
  }
}

}  // namespace fusebox
