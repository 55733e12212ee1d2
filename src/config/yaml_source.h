// SPDX-License-Identifier: Apache-2.0
//
// What yaml-cpp passes over in a file that is cut off, found in its text.
#ifndef FUSEBOX_SRC_CONFIG_YAML_SOURCE_H_
#define FUSEBOX_SRC_CONFIG_YAML_SOURCE_H_

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// A text, and places in it by their number of bytes.
class YamlSource {
 public:
  explicit YamlSource(absl::string_view text) : text_(text) {}

  // From 1.
  int LineOf(std::size_t at) const {
    const absl::string_view before = text_.substr(0, std::min(at, text_.size()));
    return 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  }

  // Of the last byte that isn't white.
  int LastLine() const {
    const std::size_t last = text_.find_last_not_of(" \t\r\n");
    return last == absl::string_view::npos ? 1 : LineOf(last);
  }

  // Where the value's own text begins that may have a tag and an anchor before it: one of each, so
  // that of a text of many no part is read again and again.
  std::size_t PastProperties(std::size_t at) const {
    at = PastWhite(at);
    for (int i = 0; i < 2 && at < text_.size() && (text_[at] == '&' || text_[at] == '!'); ++i) {
      at = PastWhite(PastProperty(at));
    }
    return at;
  }

  bool IsQuote(std::size_t at) const {
    return at < text_.size() && (text_[at] == '"' || text_[at] == '\'');
  }

  // Past the closing quote of the one that is there; none if there is no such.
  std::optional<std::size_t> PastQuoted(std::size_t at) const {
    const char quote = text_[at];
    for (++at; at < text_.size(); ++at) {
      if (quote == '"' && text_[at] == '\\') {
        ++at;
      } else if (text_[at] == quote) {
        if (quote == '"' || at + 1 >= text_.size() || text_[at + 1] != quote) return at + 1;
        ++at;
      }
    }
    return std::nullopt;
  }

  // Whether there is a colon in a part of the text, outside of comments.
  bool HasColon(std::size_t from, std::size_t to) const {
    while ((from = PastWhite(from)) < std::min(to, text_.size())) {
      if (text_[from] == ':') return true;
      ++from;
    }
    return false;
  }

  bool StartsAt(std::size_t at, absl::string_view what) const {
    return at <= text_.size() && text_.substr(at, what.size()) == what;
  }

  // Whether nothing but comments is left.
  bool IsEnd(std::size_t at) const { return PastWhite(at) >= text_.size(); }

  // Whether from there to the end of the line there is no colon, nor an item of a list.
  bool IsLineOfKeyAlone(std::size_t at) const {
    return at < text_.size() && !StartsAt(at, "-") && !HasColon(at, text_.find('\n', at));
  }

  // The first of those lines that has a tab before its text; 0 if none has.
  int LineOfTab(int first, int last) const {
    int line = 1;
    std::size_t at = 0;
    while (line <= last && at < text_.size()) {
      const std::size_t end = std::min(text_.find('\n', at), text_.size());
      const absl::string_view one = text_.substr(at, end - at);
      const std::size_t begin = one.find_first_not_of(" \t\r");
      if (line >= first && begin != absl::string_view::npos &&
          one.substr(0, begin).find('\t') != absl::string_view::npos) {
        return line;
      }
      at = end + 1;
      ++line;
    }
    return 0;
  }

 private:
  std::size_t PastProperty(std::size_t at) const {
    const bool is_verbatim = StartsAt(at, "!<");
    const std::size_t end = text_.find_first_of(is_verbatim ? " \t\r\n>" : " \t\r\n,[]{}", at);
    if (end == absl::string_view::npos) return text_.size();
    return end + (text_[end] == '>' ? 1 : 0);
  }

  // Past comments, too.
  std::size_t PastWhite(std::size_t at) const {
    for (; at < text_.size(); ++at) {
      const char c = text_[at];
      if (c == '#' && (at == 0 || IsWhite(text_[at - 1]))) {
        at = std::min(text_.find('\n', at), text_.size() - 1);
      } else if (!IsWhite(c)) {
        break;
      }
    }
    return at;
  }

  static bool IsWhite(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

  const absl::string_view text_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_YAML_SOURCE_H_
