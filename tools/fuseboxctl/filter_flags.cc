// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/filter_flags.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/circuit_text.h"
#include "tools/fuseboxctl/flag_kinds.h"

namespace fuseboxctl {

void FilterFlags::AddTo(CLI::App& app) {
  AddWords(app, "--state", states, absl::StrCat("Only those in this state: ", AnyOf(StateWords())))
      ->transform(State());
  AddWords(app, "--mode", modes, absl::StrCat("Only those in this mode: ", AnyOf(ModeWords())))
      ->transform(Mode());
  AddWords(app, "--target", targets, "Only those of this target, exactly")->type_name("TARGET");
  app.add_option("NAME", globs, "Names; * stands for any characters, ? for one")->type_name("GLOB");
}

fusebox::v1::CircuitFilter FilterFlags::ToProto() const {
  fusebox::v1::CircuitFilter filter;
  for (const std::string& state : states) filter.add_states(*StateOf(state));
  for (const std::string& mode : modes) filter.add_modes(*ModeOf(mode));
  for (const std::string& target : targets) filter.add_targets(target);
  for (const std::string& glob : globs) filter.add_name_globs(glob);
  return filter;
}

}  // namespace fuseboxctl
