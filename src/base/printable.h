// SPDX-License-Identifier: Apache-2.0
//
// The one rule for what text may be stored and shown: names, reasons, who did it, what a dependency
// said, labels of metrics, what fuseboxctl prints. It must be UTF-8, of characters that can be seen
// (or are spaces) and leave their neighbours alone; the others are listed in unprintable_ranges.h.
//
// A leaf that every component may include. It is compiled into the core, and a second time into
// fuseboxctl, which links no library of this project.
#ifndef FUSEBOX_SRC_BASE_PRINTABLE_H_
#define FUSEBOX_SRC_BASE_PRINTABLE_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// One character, by its number.
bool IsPrintable(uint32_t character);

// A whole text. Quick for ASCII.
bool IsPrintable(absl::string_view text);

// What the first thing is that makes a text unprintable: "U+202E", or "the byte 0xFF, which is not
// UTF-8". Empty if it is printable.
std::string FirstUnprintable(absl::string_view text);

// The text with "\x1b", "\u202e", "\U000e0041" for each character that is not printable, and "\xff"
// for each byte that is not UTF-8; cut, between characters, so that it has at most `limit`
// bytes.
std::string Printable(absl::string_view text,
                      std::size_t limit = std::numeric_limits<std::size_t>::max());

// The same, into a string that is empty or was written by this, whose memory is used again.
void SetPrintable(absl::string_view text, std::size_t limit, std::string& to);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_PRINTABLE_H_
