// SPDX-License-Identifier: Apache-2.0
//
// Where to look for changes of what a path leads to.
#ifndef FUSEBOX_SRC_CONFIG_WATCHED_NAMES_H_
#define FUSEBOX_SRC_CONFIG_WATCHED_NAMES_H_

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace fusebox::internal {

// A name in a folder. If something happens to it, the path may lead elsewhere, or to something
// else.
struct WatchedName {
  enum class What {
    kFolder,  // on the way
    kLink,    // on the way; its folder is one that links are replaced in
    kEnd,     // the file, or the first of the way that is missing
  };

  std::string folder;
  std::string name;
  What what = What::kEnd;

  friend bool operator==(const WatchedName& a, const WatchedName& b) {
    return a.folder == b.folder && a.name == b.name && a.what == b.what;
  }
};

// All of an absolute path's, from the root on. Follows symbolic links, as many as the kernel does.
std::vector<WatchedName> NamesOnTheWay(const std::string& path);

// What can be known of a file without opening it: two that are alike are the same file, and nothing
// has been written to it in between, as far as the file system's times can tell.
struct FileState {
  int error = 0;  // of stat; the rest is 0 then
  dev_t device = 0;
  ino_t inode = 0;
  mode_t mode = 0;
  off_t size = 0;
  int64_t written = 0;  // when, in ns
  int64_t changed = 0;

  friend bool operator==(const FileState& a, const FileState& b) {
    return a.error == b.error && a.device == b.device && a.inode == b.inode && a.mode == b.mode &&
           a.size == b.size && a.written == b.written && a.changed == b.changed;
  }
  friend bool operator!=(const FileState& a, const FileState& b) { return !(a == b); }
};

FileState StateOf(const std::string& path);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_WATCHED_NAMES_H_
