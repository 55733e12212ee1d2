// SPDX-License-Identifier: Apache-2.0
//
// JSON as RFC 8259 has it, and nothing besides: what is read as another thing by other programs,
// such as a comma before a closing bracket, is refused.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/base/printable.h"
#include "src/config/bad_byte.h"
#include "src/config/node_builder.h"
#include "src/config/readers.h"
#include "src/config/yaml_source.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kMaxShownBytes = 60;
constexpr absl::string_view kWhite = " \t\r\n";

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

// Takes the digits off; false if there are none.
bool ConsumeDigits(absl::string_view& text) {
  const std::size_t before = text.size();
  while (!text.empty() && IsDigit(text.front())) text.remove_prefix(1);
  return text.size() < before;
}

bool IsNumber(absl::string_view text) {
  absl::ConsumePrefix(&text, "-");
  if (!absl::ConsumePrefix(&text, "0") && !ConsumeDigits(text)) return false;
  if (absl::ConsumePrefix(&text, ".") && !ConsumeDigits(text)) return false;
  if (absl::ConsumePrefix(&text, "e") || absl::ConsumePrefix(&text, "E")) {
    if (!absl::ConsumePrefix(&text, "-")) absl::ConsumePrefix(&text, "+");
    if (!ConsumeDigits(text)) return false;
  }
  return text.empty();
}

void AppendUtf8(uint32_t character, std::string& to) {
  const auto append = [&to](uint32_t byte) { to += static_cast<char>(byte); };
  const auto append_rest = [&](int bits) {
    for (; bits > 0; bits -= 6) {
      append(0x80U | (character >> static_cast<uint32_t>(bits - 6) & 0x3FU));
    }
  };
  if (character < 0x80) return append(character);
  const int rest = character < 0x800 ? 6 : character < 0x10000 ? 12 : 18;
  const uint32_t lead = rest == 6 ? 0xC0 : rest == 12 ? 0xE0 : 0xF0;
  append(lead | character >> static_cast<uint32_t>(rest));
  append_rest(rest);
}

// Goes through the text once, and stops at what is no JSON.
class JsonParser {
 public:
  JsonParser(absl::string_view text, NodeBuilder& builder) : text_(text), builder_(builder) {}

  void Parse() {
    SkipWhite();
    Value();
    SkipWhite();
    if (!IsEnd()) Stop("no JSON: something comes behind the end");
  }

 private:
  // A bracket that is to be closed.
  struct Open {
    char bracket = '{';
    int line = 0;
  };

  bool stopped() const { return builder_.stopped(); }
  bool IsEnd() const { return at_ >= text_.size(); }
  char Next() const { return IsEnd() ? '\0' : text_[at_]; }

  void Stop(absl::string_view why) { builder_.Stop(line_, why); }

  // Where there is something to come.
  void StopAtEnd() {
    builder_.Stop(
        YamlSource(text_).LastLine(),
        absl::StrCat("the JSON ends too early: the ", absl::string_view(&open_.back().bracket, 1),
                     " of line ", open_.back().line, " is not closed"));
  }

  // Past what is between values.
  void SkipWhite() {
    for (; !IsEnd() && absl::StrContains(kWhite, text_[at_]); ++at_) {
      if (text_[at_] == '\n') ++line_;
    }
  }

