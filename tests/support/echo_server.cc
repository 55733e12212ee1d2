// SPDX-License-Identifier: Apache-2.0
//
// The process behind ChildServer: prints its address, then a line for each call that arrives, which
// it leaves hanging. Ends with its standard input.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "tests/support/scripted_echo.h"

namespace {

void PrintLine(const char* line) {
  std::puts(line);
  std::fflush(stdout);
}

}  // namespace

int main() {
  const fusebox_testing::ScriptedEcho server(fusebox_testing::Script::Hang(),
                                             [] { PrintLine("call"); });
  PrintLine(server.address().c_str());
  while (std::getchar() != EOF) {
  }
  std::fflush(stdout);
  _exit(EXIT_SUCCESS);  // with calls hanging, there's nothing to end in good order
}
