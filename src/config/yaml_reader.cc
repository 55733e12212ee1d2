// SPDX-License-Identifier: Apache-2.0
//
// By yaml-cpp's events, and not by its own tree, which takes keys twice, forgets where scalars of
// aliases are, and has no bound.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

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

constexpr std::size_t kMaxMessageBytes = 200;
constexpr char kNoColon[] = "a key must be followed by a colon";

int LineOf(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

// What no tag is written as, and those of the types that a scalar without one has.
bool IsPlainTag(absl::string_view tag) {
  if (tag.empty() || tag == "?" || tag == "!") return true;
  if (!absl::ConsumePrefix(&tag, "tag:yaml.org,2002:")) return false;
  constexpr std::array<absl::string_view, 7> kTypes = {"str",  "int", "float", "bool",
                                                       "null", "map", "seq"};
  return std::find(kTypes.begin(), kTypes.end(), tag) != kTypes.end();
}

class TreeMaker final : public YAML::EventHandler {
 public:
  TreeMaker(absl::string_view text, Problems& problems)
      : source_(text), problems_(problems), builder_(problems) {}

  const ConfigNodePtr& root() const { return builder_.root(); }
  bool stopped() const { return builder_.stopped(); }

  // What the parser says, or what is behind it.
  void Explain(const YAML::Exception& error) {
    if (builder_.stopped() || CheckQuote(error.mark)) return;
    const int line = LineOf(error.mark);
    const bool in_brackets = !begun_.empty() && begun_.back().style == YAML::EmitterStyle::Flow;
    const int tab = in_brackets ? 0 : source_.LineOfTab(last_line_, line);
    if (in_brackets && source_.IsEnd(AtOf(error.mark))) {
      EndsWithinBrackets();
    } else if (tab == 0 && error.msg == YAML::ErrorMsg::END_OF_MAP &&
               source_.IsLineOfKeyAlone(AtOf(error.mark))) {
      builder_.Stop(line, kNoColon);
    } else if (tab != 0) {
      builder_.Stop(tab, "a tab in the indentation; YAML is indented with spaces");
    } else {
      builder_.Stop(line, absl::StrCat(Printable(error.msg, kMaxMessageBytes),
                                       "; the mistake may be in the line before"));
    }
  }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.stopped()) return;  // what follows looks back through the text
    CheckColon(mark);
    Begin(mark, nullptr);
    builder_.Null(LineOf(mark));
    Keep(anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.stopped()) return;
    Begin(mark, nullptr);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      builder_.Stop(LineOf(mark), "an alias within what it stands for");
    } else {
      builder_.Again(LineOf(mark), found->second);
    }
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (CheckQuote(mark)) return;
    Begin(mark, &value);
    CheckTag(mark, tag);
    const bool quoted = tag == "!" || absl::EndsWith(tag, ":str");
    builder_.Scalar(LineOf(mark), value, quoted);
    Keep(anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    CheckTag(mark, tag);
    Begin(mark, nullptr);
    builder_.BeginList(LineOf(mark));
    begun_.push_back(Begun{anchor, style, false});
  }
  void OnSequenceEnd() override { End(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    CheckTag(mark, tag);
    Begin(mark, nullptr);
    builder_.BeginMap(LineOf(mark), true);
    begun_.push_back(Begun{anchor, style, true});
  }
  void OnMapEnd() override { End(); }

 private:
  struct Begun {
    YAML::anchor_t anchor = YAML::NullAnchor;
    YAML::EmitterStyle::value style = YAML::EmitterStyle::Default;
    bool is_map = false;
    bool has_key = false;     // and a value is to come
    std::size_t key = 0;      // where it begins
    std::size_t key_end = 0;  // or begins, if its end isn't known
  };

  // A value: of a map, keys and their values take turns.
  void Begin(const YAML::Mark& mark, const std::string* text) {
    last_line_ = LineOf(mark);
    if (begun_.empty() || !begun_.back().is_map) return;
    Begun& map = begun_.back();
    map.has_key = !map.has_key;
    if (!map.has_key) return;
    map.key = AtOf(mark);
    map.key_end = EndOf(map.key, text);
  }

  static std::size_t AtOf(const YAML::Mark& mark) {
    return mark.is_null() ? 0 : static_cast<std::size_t>(mark.pos);
  }

  std::size_t EndOf(std::size_t at, const std::string* text) const {
    const std::size_t begin = source_.PastProperties(at);
    if (source_.IsQuote(begin)) return source_.PastQuoted(begin).value_or(begin);
    return text != nullptr && source_.StartsAt(begin, *text) ? begin + text->size() : at;
  }

  // The parser takes the end of the text for a closing quote. True if it has none.
  bool CheckQuote(const YAML::Mark& mark) {
    if (mark.is_null() || builder_.stopped()) return builder_.stopped();
    const std::size_t at = source_.PastProperties(AtOf(mark));
    if (!source_.IsQuote(at) || source_.PastQuoted(at)) return false;
    builder_.Stop(source_.LineOf(at), "a quote that is not closed");
    return true;
  }

  void EndsWithinBrackets() {
    builder_.Stop(source_.LastLine(), "the file ends too early: a bracket is not closed");
  }

  // And a key without a colon for one whose value is null, which would turn a field off.
  void CheckColon(const YAML::Mark& mark) {
    if (begun_.empty() || !begun_.back().has_key) return;
    const Begun& map = begun_.back();
    if (AtOf(mark) > map.key && source_.HasColon(map.key_end, AtOf(mark))) return;
    if (map.style == YAML::EmitterStyle::Flow && source_.IsEnd(map.key_end)) {
      EndsWithinBrackets();
    } else {
      builder_.Stop(source_.LineOf(map.key), kNoColon);
    }
  }

  void End() {
    const Begun begun = begun_.back();
    begun_.pop_back();
    builder_.End();
    Keep(begun.anchor);
  }

  void Keep(YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor || builder_.stopped()) return;
    anchors_[anchor] = builder_.last();
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (builder_.stopped() || IsPlainTag(tag)) return;
    problems_.Add(LineOf(mark), "",
                  absl::StrCat("the tag ", Printable(tag, kMaxMessageBytes), " is not known"));
  }

  const YamlSource source_;
  Problems& problems_;
  NodeBuilder builder_;
  std::map<YAML::anchor_t, ConfigNodePtr> anchors_;
  std::vector<Begun> begun_;
  int last_line_ = 1;  // of what was read last
};

