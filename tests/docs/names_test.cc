// SPDX-License-Identifier: Apache-2.0
//
// The names by which programs go stand in the documentation, each of them.
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "fusebox/event.h"
#include "fusebox/log_listener.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/base/admin_reasons.h"
#include "src/base/operator_verbs.h"
#include "src/core/rules/trip_rule_fields.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"
#include "tests/support/made_text.h"

namespace fusebox_testing {
namespace {

using fusebox::EventKind;
using fusebox::LogLevel;
using fusebox::internal::AdminReasonRow;
using fusebox::internal::kAdminReasons;
using testing::HasSubstr;
using testing::UnorderedElementsAreArray;

std::string Path(const std::string& path) { return absl::StrCat(FUSEBOX_SOURCE_DIR, "/", path); }

std::string Text(const std::string& path) {
  std::string text = FileContent(Path(path));
  EXPECT_FALSE(text.empty()) << path;
  return text;
}

// And names no other.
TEST(Documentation, NamesEachReasonOfARejection) {
  std::set<std::string> reasons;
#define FUSEBOX_INSERT(enumerator, number, name, ...) reasons.insert(#name);
  FUSEBOX_REJECTION_REASONS(FUSEBOX_INSERT)
#undef FUSEBOX_INSERT
  std::set<std::string> named;
  const std::string page = Text("docs/rejections.md");
  for (const absl::string_view code : absl::StrSplit(page, '`')) {
    if (absl::StartsWith(code, "CIRCUIT_")) named.emplace(code);
  }
  EXPECT_THAT(named, UnorderedElementsAreArray(reasons)) << "by docs/rejections.md";
}

TEST(Documentation, HasEachReasonOfTheAdminService) {
  std::string table = "| it answers | with the reason | when |\n|---|---|---|\n";
  absl::StatusCode before = absl::StatusCode::kOk;
  for (const AdminReasonRow& row : kAdminReasons) {
    const std::string code = absl::StrCat(" `", absl::StatusCodeToString(row.code), "`");
    absl::StrAppend(&table, "|", row.code == before ? "" : code, " | `", row.name, "` | ", row.when,
                    " |\n");
    before = row.code;
  }
  ExpectMadeText(Path("docs/admin.md"), "reasons, made of src/base/admin_reasons.h", table);
}

// The status code that a text names last.
absl::StatusCode LastCode(const std::string& text) {
  std::size_t last = 0;
  absl::StatusCode code = absl::StatusCode::kOk;
  for (int i = 1; i <= static_cast<int>(absl::StatusCode::kUnauthenticated); ++i) {
    const auto each = static_cast<absl::StatusCode>(i);
    const std::size_t at = text.rfind(absl::StrCat(" ", absl::StatusCodeToString(each)));
    if (at == std::string::npos || at < last) continue;
    last = at;
    code = each;
  }
  return code;
}

TEST(Documentation, TheProtoNamesEachReasonOfTheAdminService) {
  const std::string proto = Text("proto/fusebox/v1/admin.proto");
  for (const AdminReasonRow& row : kAdminReasons) {
    const std::string in_brackets = absl::StrCat("(", row.name, ")");
    const std::size_t at = proto.find(in_brackets);
    EXPECT_NE(at, std::string::npos)
        << "no comment of proto/fusebox/v1/admin.proto says " << in_brackets;
    if (at == std::string::npos) continue;
    EXPECT_EQ(LastCode(proto.substr(0, at)), row.code)
        << "is what proto/fusebox/v1/admin.proto says of " << in_brackets;
  }
}

// What the sources of a folder say except for some files.
std::string Code(const std::string& folder, const std::set<std::string>& without = {}) {
  std::string code;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(folder))) {
    const std::filesystem::path& file = entry.path();
    if (file.extension() != ".cc" && file.extension() != ".h") continue;
    if (without.count(file.filename().string()) == 0) code += FileContent(file.string());
  }
  EXPECT_FALSE(code.empty()) << folder;
  return code;
}

bool IsPartOfAName(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
}

// Whether `name` stands there and goes no further.
bool Says(const std::string& code, const std::string& name) {
  for (std::size_t at = code.find(name); at != std::string::npos; at = code.find(name, at + 1)) {
    const std::size_t end = at + name.size();
    if (end == code.size() || !IsPartOfAName(code[end])) return true;
  }
  return false;
}

