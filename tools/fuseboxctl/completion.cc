// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "tools/fuseboxctl/circuit_text.h"

namespace fuseboxctl {
namespace {

// With these the endpoint is asked for names, as the command line would ask it.
constexpr absl::string_view kConnectionGroup = "Endpoints";

// Both shells read this. What they have not in common is before and after it. A name comes from a
// server, and is never looked at by the shell: it could be $(a command).
constexpr absl::string_view kBody = R"(
  for ((i = first; i < last; ++i)); do
    case ${words[i]} in
      @CONNECTION_VALUES@)
        connection+=("${words[i]}" "${words[i + 1]}")
        ((++i))
        ;;
      @CONNECTION_ASSIGNMENTS@) connection+=("${words[i]}") ;;
      @CONNECTION_SWITCHES@) connection+=("${words[i]}") ;;
      @OTHER_VALUES@) ((++i)) ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then
          command=${words[i]}
        elif [[ " @PARENTS@ " == *" $command "* && -z $inner ]]; then
          inner=${words[i]}
        else
          given=yes
        fi
        ;;
    esac
  done
  case $previous in
@VALUES@    @FILES@) files=yes ;;
    @FREE_VALUES@) ;;
    *)
      if [[ $current == -* ]]; then
        case "$command $inner" in
@FLAGS@        esac
        candidates+=(@GLOBAL_FLAGS@)
      else
        case "$command $inner" in
          " ") candidates=(@COMMANDS@) ;;
@ARGUMENTS@        esac
      fi
      ;;
  esac
)";

constexpr absl::string_view kBash =
    R"(# Completes command lines of fuseboxctl in bash. Made by `fuseboxctl completion bash`.
_fuseboxctl() {
  local words=() candidates=() connection=() command= inner= given= files= names= first=1 last i candidate
  # Not COMP_WORDS: those are split at each colon, of which endpoints and circuits have some.
  local line=${COMP_LINE:0:COMP_POINT}
  read -ra words <<< "$line"
  if [[ $line == *[[:space:]] ]]; then words+=(""); fi
  last=$((${#words[@]} - 1))
  local current=${words[last]} previous=
  if ((last > 0)); then previous=${words[last - 1]}; fi
@BODY@
  COMPREPLY=()
  if [[ -n $files ]]; then
    compopt -o default
    return
  fi
  if [[ -n $names ]]; then
    mapfile -t candidates < <("${words[0]}" list --names --timeout 1s "${connection[@]}" 2> /dev/null)
  fi
  local cut=
  if [[ $current == *:* && $COMP_WORDBREAKS == *:* ]]; then cut=${current%"${current##*:}"}; fi
  for candidate in "${candidates[@]}"; do
    if [[ $candidate != "$current"* ]]; then continue; fi
    candidate=$(printf '%q' "$candidate")
    COMPREPLY+=("${candidate#"$cut"}")
  done
}
complete -F _fuseboxctl fuseboxctl
)";

constexpr absl::string_view kZsh = R"(#compdef fuseboxctl
# Completes command lines of fuseboxctl in zsh. Made by `fuseboxctl completion zsh`.
_fuseboxctl() {
  local command= inner= given= files= names= first=2 last=$CURRENT i
  local current=${words[CURRENT]} previous=${words[CURRENT - 1]}
  local -a candidates connection
@BODY@
  if [[ -n $files ]]; then
    _files
    return
  fi
  if [[ -n $names ]]; then
    candidates=("${(@f)$("${words[1]}" list --names --timeout 1s "${connection[@]}" 2> /dev/null)}")
    candidates=("${(@)candidates:#}")
  fi
  compadd -- "${candidates[@]}"
}
if [[ ${zsh_eval_context[-1]} == loadautofunc ]]; then
  _fuseboxctl "$@"
else
  compdef _fuseboxctl fuseboxctl
fi
)";

// The flags of some subcommands, by what they take.
struct Sorted {
  std::set<std::string> connection_values;
  std::set<std::string> connection_switches;
  std::set<std::string> other_values;
  std::set<std::string> files;
  std::set<std::string> free_values;
  std::map<std::string, std::set<std::string>> worded;  // by what there is to write
};

std::vector<std::string> FlagsOf(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

// "--output" and "-o".
std::vector<std::string> NamesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  return names;
}

// What an option takes, if that is one of a few words: "auto always never". The words are those
// that its validator is named after, "auto|always|never", or the kind of value that it is. Else
// empty.
std::string WordsOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const absl::string_view kind = absl::string_view(type).substr(type.rfind(':') + 1);
  if (kind == "STATE") return absl::StrJoin(StateWords(), " ");
  if (kind == "MODE") return absl::StrJoin(ModeWords(), " ");
  return absl::StrContains(kind, '|') ? absl::StrReplaceAll(kind, {{"|", " "}}) : "";
}

