// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"

namespace fuseboxctl {
namespace {

// What has more to offer than files or nothing.
constexpr std::pair<absl::string_view, absl::string_view> kValues[] = {
    {"--state", "closed open half_open"},
    {"--until", "closed open half_open"},
    {"--wait", "closed open half_open"},
    {"--mode", "automatic forced_open disabled shadow"},
    {"--output", "table wide json"},
    {"--color", "auto always never"},
    {"--sort", "name state"},
};

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
      @CONNECTION_SWITCHES@) connection+=("${words[i]}") ;;
      @OTHER_VALUES@) ((++i)) ;;
      -*) ;;
      *)
        if [[ -z $command ]]; then
          command=${words[i]}
        elif [[ $command == policy && -z $inner ]]; then
          inner=${words[i]}
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
          "policy ") candidates=(@POLICY_COMMANDS@) ;;
          "completion ") candidates=(bash zsh) ;;
          "info ") ;;
          *) names=yes ;;
        esac
      fi
      ;;
  esac
)";

constexpr absl::string_view kBash =
    R"(# Completes command lines of fuseboxctl in bash. Made by `fuseboxctl completion bash`.
_fuseboxctl() {
  local words=() candidates=() connection=() command= inner= files= names= first=1 last i candidate
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
  local command= inner= files= names= first=2 last=$CURRENT i
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
};

std::vector<std::string> FlagsOf(const CLI::App& app) {
  std::vector<std::string> flags;
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return flags;
}

bool HasWords(const std::string& flag) {
  return std::any_of(std::begin(kValues), std::end(kValues),
                     [&flag](const auto& value) { return value.first == flag; });
}

void Sort(const CLI::App& app, Sorted& sorted) {
  for (const CLI::Option* const option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::string flag = "--" + name;
      const bool connection = option->get_group() == kConnectionGroup;
      if (option->get_items_expected_max() == 0) {
        if (connection) sorted.connection_switches.insert(flag);
        continue;
      }
      (connection ? sorted.connection_values : sorted.other_values).insert(flag);
      if (option->get_type_name() == "FILE") {
        sorted.files.insert(flag);
      } else if (!HasWords(flag)) {
        sorted.free_values.insert(flag);
      }
    }
  }
  for (const CLI::App* const command : app.get_subcommands(nullptr)) Sort(*command, sorted);
}

std::string Pattern(const std::set<std::string>& flags) { return absl::StrJoin(flags, " | "); }

std::string NamesOf(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* const command : app.get_subcommands(nullptr)) {
    names.push_back(command->get_name());
  }
  return absl::StrJoin(names, " ");
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
  for (const CLI::App* const command : app.get_subcommands(nullptr)) {
    AppendFlags(*command, command->get_name() + " ", flags);
    for (const CLI::App* const inner : command->get_subcommands(nullptr)) {
      AppendFlags(*inner, command->get_name() + " " + inner->get_name(), flags);
    }
  }
  std::string values;
  for (const auto& [flag, words] : kValues) {
    absl::StrAppend(&values, "    ", flag, ") candidates=(", words, ") ;;\n");
  }
  const std::string body =
      absl::StrReplaceAll(kBody, {{"@CONNECTION_VALUES@", Pattern(sorted.connection_values)},
                                  {"@CONNECTION_SWITCHES@", Pattern(sorted.connection_switches)},
                                  {"@OTHER_VALUES@", Pattern(sorted.other_values)},
                                  {"@VALUES@", values},
                                  {"@FILES@", Pattern(sorted.files)},
                                  {"@FREE_VALUES@", Pattern(sorted.free_values)},
                                  {"@FLAGS@", flags},
                                  {"@GLOBAL_FLAGS@", absl::StrJoin(FlagsOf(app), " ")},
                                  {"@COMMANDS@", NamesOf(app)},
                                  {"@POLICY_COMMANDS@", NamesOf(*app.get_subcommand("policy"))}});
  return absl::StrReplaceAll(shell == "zsh" ? kZsh : kBash, {{"@BODY@", body}});
}

}  // namespace fuseboxctl
