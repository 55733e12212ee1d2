// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_INOTIFY_WATCHES_H_
#define FUSEBOX_SRC_CONFIG_INOTIFY_WATCHES_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/base/own_fd.h"
#include "src/config/watched_names.h"

namespace fusebox::internal {

// The kernel's notices of what happens to what a path leads to. Not thread-safe.
class InotifyWatches {
 public:
  // `open` as FileWatcherOptions::open_inotify.
  explicit InotifyWatches(int (*open)()) : open_(open) {}

  // Watches what the path leads to now. False if the kernel doesn't: the process or its user has
  // as many watches as it may have, or there is nothing of the kind.
  bool Follow(const std::string& path);

  // Whether something has happened to it, or some notices were lost. What happens to other names in
  // the same folders is passed over.
  bool TakeNotices();

  // Can be read when there are notices; negative if nothing is watched.
  int fd() const { return fd_.get(); }

 private:
  bool Watch(const std::vector<WatchedName>& names);
  bool Concerns(int watch, uint32_t mask, const char* name) const;

  int (*const open_)();
  OwnFd fd_;
  std::map<int, std::set<std::string>> watches_;  // names by the watch of their folder
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_INOTIFY_WATCHES_H_