TEST(AdminReasons, EachIsGivenBySomeCode) {
  const std::string code = Code("src/admin");
#define FUSEBOX_EXPECT(enumerator, ...)                \
  EXPECT_TRUE(Says(code, "AdminReason::" #enumerator)) \
      << "nothing in src/admin refuses anything for the reason " #enumerator;
  FUSEBOX_ADMIN_REASONS(FUSEBOX_EXPECT)
#undef FUSEBOX_EXPECT
}

// What a table promises, and no code ever gives.
TEST(Core, GivesWhatItsTablesPromise) {
  const std::string code = Code("src/core");
#define FUSEBOX_EXPECT_OF(type, enumerator)       \
  EXPECT_TRUE(Says(code, #type "::" #enumerator)) \
      << "nothing in src/core gives " #type "::" #enumerator;
#define FUSEBOX_STATE(enumerator, ...) FUSEBOX_EXPECT_OF(State, enumerator)
#define FUSEBOX_MODE(enumerator, ...) FUSEBOX_EXPECT_OF(Mode, enumerator)
#define FUSEBOX_CAUSE(enumerator, ...) FUSEBOX_EXPECT_OF(Cause, enumerator)
#define FUSEBOX_EVENT(enumerator, ...) FUSEBOX_EXPECT_OF(EventKind, enumerator)
#define FUSEBOX_REASON(enumerator, ...) FUSEBOX_EXPECT_OF(RejectionReason, enumerator)
  FUSEBOX_STATES(FUSEBOX_STATE)
  FUSEBOX_MODES(FUSEBOX_MODE)
  FUSEBOX_CAUSES(FUSEBOX_CAUSE)
  FUSEBOX_EVENT_KINDS(FUSEBOX_EVENT)
  FUSEBOX_REJECTION_REASONS(FUSEBOX_REASON)
#undef FUSEBOX_REASON
#undef FUSEBOX_EVENT
#undef FUSEBOX_CAUSE
#undef FUSEBOX_MODE
#undef FUSEBOX_STATE
#undef FUSEBOX_EXPECT_OF
}

// The names of a policy's fields, and of those of its parts.
class FieldNames {
 public:
  template <typename T>
  void Add(const T& of) {
    fusebox::internal::VisitFields(of, [&](const auto& field, const auto& value) {
      names_.insert(field.name);
      AddPart(field, value);
    });
  }
  const std::set<std::string>& names() const { return names_; }

 private:
  template <typename Owner, typename Member>
  void AddPart(const fusebox::internal::PartField<Owner, Member>& /*field*/,
               const Member& /*value*/) {
    Add(fusebox::internal::ValueOf<Member>());
  }
  template <typename Field, typename Member>
  void AddPart(const Field& /*field*/, const Member& /*value*/) {}

  std::set<std::string> names_;
};

// Where a policy is checked and warned of, fields are named that nothing else may look at.
TEST(Core, LooksAtEachFieldOfAPolicy) {
  const std::string code = Code("src/core", {"policy.cc", "policy_warnings.cc"});
  FieldNames fields;
  fields.Add(fusebox::Policy());
  for (const std::string& name : fields.names()) {
    EXPECT_TRUE(Says(code, "." + name) || Says(code, "->" + name))
        << "nothing in src/core goes by " << name << ": such a policy is taken, and does nothing";
  }
}

TEST(Documentation, SaysWhichFieldsAreTripRules) {
  const fusebox::Policy policy;
  std::vector<std::string> fields;
  fusebox::internal::VisitFields(policy, [&fields](const auto& field, const auto& /*value*/) {
    fields.emplace_back(field.name);
  });
  std::vector<std::string> rules;
  fusebox::internal::VisitTripRules(
      policy, [&rules](absl::string_view rule, bool /*is_set*/) { rules.emplace_back(rule); });
  const auto first = std::find(fields.begin(), fields.end(), rules.front());
  ASSERT_GE(fields.end() - first, static_cast<std::ptrdiff_t>(rules.size()));
  EXPECT_TRUE(std::equal(rules.begin(), rules.end(), first)) << "another field is among them";
  const std::string range =
      absl::StrCat("the fields from `", rules.front(), "` to `", rules.back(), "`");
  EXPECT_TRUE(absl::StrContains(Text("docs/policies.md"), range))
      << "docs/policies.md must say \"" << range << "\"";
}

// What stands from `from` to `to`, of which there has to be something.
std::string Between(const std::string& text, const char* from, const char* to) {
  const std::size_t begin = text.find(from);
  EXPECT_NE(begin, std::string::npos) << from;
  if (begin == std::string::npos) return "";
  const std::size_t end = text.find(to, begin);
  EXPECT_NE(end, std::string::npos) << to;
  return text.substr(begin, end - begin);
}

TEST(Documentation, NamesEachEvent) {
  const std::string page = Text("docs/operating.md");
  const std::string table = Between(page, "\n| event | when |\n", "\n\n");
#define FUSEBOX_EXPECT(enumerator, ...)                                                       \
  EXPECT_THAT(table, HasSubstr(absl::StrCat("`", EventKindName(EventKind::enumerator), "`"))) \
      << "in the table of events of docs/operating.md";
  FUSEBOX_EVENT_KINDS(FUSEBOX_EXPECT)
#undef FUSEBOX_EXPECT
}

TEST(Documentation, SaysWhichEventsAreLoggedAsWhat) {
  const std::string page = Text("docs/operating.md");
  const std::string warnings = Between(page, "What an opening is and brings is a warning", ".");
  const std::string errors = Between(page, "Failures of your own code are errors", ".");
  const auto named = [](const std::string& text, EventKind kind) {
    return absl::StrContains(text, absl::StrCat("`", EventKindName(kind), "`"));
  };
#define FUSEBOX_EXPECT(enumerator, number, name, level)                                         \
  EXPECT_EQ(                                                                                    \
      named(warnings, EventKind::enumerator),                                                   \
      LogLevel::level == LogLevel::kWarning || EventKind::enumerator == EventKind::kTransition) \
      << "`" << EventKind::enumerator << "`, under \"To a log\" in docs/operating.md";          \
  EXPECT_EQ(named(errors, EventKind::enumerator), LogLevel::level == LogLevel::kError)          \
      << "`" << EventKind::enumerator << "`, under \"To a log\" in docs/operating.md";
  FUSEBOX_EVENT_KINDS(FUSEBOX_EXPECT)
#undef FUSEBOX_EXPECT
}

TEST(Documentation, TheManualNamesEachStateAndEachMode) {
  const std::string manual = Text("tools/fuseboxctl/fuseboxctl.1.in");
  const std::string states = Between(manual, ".BI \\-\\-state \" STATE\"\n", "\n.TP");
  const std::string modes = Between(manual, ".BI \\-\\-mode \" MODE\"\n", "\n.TP");
#define FUSEBOX_EXPECT(text, name)                                              \
  EXPECT_THAT(text, HasSubstr(absl::StrCat(" ", absl::AsciiStrToLower(#name)))) \
      << "in tools/fuseboxctl/fuseboxctl.1.in";
#define FUSEBOX_STATE(enumerator, number, name) FUSEBOX_EXPECT(states, name)
#define FUSEBOX_MODE(enumerator, number, name) FUSEBOX_EXPECT(modes, name)
  FUSEBOX_STATES(FUSEBOX_STATE)
  FUSEBOX_MODES(FUSEBOX_MODE)
#undef FUSEBOX_MODE
#undef FUSEBOX_STATE
#undef FUSEBOX_EXPECT
}

TEST(Documentation, NamesEachVerbOfAnOperator) {
  const std::string page = Text("docs/admin.md");
  const std::string table =
      Between(Text("docs/operating.md"), "\n| call | the circuit then |\n", "\n\n");
#define FUSEBOX_EXPECT(verb, ...)                            \
  EXPECT_TRUE(absl::StrContains(page, "`" #verb "Circuit`")) \
      << "docs/admin.md doesn't name `" #verb "Circuit`";    \
  EXPECT_THAT(table, HasSubstr("\n| `" #verb "(by"))         \
      << "in the table of modes of docs/operating.md";
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_EXPECT)
#undef FUSEBOX_EXPECT
}

}  // namespace
}  // namespace fusebox_testing
