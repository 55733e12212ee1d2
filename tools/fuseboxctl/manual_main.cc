// SPDX-License-Identifier: Apache-2.0
//
// fuseboxctl_manual <page> <manual>: writes the manual that comes of the page (manual.h).
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "tools/fuseboxctl/manual.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: fuseboxctl_manual PAGE MANUAL\n";
    return 2;
  }
  std::ifstream page(argv[1]);
  std::ofstream manual(argv[2]);
  manual << fuseboxctl::Manual(std::string(std::istreambuf_iterator<char>(page), {}));
  manual.close();
  if (page && manual) return 0;
  std::cerr << "fuseboxctl_manual: cannot read " << argv[1] << " or write " << argv[2] << "\n";
  return 1;
}