void Sort(const CLI::App& app, Sorted& sorted) {
  for (const CLI::Option* const option : app.get_options()) {
    const std::vector<std::string> names = NamesOf(*option);
    if (names.empty()) continue;  // an argument
    const bool connection = option->get_group() == kConnectionGroup;
    const std::string words = WordsOf(*option);
    const auto add = [&names](std::set<std::string>& to) { to.insert(names.begin(), names.end()); };
    if (option->get_items_expected_max() == 0) {
      if (connection) add(sorted.connection_switches);
      continue;
    }
    add(connection ? sorted.connection_values : sorted.other_values);
    if (option->get_type_name() == "FILE") {
      add(sorted.files);
    } else if (words.empty()) {
      add(sorted.free_values);
    } else {
      add(sorted.worded[words]);
    }
  }
  for (const CLI::App* const command : app.get_subcommands(nullptr)) Sort(*command, sorted);
}

std::string Pattern(const std::set<std::string>& flags) { return absl::StrJoin(flags, " | "); }

// The same with their values behind them: "--endpoint=*".
std::string AssignmentPattern(const std::set<std::string>& flags) {
  return absl::StrJoin(flags, " | ", [](std::string* text, const std::string& flag) {
    absl::StrAppend(text, flag, "=*");
  });
}

std::string NamesOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands(nullptr)) {
    names.push_back(command->get_name());
  }
  return absl::StrJoin(names, " ");
}

// What completes a command's arguments, which is seen by its first one: the name of a circuit, or
// of any number of them, or one of a few words.
void AppendArguments(const CLI::App& app, const std::string& path, std::string& text) {
  const std::vector<const CLI::Option*> arguments =
      app.get_options([](const CLI::Option* option) { return option->get_positional(); });
  std::string completes;
  if (!app.get_subcommands(nullptr).empty()) {
    completes = absl::StrCat("candidates=(", NamesOf(app), ") ");
  } else if (!arguments.empty()) {
    const CLI::Option& first = *arguments.front();
    const std::string words = WordsOf(first);
    completes = words.empty() ? "names=yes" : absl::StrCat("candidates=(", words, ")");
    if (first.get_items_expected_max() == 1) {
      completes = absl::StrCat("if [[ -z $given ]]; then ", completes, "; fi");
    }
    completes += " ";
  }
  absl::StrAppend(&text, "          \"", path, "\") ", completes, ";;\n");
}

void AppendFlags(const CLI::App& app, const std::string& path, std::string& text) {
  absl::StrAppend(&text, "          \"", path, "\") candidates=(", absl::StrJoin(FlagsOf(app), " "),
                  ") ;;\n");
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  Sorted sorted;
  Sort(app, sorted);
  std::string flags;
  std::string arguments;
  std::vector<std::string> parents;
  const auto append = [&](const CLI::App& command, const std::string& path) {
    AppendFlags(command, path, flags);
    AppendArguments(command, path, arguments);
  };
  for (const CLI::App* const command : app.get_subcommands(nullptr)) {
    append(*command, command->get_name() + " ");
    const std::vector<const CLI::App*> within = command->get_subcommands(nullptr);
    if (!within.empty()) parents.push_back(command->get_name());
    for (const CLI::App* const inner : within) {
      append(*inner, command->get_name() + " " + inner->get_name());
    }
  }
  std::string values;
  for (const auto& [words, names] : sorted.worded) {
    absl::StrAppend(&values, "    ", Pattern(names), ") candidates=(", words, ") ;;\n");
  }
  const std::string body = absl::StrReplaceAll(
      kBody, {{"@CONNECTION_VALUES@", Pattern(sorted.connection_values)},
              {"@CONNECTION_ASSIGNMENTS@", AssignmentPattern(sorted.connection_values)},
              {"@CONNECTION_SWITCHES@", Pattern(sorted.connection_switches)},
              {"@OTHER_VALUES@", Pattern(sorted.other_values)},
              {"@VALUES@", values},
              {"@FILES@", Pattern(sorted.files)},
              {"@FREE_VALUES@", Pattern(sorted.free_values)},
              {"@FLAGS@", flags},
              {"@GLOBAL_FLAGS@", absl::StrJoin(FlagsOf(app), " ")},
              {"@COMMANDS@", NamesOf(app)},
              {"@ARGUMENTS@", arguments},
              {"@PARENTS@", absl::StrJoin(parents, " ")}});
  return absl::StrReplaceAll(shell == "zsh" ? kZsh : kBash, {{"@BODY@", body}});
}

}  // namespace fuseboxctl