  bool Consume(char c) {
    if (IsEnd() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // No deeper than the builder goes.
  void Value() {
    const int line = line_;
    switch (Next()) {
      case '{':
        return Map();
      case '[':
        return List();
      case '"':
        if (std::optional<std::string> text = String()) {
          builder_.Scalar(line, *std::move(text), true);
        }
        return;
      default:
        return Literal();
    }
  }

  void Map() {
    Begin('{');
    builder_.BeginMap(line_, false);
    const auto entry = [this] {
      if (Next() != '"') return Stop("no JSON: a key must be text in double quotes");
      const int line = line_;
      std::optional<std::string> key = String();
      if (!key) return;
      builder_.Scalar(line, *std::move(key), true);
      SkipWhite();
      if (IsEnd()) return StopAtEnd();
      if (!Consume(':')) return Stop("no JSON: a key must be followed by a colon");
      SkipWhite();
      if (IsEnd()) return StopAtEnd();
      Value();
    };
    Items('}', entry);
  }

  void List() {
    Begin('[');
    builder_.BeginList(line_);
    Items(']', [this] { Value(); });
  }

  void Begin(char bracket) {
    open_.push_back({bracket, line_});
    ++at_;
  }

  // Those up to the closing bracket.
  template <typename Item>
  void Items(char close, const Item& item) {
    SkipWhite();
    bool more = Next() != close;
    while (more && !stopped()) {
      if (IsEnd()) return StopAtEnd();
      item();
      SkipWhite();
      more = Consume(',');
      if (more) SkipWhite();
      if (more && Next() == close) return Stop("no JSON: a comma before the closing bracket");
    }
    if (stopped()) return;
    if (IsEnd()) return StopAtEnd();
    if (!Consume(close)) {
      return Stop(
          absl::StrCat("no JSON: a comma or a ", absl::string_view(&close, 1), " must come here"));
    }
    open_.pop_back();
    builder_.End();
  }

  // A number, true, false or null.
  void Literal() {
    const std::size_t begin = at_;
    while (!IsEnd() && !absl::StrContains(" \t\r\n,:{}[]\"", text_[at_])) ++at_;
    const absl::string_view text = text_.substr(begin, at_ - begin);
    if (text == "null") return builder_.Null(line_);
    if (text == "true" || text == "false" || IsNumber(text)) {
      return builder_.Scalar(line_, std::string(text), false);
    }
    if (text.empty()) return Stop("no JSON: a value must come here");
    if (text.front() == '#' || text.front() == '/') return Stop("no JSON: a comment");
    if (text.front() == '\'') return Stop("no JSON: text must be in double quotes");
    Stop(absl::StrCat("no JSON: ", Printable(text, kMaxShownBytes),
                      ", must be a number, true, false, null or text in double quotes"));
  }

  // What is in the quotes; none, and told, if it is no string.
  std::optional<std::string> String() {
    ++at_;
    std::string text;
    while (!IsEnd() && Next() != '\n') {
      const char c = text_[at_++];
      if (c == '"') return text;
      if (static_cast<unsigned char>(c) < 0x20) {
        Stop("no JSON: a control character in text, must be written as \\t or \\u0009");
        return std::nullopt;
      }
      if (c != '\\') {
        text += c;
      } else if (!Escape(text)) {
        return std::nullopt;
      }
    }
    Stop("a quote that is not closed");
    return std::nullopt;
  }

  // What is behind a backslash.
  bool Escape(std::string& to) {
    constexpr absl::string_view kEscapes = "\"\\/bfnrt";
    constexpr absl::string_view kStandFor = "\"\\/\b\f\n\r\t";
    if (Consume('u')) return UnicodeEscape(to);
    const std::size_t which = IsEnd() ? absl::string_view::npos : kEscapes.find(Next());
    if (which == absl::string_view::npos) {
      Stop("no JSON: a backslash in text, must be followed by one of \" \\ / b f n r t u");
      return false;
    }
    to += kStandFor[which];
    ++at_;
    return true;
  }

  // A character beyond U+FFFF is written as two of them.
  bool UnicodeEscape(std::string& to) {
    const std::optional<uint32_t> first = HexDigits();
    if (!first) return false;
    if (*first < 0xD800 || *first > 0xDFFF) {
      AppendUtf8(*first, to);
      return true;
    }
    if (*first <= 0xDBFF && absl::StartsWith(text_.substr(at_), "\\u")) {
      at_ += 2;
      const std::optional<uint32_t> second = HexDigits();
      if (!second) return false;
      if (*second >= 0xDC00 && *second <= 0xDFFF) {
        AppendUtf8(0x10000 + ((*first - 0xD800) << 10U) + (*second - 0xDC00), to);
        return true;
      }
    }
    Stop("no JSON: a \\u escape that is half of a character");
    return false;
  }

  // The four behind \u.
  std::optional<uint32_t> HexDigits() {
    uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = absl::ascii_tolower(static_cast<unsigned char>(Next()));
      if (!absl::ascii_isxdigit(static_cast<unsigned char>(c))) {
        Stop("no JSON: \\u in text, must be followed by 4 hexadecimal digits");
        return std::nullopt;
      }
      value = value * 16 + static_cast<uint32_t>(IsDigit(c) ? c - '0' : c - 'a' + 10);
      ++at_;
    }
    return value;
  }

  const absl::string_view text_;
  NodeBuilder& builder_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::vector<Open> open_;
};

}  // namespace

ConfigNodePtr ReadJson(absl::string_view text, Problems& problems) {
  if (const std::optional<BadByte> bad = FindBadByte(text)) {
    problems.Add(bad->line, "", bad->what);
    return nullptr;
  }
  absl::ConsumePrefix(&text, kByteOrderMark);
  if (text.find_first_not_of(kWhite) == absl::string_view::npos) {
    problems.Add(0, "", "is empty");
    return nullptr;
  }
  NodeBuilder builder(problems);
  JsonParser(text, builder).Parse();
  if (builder.stopped()) return nullptr;
  if (builder.root()->kind != ConfigNode::Kind::kNull) return builder.root();
  problems.Add(0, "", "is empty");
  return nullptr;
}

}  // namespace fusebox::internal
