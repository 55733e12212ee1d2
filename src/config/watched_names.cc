// SPDX-License-Identifier: Apache-2.0
#include "src/config/watched_names.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"

namespace fusebox::internal {
namespace {

constexpr int kMaxLinks = 40;  // Linux's own bound

// Puts the parts of a path before those that are still to come, which are kept last first.
void PushParts(absl::string_view path, std::vector<std::string>& parts) {
  std::vector<std::string> own = absl::StrSplit(path, '/', absl::SkipEmpty());
  for (auto part = own.rbegin(); part != own.rend(); ++part) parts.push_back(std::move(*part));
}

std::optional<std::string> TargetOf(const std::string& link) {
  std::array<char, PATH_MAX> target;
  const ssize_t size = readlink(link.c_str(), target.data(), target.size());
  if (size <= 0) return std::nullopt;
  return std::string(target.data(), static_cast<std::size_t>(size));
}

int64_t Nanos(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + int64_t{time.tv_nsec};
}

}  // namespace

std::vector<WatchedName> NamesOnTheWay(const std::string& path) {
  using What = WatchedName::What;
  std::vector<WatchedName> names;
  std::vector<std::string> parts;
  PushParts(path, parts);
  std::string folder = "/";
  int links = 0;
  while (!parts.empty()) {
    const std::string name = std::move(parts.back());
    parts.pop_back();
    if (name == ".") continue;
    std::string entry = absl::StrCat(folder == "/" ? "" : folder, "/", name);
    struct stat status {};
    const bool there = lstat(entry.c_str(), &status) == 0;
    if (there && S_ISLNK(status.st_mode)) {
      names.push_back({folder, name, What::kLink});
      const std::optional<std::string> target = TargetOf(entry);
      if (!target || ++links > kMaxLinks) break;
      if (target->front() == '/') folder = "/";
      PushParts(*target, parts);
      continue;
    }
    const bool goes_on = there && S_ISDIR(status.st_mode) && !parts.empty();
    if (name != "..") names.push_back({folder, name, goes_on ? What::kFolder : What::kEnd});
    if (!goes_on) break;
    folder = std::move(entry);
  }
  return names;
}

FileState StateOf(const std::string& path) {
  FileState state;
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    state.error = errno;
    return state;
  }
  state.device = status.st_dev;
  state.inode = status.st_ino;
  state.mode = status.st_mode;
  state.size = status.st_size;
  state.written = Nanos(status.st_mtim);
  state.changed = Nanos(status.st_ctim);
  return state;
}

}  // namespace fusebox::internal
