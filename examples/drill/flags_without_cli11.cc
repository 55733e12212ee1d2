// SPDX-License-Identifier: Apache-2.0
//
// What is left of the command line where there is no CLI11: the scenario can't be changed.
#include <iostream>

#include "absl/strings/string_view.h"
#include "examples/drill/flags.h"

namespace drill {

Parsed ParseFlags(int argc, char** argv) {
  Parsed parsed;
  for (int i = 1; i < argc; ++i) {
    const absl::string_view flag = argv[i];
    if (flag == "--check") {
      parsed.flags.check = true;
    } else if (flag == "--sweep") {
      parsed.flags.sweep = true;
    } else {
      std::cerr << "recovery_drill [--check | --sweep]   (built without CLI11: no other flags)\n";
      parsed.exit_status = flag == "--help" ? 0 : 1;
    }
  }
  return parsed;
}

}  // namespace drill
