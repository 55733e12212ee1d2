// SPDX-License-Identifier: Apache-2.0
//
// Texts as people read and write them.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_TEXT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace fuseboxctl {

// What a server sent, fit for a terminal: control characters, characters that turn the direction of
// writing or can't be seen, and bytes that are not UTF-8 are written as "\x1b", "\u202e" and
// "\xff". Nothing that a server says may move the cursor, hide a line or retitle a window. By the
// table by which the library itself goes.
std::string Printable(absl::string_view text);

// Whether it can be sent: a string of the protos is UTF-8.
bool IsUtf8(absl::string_view text);

// What a text begins with: a character, or a byte that is not UTF-8.
struct Character {
  std::size_t bytes = 0;
  std::size_t columns = 0;  // on a terminal: two of 漢, none of an accent that is set on a letter
};

// The text is not empty.
Character FirstCharacter(absl::string_view text);

// How many columns a Printable text takes.
std::size_t Columns(absl::string_view text);

// How many bytes of its beginning fit into that many columns.
std::size_t BytesWithin(absl::string_view text, std::size_t columns);

// Its first `columns` at most, the last of them "…" if something is missing.
std::string Shorten(absl::string_view text, std::size_t columns);

// "500ms", "30s", "1m30s", "2h", "7d". INVALID_ARGUMENT, which says what to write, for anything
// else, and for less than nothing.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// For settings, exact: "1m30s".
std::string DurationText(absl::Duration duration);

// For ages, the two greatest units: "3m12s", "2d4h", "0s". What lies ahead is "0s": clocks differ.
std::string AgeText(absl::Duration age);

// "1 circuit", "3 circuits".
std::string Count(int64_t count, absl::string_view noun);

// Whether it is a pattern and not a name: `*` stands for any characters, `?` for one.
bool IsGlob(absl::string_view text);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_TEXT_H_
