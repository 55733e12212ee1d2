// SPDX-License-Identifier: Apache-2.0
//
// The drill with the rules of other libraries as rows: all are compared unless --policy says which.
//
//   protection_benchmark --all --summary
//   protection_benchmark --scenario cold_return --policy default,linkerd --plot
#include <string>
#include <utility>
#include <vector>

#include "benchmarks/protection/peers.h"
#include "src/compat/compat.h"
#include "tools/fusebox_drill/drill_main.h"
#include "tools/fusebox_drill/sources.h"

int main(int argc, char** argv) {
  fusebox::internal::SilenceProtobuf();
  fusebox_drill::Program program;
  program.name = "protection_benchmark";
  program.about = "Play outages in virtual time, and compare what libraries make of them";
  program.named = fusebox_drill::NamedProtections();
  program.policies = {"default", "fixed", "nothing"};
  for (fusebox_drill::Protection& peer : fusebox_drill::Peers()) {
    program.policies.push_back(peer.name);
    program.named.push_back(std::move(peer));
  }
  return fusebox_drill::DrillMain(program, argc, argv);
}
