// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_FILE_H_
#define FUSEBOX_SRC_CONFIG_FILE_H_

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/config/config.h"

namespace fusebox::internal {

// By the end of the name; none for another one.
std::optional<ConfigFormat> FormatOf(absl::string_view path);

// INVALID_ARGUMENT, which names the file, for a name with another end.
absl::StatusOr<ConfigFormat> RequireFormatOf(absl::string_view path);

// What a regular file has in it. Waits for nobody: not for a writer of a pipe, nor for a device.
// INVALID_ARGUMENT if it is no such file, or has more than `most` bytes; else the code of what the
// system said. Each names the file.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path, std::size_t most);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_FILE_H_
