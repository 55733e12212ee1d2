// SPDX-License-Identifier: Apache-2.0
//
// What is written down of the program in several places is the same in all of them.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <regex.h>

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "fusebox/v1/circuit.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

std::string Content(const char* path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// What the group of that number is in each match of a POSIX extended expression. (Of std::regex GCC
// says, with sanitizers on, that it reads what was never written.)
std::set<std::string> Matches(const std::string& text, const char* pattern, std::size_t group = 1) {
  std::set<std::string> found;
  regex_t regex;
  if (regcomp(&regex, pattern, REG_EXTENDED) != 0) {
    ADD_FAILURE() << pattern;
    return found;
  }
  std::array<regmatch_t, 4> groups{};
  const char* rest = text.c_str();
  while (regexec(&regex, rest, groups.size(), groups.data(), 0) == 0) {
    found.emplace(rest + groups[group].rm_so, rest + groups[group].rm_eo);
    rest += groups[0].rm_eo;
  }
  regfree(&regex);
  return found;
}

// The subcommands that a --help lists.
std::set<std::string> Listed(const std::string& help) {
  // CLI11 2.6 writes it in capitals.
  const std::size_t from = absl::AsciiStrToLower(help).find("subcommands:");
  if (from == std::string::npos) return {};
  return Matches(help.substr(from), "\n  ([a-z]+) ");
}

// The flags, and the subcommands like "policy set".
struct Surface {
  std::set<std::string> commands;
  std::set<std::string> flags;
};

void Collect(const std::vector<std::string>& path, Surface& surface) {
  std::vector<std::string> arguments = path;
  arguments.emplace_back("--help");
  const Ran ran = RunCtl(arguments);
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  // The first words of a line; not what the descriptions mention.
  for (const std::string& flag : Matches(ran.out, "\n {2,10}(-[a-z], *)?(--[a-z-]+)", 2)) {
    surface.flags.insert(flag);
  }
  for (const std::string& command : Listed(ran.out)) {
    std::vector<std::string> inner = path;
    inner.push_back(command);
    surface.commands.insert(path.empty() ? command : path[0] + " " + command);
    Collect(inner, surface);
  }
}

Surface Helped() {
  Surface surface;
  Collect({}, surface);
  EXPECT_GE(surface.commands.size(), 14U);
  EXPECT_GE(surface.flags.size(), 28U);
  return surface;
}

TEST(InStep, TheManPageHasTheSubCommandsAndFlagsOfTheHelp) {
  const Surface helped = Helped();
  std::string page = Content(FUSEBOXCTL_MAN_PAGE);
  page = absl::StrReplaceAll(page, {{"\\-", "-"}});
  EXPECT_EQ(Matches(page, "\n\\.B[RI]? (--[a-z-]+)"), helped.flags);
  std::set<std::string> commands = helped.commands;
  for (const char* group : {"policy", "config"}) commands.erase(group);  // their own are there
  EXPECT_EQ(Matches(page, "\n\\.SS ([a-z]+( [a-z]+)?)\n"), commands);
}

// One that is in a file of its own and not in the table would be in no help and no manual either.
TEST(InStep, EveryFileOfACommandIsInTheTable) {
  std::set<std::string> defined;
  for (const auto& file : std::filesystem::directory_iterator(FUSEBOXCTL_SOURCES)) {
    if (!absl::EndsWith(file.path().string(), "_command.cc")) continue;
    const std::set<std::string> rows =
        Matches(Content(file.path().c_str()), "\nCommandRows ([A-Za-z]+)\\(\\) \\{");
    EXPECT_EQ(rows.size(), 1U) << file.path();
    defined.insert(rows.begin(), rows.end());
  }
  EXPECT_EQ(Matches(Content(FUSEBOXCTL_SOURCES "/commands.cc"), "\n  X\\(([A-Za-z]+)\\)"), defined);
}

TEST(InStep, EveryHelpSaysWhereTheFlagsOfAllCommandsAre) {
  for (const std::string& command : Helped().commands) {
    std::vector<std::string> arguments = absl::StrSplit(command, ' ');
    arguments.emplace_back("--help");
    EXPECT_THAT(RunCtl(arguments).out, HasSubstr("Endpoints, TLS, output: see `fuseboxctl --help`"))
        << command;
  }
}

TEST(InStep, TheCompletionsHaveTheSubCommandsAndFlagsOfTheHelp) {
  const Surface helped = Helped();
  for (const char* const shell : {"bash", "zsh"}) {
    const Ran ran = RunCtl({"completion", shell});
    ASSERT_EQ(ran.exit_code, 0);
    EXPECT_EQ(Matches(ran.out, "[ (](--[a-z-]+)"), helped.flags) << shell;
    for (const std::string& command : helped.commands) {
      EXPECT_THAT(Matches(ran.out, "\n          \"([a-z]+( [a-z]+)?) ?\"\\) candidates"),
                  testing::Contains(command));
    }
  }
}

// "open_duration", "half_open", "half_open.max_concurrent" and so on.
void CollectFields(const google::protobuf::Descriptor& type, const std::string& prefix,
                   std::set<std::string>& paths) {
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    const std::string path = absl::StrCat(prefix, field.name());
    paths.insert(path);
    if (field.message_type() == nullptr) continue;
    if (field.message_type() == google::protobuf::Duration::descriptor()) continue;
    if (field.message_type() == &type) continue;  // a candidate has the same
    CollectFields(*field.message_type(), path + ".", paths);
  }
}

