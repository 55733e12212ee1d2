// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/confirm.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace fuseboxctl {
namespace {

constexpr std::size_t kShown = 20;

}  // namespace

grpc::Status NotConfirmed() {
  return {grpc::StatusCode::CANCELLED, "not confirmed: nothing was done"};
}

bool Confirm(const Screen& screen, const std::string& question,
             const std::vector<std::string>& touched) {
  for (std::size_t i = 0; i < std::min(touched.size(), kShown); ++i) {
    screen.err << "  " << touched[i] << "\n";
  }
  if (touched.size() > kShown) screen.err << "  and " << touched.size() - kShown << " more\n";
  if (isatty(STDIN_FILENO) != 1) {
    screen.Say(absl::StrCat(question,
                            " Standard input is not a terminal: nothing was done. Use --yes if "
                            "you mean it"));
    return false;
  }
  screen.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  answer = absl::AsciiStrToLower(absl::StripAsciiWhitespace(answer));
  if (answer == "y" || answer == "yes") return true;
  screen.Say("nothing was done");
  return false;
}

}  // namespace fuseboxctl
