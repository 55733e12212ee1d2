// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/environment.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace fuseboxctl {

std::string EnvironmentVariable(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): none is ever set
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  const auto failed = [&path] {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot read ", path, ": ", std::generic_category().message(errno)));
  };
  struct Closer {
    void operator()(std::FILE* opened) const {
      if (opened != stdin) std::fclose(opened);
    }
  };
  const std::unique_ptr<std::FILE, Closer> file(path == "-" ? stdin
                                                            : std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return failed();
  std::string content;
  std::array<char, 4096> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), file.get())) {
    content.append(part.data(), size);
  }
  if (std::ferror(file.get()) != 0) return failed();  // a directory opens, and can't be read
  return content;
}

}  // namespace fuseboxctl
