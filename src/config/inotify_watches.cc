// SPDX-License-Identifier: Apache-2.0
#include "src/config/inotify_watches.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace fusebox::internal {
namespace {

// As often as the way may change while it is being watched.
constexpr int kMaxTries = 8;

constexpr uint32_t kReplaced =
    IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF;
constexpr uint32_t kWritten = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB;

uint32_t MaskOf(WatchedName::What what) {
  const uint32_t mask = IN_ONLYDIR | IN_MASK_ADD | kReplaced;
  return what == WatchedName::What::kEnd ? mask | kWritten : mask;
}

}  // namespace

bool InotifyWatches::Follow(const std::string& path) {
  if (!fd_) fd_ = OwnFd(open_ == nullptr ? inotify_init1(IN_NONBLOCK | IN_CLOEXEC) : open_());
  if (!fd_) return false;
  // What is replaced before it is watched isn't noticed.
  std::vector<WatchedName> names = NamesOnTheWay(path);
  for (int i = 0; i < kMaxTries; ++i) {
    const bool watched = Watch(names);
    std::vector<WatchedName> now = NamesOnTheWay(path);
    const bool same = now == names;
    if (watched && same) return true;
    if (!watched && same) break;
    names = std::move(now);
  }
  fd_ = OwnFd();
  watches_.clear();
  return false;
}

bool InotifyWatches::Watch(const std::vector<WatchedName>& names) {
  std::map<int, std::set<std::string>> watches;
  bool all = true;
  for (const WatchedName& name : names) {
    const int watch = inotify_add_watch(fd_.get(), name.folder.c_str(), MaskOf(name.what));
    if (watch >= 0) {
      watches[watch].insert(name.name);
    } else if (name.what != WatchedName::What::kFolder || errno != EACCES) {
      // To go through a folder it need not be readable; to watch it, it must be.
      all = false;
    }
  }
  for (const auto& [watch, former] : watches_) {
    if (watches.count(watch) == 0) inotify_rm_watch(fd_.get(), watch);
  }
  watches_ = std::move(watches);
  return all;
}

bool InotifyWatches::TakeNotices() {
  if (!fd_) return false;
  bool concerns = false;
  alignas(inotify_event) std::array<char, 16'384> buffer{};
  for (;;) {
    const ssize_t size = read(fd_.get(), buffer.data(), buffer.size());
    if (size <= 0) return concerns;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event{};
      std::memcpy(&event, &buffer[at], sizeof(event));
      const char* const name = event.len == 0 ? "" : &buffer[at + sizeof(event)];
      concerns = concerns || Concerns(event.wd, event.mask, name);
      at += sizeof(event) + event.len;
    }
  }
}

bool InotifyWatches::Concerns(int watch, uint32_t mask, const char* name) const {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  const auto found = watches_.find(watch);
  if (found == watches_.end()) return false;
  return *name == '\0' || found->second.count(name) > 0;  // the folder itself, or the name
}

}  // namespace fusebox::internal
