// SPDX-License-Identifier: Apache-2.0
#include "src/config/file_watcher.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/clock.h"
#include "src/base/user_code.h"
#include "src/config/inotify_watches.h"
#include "src/config/stop_signal.h"
#include "src/config/watched_names.h"

namespace fusebox::internal {
namespace {

// The thread doesn't run more often than that, however much happens in the folders.
constexpr absl::Duration kPause = absl::Milliseconds(10);

// Of two changes that come sooner one after the other than this, a file system's times may not tell
// the second from the first.
constexpr absl::Duration kTick = absl::Milliseconds(50);

std::string Absolute(const std::string& path) {
  if (!path.empty() && path.front() == '/') return path;
  std::array<char, PATH_MAX> folder;
  if (getcwd(folder.data(), folder.size()) == nullptr) return path;
  return absl::StrCat(folder.data(), "/", path);
}

}  // namespace

// What the thread does. Made before it, so that nothing is missed until it runs.
class FileWatcher::Loop {
 public:
  explicit Loop(FileWatcher& watcher)
      : path_(watcher.path_),
        options_(watcher.options_),
        changed_(watcher.changed_),
        polls_(watcher.polls_),
        watches_(watcher.options_.open_inotify) {
    Rewatch();
  }

  // On the thread.
  void Run(bool look_first) {
    if (look_first) changed_();
    while (!stop_.IsSet()) {
      WaitForChange();
      WaitUntilStill();
      if (!stop_.IsSet()) changed_();
    }
  }

  void Stop() const { stop_.Set(); }

 private:
  SteadyTime Now() const { return Clock::Real().Now(); }  // the machine's time, whoever asks

  void Rewatch() {
    polls_.store(options_.always_poll || !watches_.Follow(path_), std::memory_order_relaxed);
    state_ = StateOf(path_);
    const absl::Time changed = absl::FromUnixNanos(state_.changed);
    fresh_ = absl::AbsDuration(Clock::Real().WallNow() - changed) < kTick;
    rewatched_ = Now();
  }

  bool polls() const { return polls_.load(std::memory_order_relaxed); }

  // Whether it may have, as the kernel says or as it looks.
  bool HasChanged() {
    bool changed = watches_.TakeNotices();
    if (!changed && (polls() || Now() - rewatched_ >= options_.look_interval)) {
      changed = StateOf(path_) != state_ || (polls() && fresh_);
      // The kernel may tell of changes again meanwhile, or another way leads to the file.
      if (!changed && Now() - rewatched_ >= options_.look_interval) Rewatch();
    }
    if (changed) Rewatch();
    return changed;
  }

  void WaitForChange() {
    while (!stop_.IsSet()) {
      stop_.WaitFor(polls() ? options_.poll_interval : options_.look_interval, watches_.fd());
      if (stop_.IsSet() || HasChanged()) return;
      stop_.WaitFor(kPause);
    }
  }

  void WaitUntilStill() {
    const SteadyTime first = Now();
    SteadyTime last = first;
    while (!stop_.IsSet()) {
      const SteadyTime now = Now();
      const absl::Duration left = std::min(last + options_.still_for - now,  //
                                           first + options_.longest_wait - now);
      if (left <= absl::ZeroDuration()) return;
      stop_.WaitFor(std::min(left, kPause));
      if (HasChanged()) last = Now();
    }
  }

  const std::string& path_;
  const FileWatcherOptions& options_;
  const std::function<void()>& changed_;
  std::atomic<bool>& polls_;
  const StopSignal stop_;
  InotifyWatches watches_;
  FileState state_;
  bool fresh_ = false;  // had only just changed when it was looked at: it may have changed since
  SteadyTime rewatched_;
};

FileWatcher::FileWatcher(const std::string& path, FileWatcherOptions options,
                         std::function<void()> changed)
    : path_(Absolute(path)),
      options_(options),
      changed_(std::move(changed)),
      loop_(std::make_shared<Loop>(*this)),
      fork_hooks_([this] { return Stop(); }, [this](bool /*in_child*/) { Resume(); }) {}

FileWatcher::~FileWatcher() {
  std::thread thread = Stop();
  if (thread.joinable()) thread.join();
}

bool FileWatcher::Start() {
  MutexLock lock(mutex_);
  started_ = true;
  return Run(/*look_first=*/false);
}

bool FileWatcher::Run(bool look_first) {
  RunUserCode(
      [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
        thread_ = std::thread([loop = loop_, look_first] { loop->Run(look_first); });
      },
      [](const std::string&) {});
  return thread_.joinable();
}

std::thread FileWatcher::Stop() {
  MutexLock lock(mutex_);
  loop_->Stop();
  return std::exchange(thread_, {});
}

// A forked child shares descriptors with its parent, so each of them goes on with new ones.
void FileWatcher::Resume() {
  MutexLock lock(mutex_);
  loop_ = std::make_shared<Loop>(*this);
  if (started_) Run(/*look_first=*/true);
}

}  // namespace fusebox::internal