// Of a document that nobody reads: whether there is one.
class LineOfDocument final : public YAML::EventHandler {
 public:
  int line() const { return line_; }

  void OnDocumentStart(const YAML::Mark& mark) override { line_ = LineOf(mark); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnAlias(const YAML::Mark& /*mark*/, YAML::anchor_t /*anchor*/) override {}
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                const std::string& /*value*/) override {}
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t /*anchor*/, YAML::EmitterStyle::value /*style*/) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t /*anchor*/,
                  YAML::EmitterStyle::value /*style*/) override {}
  void OnMapEnd() override {}

 private:
  int line_ = 0;
};

// True if it went through without a fault of form.
bool Parse(absl::string_view text, TreeMaker& maker, Problems& problems) {
  try {
    // With a line end, so that all texts that are cut off come to the same.
    std::istringstream stream{absl::StrCat(text, "\n")};
    YAML::Parser parser(stream);
    parser.HandleNextDocument(maker);
    if (!maker.stopped() && parser) {
      LineOfDocument rest;
      if (parser.HandleNextDocument(rest)) {
        problems.Add(rest.line(), "", "a second document; there may be only one");
        return false;
      }
    }
    return !maker.stopped();
  } catch (const YAML::Exception& e) {
    maker.Explain(e);
  } catch (const std::exception& e) {
    problems.Add(0, "", absl::StrCat("can't be read: ", Printable(e.what(), kMaxMessageBytes)));
  }
  return false;
}

// The line with more brackets open than any file has, in text and comments too; 0 if there is none.
// The parser takes as much memory for each as for a page of text before it tells of the first.
int LineOfDeepBrackets(absl::string_view text) {
  constexpr int kMaxOpen = 1'000;
  int line = 1;
  int open = 0;
  for (const char c : text) {
    if (c == '\n') ++line;
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpen) return line;
  }
  return 0;
}

}  // namespace

ConfigNodePtr ReadYaml(absl::string_view text, Problems& problems) {
  if (const std::optional<BadByte> bad = FindBadByte(text)) {
    problems.Add(bad->line, "", bad->what);
    return nullptr;
  }
  if (const int line = LineOfDeepBrackets(text); line > 0) {
    problems.Add(line, "", TooDeep());
    return nullptr;
  }
  absl::ConsumePrefix(&text, kByteOrderMark);  // the parser's marks don't count it
  TreeMaker maker(text, problems);
  if (!Parse(text, maker, problems)) return nullptr;
  if (maker.root() != nullptr && maker.root()->kind != ConfigNode::Kind::kNull) return maker.root();
  problems.Add(0, "", "is empty");
  return nullptr;
}

}  // namespace fusebox::internal
