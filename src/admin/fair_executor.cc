// SPDX-License-Identifier: Apache-2.0
#include "src/admin/fair_executor.h"

#include <utility>

#include "src/base/dcheck.h"

namespace fusebox::internal {
namespace {

// With requests of at most 64 KiB, what waits of strangers' takes no more than 32 MiB.
constexpr std::size_t kMaxOfACaller = 128;
constexpr std::size_t kMaxOfStrangers = 512;

}  // namespace

FairExecutor::FairExecutor()
    : fork_hooks_([this] { return Stop(); }, [this](bool in_child) { Start(in_child); }) {}

FairExecutor::~FairExecutor() {
  std::thread thread;
  {
    MutexLock lock(mutex_);
    stopped_ = true;
    thread = std::move(thread_);
  }
  changed_.NotifyAll();
  if (thread.joinable()) thread.join();
}

bool FairExecutor::Submit(const Caller& caller, Slice slice, Dropped dropped) {
  std::optional<Request> victim;  // goes after the lock
  {
    MutexLock lock(mutex_);
    Class& its_class = classes_[caller.authorised ? 0 : 1];
    const auto found = its_class.queues.find(caller.key);
    const std::size_t has = found == its_class.queues.end() ? 0 : found->second.requests.size();
    if (has >= kMaxOfACaller) return false;
    if (!caller.authorised && its_class.requests >= kMaxOfStrangers) {
      victim = TakeOfWhoHasMost(its_class, has);
      if (!victim) return false;
    }
    Queue& queue = its_class.queues[caller.key];
    queue.requests.push_back({std::move(slice), std::move(dropped)});
    Recount(its_class, caller.key, has, has + 1);
    List(its_class, caller.key, queue);
    StartLocked();
  }
  changed_.NotifyOne();
  if (victim) victim->dropped();
  return true;
}

void FairExecutor::Post(const Caller& caller, Slice slice) {
  {
    MutexLock lock(mutex_);
    Class& its_class = classes_[caller.authorised ? 0 : 1];
    Queue& queue = its_class.queues[caller.key];
    queue.posted.push_back(std::move(slice));
    List(its_class, caller.key, queue);
    StartLocked();
  }
  changed_.NotifyOne();
}

void FairExecutor::Recount(Class& its_class, const std::string& key, std::size_t before,
                           std::size_t now) {
  FUSEBOX_DCHECK(its_class.requests >= before);
  if (before > 0) its_class.by_requests.erase({before, key});
  if (now > 0) its_class.by_requests.emplace(now, key);
  its_class.requests = its_class.requests - before + now;
}

std::optional<FairExecutor::Request> FairExecutor::TakeOfWhoHasMost(Class& its_class,
                                                                    std::size_t has) {
  if (its_class.by_requests.empty()) return std::nullopt;
  const auto [most, whose] = *its_class.by_requests.rbegin();
  if (most <= has + 1) return std::nullopt;
  std::deque<Request>& requests = its_class.queues[whose].requests;  // at least one of them stays
  Request taken = std::move(requests.back());
  requests.pop_back();
  Recount(its_class, whose, most, most - 1);
  return taken;
}

void FairExecutor::List(Class& its_class, const std::string& key, Queue& queue) {
  if (!std::exchange(queue.listed, true)) its_class.ring.push_back(key);
}

void FairExecutor::StartLocked() {
  if (suspended_ || stopped_ || thread_.joinable()) return;
  if (classes_[0].ring.empty() && classes_[1].ring.empty()) return;
  thread_ = std::thread([this] { Loop(); });
}

std::thread FairExecutor::Stop() {
  MutexLock lock(mutex_);
  suspended_ = true;
  changed_.NotifyAll();
  return std::exchange(thread_, {});
}

void FairExecutor::Start(bool in_child) {
  std::array<Class, 2> forgotten;  // goes after the lock
  MutexLock lock(mutex_);
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
  MutexLock lock(mutex_);
  while (!stopped_ && !suspended_) {
    if (Class* const its_class = NextClass()) {
      RunNextOf(*its_class);
    } else {
      changed_.Wait(mutex_);
    }
  }
}

void FairExecutor::RunNextOf(Class& its_class) {
  const std::string key = std::move(its_class.ring.front());
  its_class.ring.pop_front();
  Queue& queue = its_class.queues[key];  // stays where it is while it is listed
  const bool posted = !queue.posted.empty() && (queue.posted_is_next || queue.requests.empty());
  queue.posted_is_next = !posted;
  Request work;
  if (posted) {
    work.slice = std::move(queue.posted.front());
    queue.posted.pop_front();
  } else {
    work = std::move(queue.requests.front());
    queue.requests.pop_front();
    Recount(its_class, key, queue.requests.size() + 1, queue.requests.size());
  }
  bool more = false;
  {
    MutexUnlock unlock(mutex_);
    more = work.slice();
    if (!more) work = {};  // what it holds may be the last of a call's: not under the lock
  }
  if (more && posted) {
    queue.posted.push_back(std::move(work.slice));
  } else if (more) {
    queue.requests.push_back(std::move(work));
    Recount(its_class, key, queue.requests.size() - 1, queue.requests.size());
  }
  if (queue.requests.empty() && queue.posted.empty()) {
    its_class.queues.erase(key);
  } else {
    its_class.ring.push_back(key);
  }
}

}  // namespace fusebox::internal
