// SPDX-License-Identifier: Apache-2.0
//
// fusebox_drill: what a policy does before an outage shows it, in virtual time with the real
// engine.
//
//   fusebox_drill --scenario cold_return --policy default,my_policy.txt --plot
//   fusebox_drill --all --policy default,my_policy.txt --summary
#include "src/compat/compat.h"
#include "tools/fusebox_drill/drill_main.h"
#include "tools/fusebox_drill/sources.h"

int main(int argc, char** argv) {
  // What protobuf has to say of a policy's file is told by the error.
  fusebox::internal::SilenceProtobuf();
  return fusebox_drill::DrillMain(
      {"fusebox_drill",
       "Play outages in virtual time, and see what a policy makes of them",
       fusebox_drill::NamedProtections(),
       {"default"}},
      argc, argv);
}
