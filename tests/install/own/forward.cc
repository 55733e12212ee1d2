// SPDX-License-Identifier: Apache-2.0
//
// Notes in the file CALLS that it was called, and becomes PROGRAM.
#include <unistd.h>

#include <fstream>

int main(int /*argc*/, char** argv) {
  std::ofstream(CALLS, std::ios::app) << PROGRAM << '\n';
  execv(PROGRAM, argv);
  return 127;  // only if there is no such program
}
