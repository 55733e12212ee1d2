// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_BASE_GLOB_H_
#define FUSEBOX_SRC_BASE_GLOB_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// A text that is held against globs, in which `*` stands for any characters and `?` for one
// character (of UTF-8). Whatever is in the glob, each byte of it takes the same few steps for every
// 64 bytes of the text, and no more: nothing is tried twice.
//
// Not thread-safe.
class GlobText {
 public:
  explicit GlobText(absl::string_view text);

  // Whether the whole of it fits the glob.
  bool Fits(absl::string_view glob);

 private:
  // A set of places in the text: one before each byte, and one at its end. 64 of them in a word.
  using Places = std::vector<uint64_t>;

  void TakeByte(std::size_t row);  // of those that stand before such a byte, each is past it
  void TakeCharacter();            // each is past one character
  bool TakeAnything();             // each may be anywhere further on; false if there is none

  const std::size_t size_;
  const std::size_t words_;
  std::array<uint16_t, 256> row_of_{};  // of each byte, its row; 0 if it isn't in the text
  Places rows_;        // for each byte in the text the places before it; row 0 has none
  Places characters_;  // the places before a character
  Places inside_;      // the places inside one
  Places reached_;
};

// The shortest glob that fits the same texts: of the stars between two other characters one, after
// the question marks.
std::string ShortestGlob(absl::string_view glob);

// What a glob weighs: one that stands for itself takes half as long as a star or a question mark.
int64_t WeightOfGlob(absl::string_view glob);

// What it takes to match a text of that many bytes against globs of that total weight, in
// steps of about a nanosecond: whatever is in them, and making the text ready included.
int64_t StepsForGlobs(int64_t weight, std::size_t text_bytes);

// The same, for one text and one glob.
bool GlobMatches(absl::string_view glob, absl::string_view text);

// Whether it stands for itself alone.
bool IsPlainName(absl::string_view glob);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_GLOB_H_
