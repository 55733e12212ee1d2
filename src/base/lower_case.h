// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_BASE_LOWER_CASE_H_
#define FUSEBOX_SRC_BASE_LOWER_CASE_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// A literal in lower case, made while the program is compiled.
template <std::size_t size>
class LowerCase {
 public:
  explicit constexpr LowerCase(const char (&literal)[size]) {
    for (std::size_t i = 0; i < size; ++i) {
      const bool upper = literal[i] >= 'A' && literal[i] <= 'Z';
      text_[i] = upper ? static_cast<char>(literal[i] - 'A' + 'a') : literal[i];
    }
  }

  constexpr const char* c_str() const { return text_; }
  constexpr absl::string_view text() const { return {text_, size - 1}; }

  // Made while the program is compiled, as a comparison of its `text` with another may not be.
  constexpr bool Equals(const char* other) const {
    std::size_t i = 0;
    while (text_[i] != '\0' && text_[i] == other[i]) ++i;
    return text_[i] == other[i];
  }

 private:
  char text_[size] = {};
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_LOWER_CASE_H_
