// SPDX-License-Identifier: Apache-2.0
//
// By yaml-cpp's events, and not by its own tree, which takes keys twice, forgets where scalars of
// aliases are, and has no bound.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/base/printable.h"
#include "src/base/utf8.h"
#include "src/config/node_builder.h"
#include "src/config/readers.h"

namespace fusebox::internal {
namespace {

enum class Dialect { kYaml, kJson };

constexpr std::size_t kMaxMessageBytes = 200;

int LineOf(const YAML::Mark& mark) { return mark.is_null() ? 0 : mark.line + 1; }

// What no tag is written as, and those of the types that a scalar without one has.
bool IsPlainTag(absl::string_view tag) {
  if (tag.empty() || tag == "?" || tag == "!") return true;
  if (!absl::ConsumePrefix(&tag, "tag:yaml.org,2002:")) return false;
  for (const absl::string_view type : {"str", "int", "float", "bool", "null", "map", "seq"}) {
    if (tag == type) return true;
  }
  return false;
}

bool IsJsonLiteral(absl::string_view text) {
  double number = 0;
  return text == "true" || text == "false" || absl::SimpleAtod(text, &number);
}

class TreeMaker final : public YAML::EventHandler {
 public:
  TreeMaker(Dialect dialect, Problems& problems)
      : dialect_(dialect), problems_(problems), builder_(problems) {}

  const ConfigNodePtr& root() const { return builder_.root(); }
  bool stopped() const { return builder_.stopped(); }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    builder_.Null(LineOf(mark));
    Keep(mark, anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (builder_.stopped()) return;
    const auto found = anchors_.find(anchor);
    if (dialect_ == Dialect::kJson) {
      NotJson(mark, "an alias");
    } else if (found == anchors_.end()) {
      builder_.Stop(LineOf(mark), "an alias within what it stands for");
    } else {
      builder_.Again(LineOf(mark), found->second);
    }
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    CheckTag(mark, tag);
    const bool quoted = tag == "!" || absl::EndsWith(tag, ":str");
    if (dialect_ == Dialect::kJson && !quoted && !IsJsonLiteral(value)) {
      NotJson(mark, "text without quotes");
    }
    builder_.Scalar(LineOf(mark), value, quoted);
    Keep(mark, anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    CheckTag(mark, tag);
    CheckStyle(mark, style);
    builder_.BeginList(LineOf(mark));
    begun_.push_back(Begun{mark, anchor});
  }
  void OnSequenceEnd() override { End(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    CheckTag(mark, tag);
    CheckStyle(mark, style);
    builder_.BeginMap(LineOf(mark), dialect_ == Dialect::kYaml);
    begun_.push_back(Begun{mark, anchor});
  }
  void OnMapEnd() override { End(); }

 private:
  struct Begun {
    YAML::Mark mark;
    YAML::anchor_t anchor = YAML::NullAnchor;
  };

  void End() {
    const Begun begun = begun_.back();
    begun_.pop_back();
    builder_.End();
    Keep(begun.mark, begun.anchor);
  }

  void Keep(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor == YAML::NullAnchor || builder_.stopped()) return;
    if (dialect_ == Dialect::kJson) NotJson(mark, "an anchor");
    anchors_[anchor] = builder_.last();
  }

  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (builder_.stopped() || IsPlainTag(tag)) return;
    problems_.Add(LineOf(mark), "",
                  absl::StrCat("the tag ", Printable(tag, kMaxMessageBytes), " is not known"));
  }

  void CheckStyle(const YAML::Mark& mark, YAML::EmitterStyle::value style) {
    if (dialect_ == Dialect::kJson && style == YAML::EmitterStyle::Block) {
      NotJson(mark, "a map or a list without brackets");
    }
  }

  void NotJson(const YAML::Mark& mark, absl::string_view what) {
    builder_.Stop(LineOf(mark), absl::StrCat("no JSON: ", what));
  }

  const Dialect dialect_;
  Problems& problems_;
  NodeBuilder builder_;
  std::map<YAML::anchor_t, ConfigNodePtr> anchors_;
  std::vector<Begun> begun_;
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

// The line of the first byte that isn't UTF-8, or is a 0; 0 if there is none. The parser would
// guess at other encodings.
int LineOfBadByte(absl::string_view text) {
  int line = 1;
  while (!text.empty()) {
    const std::size_t length = Utf8CharacterLength(text);
    if (length == 0 || text[0] == '\0') return line;
    if (text[0] == '\n') ++line;
    text.remove_prefix(length);
  }
  return 0;
}

// True if it went through without a fault of form.
bool Parse(absl::string_view text, TreeMaker& maker, Problems& problems) {
  try {
    std::istringstream stream{std::string(text)};
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
    if (!maker.stopped()) problems.Add(LineOf(e.mark), "", Printable(e.msg, kMaxMessageBytes));
  } catch (const std::exception& e) {
    problems.Add(0, "", absl::StrCat("can't be read: ", Printable(e.what(), kMaxMessageBytes)));
  }
  return false;
}

ConfigNodePtr Read(absl::string_view text, Dialect dialect, Problems& problems) {
  if (const int line = LineOfBadByte(text); line != 0) {
    problems.Add(line, "", "a byte that is no text in UTF-8");
    return nullptr;
  }
  TreeMaker maker(dialect, problems);
  if (!Parse(text, maker, problems)) return nullptr;
  if (maker.root() != nullptr && maker.root()->kind != ConfigNode::Kind::kNull) return maker.root();
  auto empty = std::make_shared<ConfigNode>();
  empty->kind = ConfigNode::Kind::kMap;
  empty->line = 1;
  return empty;
}

}  // namespace

ConfigNodePtr ReadYaml(absl::string_view text, Problems& problems) {
  return Read(text, Dialect::kYaml, problems);
}

ConfigNodePtr ReadJson(absl::string_view text, Problems& problems) {
  return Read(text, Dialect::kJson, problems);
}

}  // namespace fusebox::internal
