// SPDX-License-Identifier: Apache-2.0
#include "src/config/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/base/own_fd.h"
#include "src/base/printable.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kPiece = std::size_t{64} << 10;

// To be called at once, before anything changes errno.
absl::Status SystemError(const std::string& path) {
  return absl::ErrnoToStatus(errno, Printable(path));
}

absl::Status Refused(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(Printable(path), ": ", why));
}

}  // namespace

std::optional<ConfigFormat> FormatOf(absl::string_view path) {
  if (absl::EndsWith(path, ".yaml") || absl::EndsWith(path, ".yml")) return ConfigFormat::kYaml;
  if (absl::EndsWith(path, ".json")) return ConfigFormat::kJson;
  if (absl::EndsWith(path, ".textproto")) return ConfigFormat::kText;
  return std::nullopt;
}

absl::StatusOr<ConfigFormat> RequireFormatOf(absl::string_view path) {
  if (const std::optional<ConfigFormat> format = FormatOf(path)) return *format;
  return Refused(std::string(path),
                 "its name must end with .yaml, .yml, .json or .textproto, which says its format");
}

absl::StatusOr<std::string> ReadRegularFile(const std::string& path, std::size_t most) {
  if (path.find('\0') != std::string::npos) return Refused(path, "no path has a byte of 0");
  const OwnFd file(open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file) return SystemError(path);
  struct stat about = {};
  if (fstat(file.get(), &about) != 0) return SystemError(path);
  if (!S_ISREG(about.st_mode)) return Refused(path, "is not a regular file");
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + kPiece);
    const ssize_t got = read(file.get(), &text[before], kPiece);
    if (got < 0 && errno != EINTR) return SystemError(path);
    text.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (text.size() > most) return Refused(path, absl::StrCat("has more than ", most, " bytes"));
    if (got == 0) return text;
  }
}

}  // namespace fusebox::internal