TEST(InStep, TheDocumentHasEveryFieldOfAPolicy) {
  std::set<std::string> paths;
  CollectFields(*fusebox::v1::Policy::descriptor(), "", paths);
  paths.erase("half_open");  // only its fields can be given
  const std::string docs = Content(FUSEBOXCTL_DOCS);
  const std::size_t from = docs.find("\n## Fields of a policy\n");
  ASSERT_NE(from, std::string::npos);
  const std::size_t to = docs.find("\n## ", from + 1);
  EXPECT_EQ(Matches(docs.substr(from, to - from), "\n\\| `([a-z_.]+)` \\|"), paths);
}

TEST(InStep, TheDocumentNamesEveryExitCodeAndVariable) {
  const std::string page = Content(FUSEBOXCTL_MAN_PAGE);
  const std::string docs = Content(FUSEBOXCTL_DOCS);
  for (const char* const code : {"0", "1", "2", "3", "4", "5", "130"}) {
    EXPECT_THAT(docs, HasSubstr(std::string("| ") + code + " |"));
    EXPECT_THAT(page, HasSubstr(std::string("\n.B ") + code + "\n"));
  }
  std::string help = RunCtl({"--help"}).out + RunCtl({"reset", "--help"}).out;
  const std::set<std::string> variables = Matches(help, "(FUSEBOX_[A-Z_]+)");
  EXPECT_GE(variables.size(), 9U);
  EXPECT_THAT(Matches(page, "(FUSEBOX_[A-Z_]+)"), IsSupersetOf(variables));
  EXPECT_THAT(Matches(docs, "(FUSEBOX_[A-Z_]+)"), IsSupersetOf(variables));
}

// What completes a command line, as bash has it.
std::string Completed(const std::string& line) {
  const TestFile script(RunCtl({"completion", "bash"}).out + "\nCOMP_LINE=$1\nCOMP_POINT=${#1}\n" +
                        "_fuseboxctl\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n");
  const std::string command = "bash " + script.path() + " '" + line + "'";
  std::FILE* const bash = popen(command.c_str(), "r");
  std::string text;
  for (int c = std::fgetc(bash); c != EOF; c = std::fgetc(bash)) text += static_cast<char>(c);
  pclose(bash);
  return text;
}

TEST(InStep, BashCompletesWhatFits) {
  EXPECT_EQ(Completed("fuseboxctl wa"), "watch\n");
  EXPECT_EQ(Completed("fuseboxctl --endpoint h:1 policy s"), "set\n");
  EXPECT_EQ(Completed("fuseboxctl list --state h"), "half_open\n");
  EXPECT_EQ(Completed("fuseboxctl open x --tt"), "--ttl\n");
  EXPECT_EQ(Completed("fuseboxctl reset x --tt"), "\n");
  EXPECT_EQ(Completed("fuseboxctl list -o w"), "wide\n");
  EXPECT_EQ(Completed("fuseboxctl -o wide wa"), "watch\n");
  EXPECT_EQ(Completed("fuseboxctl completion b"), "bash\n");
  EXPECT_EQ(Completed("fuseboxctl completion bash "), "\n");
}

TEST(InStep, BashAsksTheEndpointForNamesHoweverItIsGiven) {
  AdminServer server;
  server.Add("pay/1");
  const auto names = [&server](const std::string& flag, const std::string& rest) {
    return Completed(FUSEBOXCTL_PROGRAM " " + flag + server.address() + " " + rest);
  };
  EXPECT_EQ(names("--endpoint ", "get "), "pay/1\n");
  EXPECT_EQ(names("--endpoint=", "get p"), "pay/1\n");
  EXPECT_EQ(names("--endpoint=", "reset other "), "pay/1\n");
  EXPECT_EQ(names("--endpoint=", "get pay/1 "), "\n") << "it takes one";
  EXPECT_EQ(names("--endpoint=", "policy set pay/1 "), "\n");
}

}  // namespace
}  // namespace fusebox_testing
