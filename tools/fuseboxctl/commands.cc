// SPDX-License-Identifier: Apache-2.0
#include <iterator>
#include <utility>

#include "tools/fuseboxctl/command.h"

namespace fuseboxctl {

// In the order of the help. Each is a function that returns some rows, in a file *_command.cc.
#define FUSEBOXCTL_COMMANDS(X) \
  X(InfoRows)                  \
  X(ListRows)                  \
  X(GetRows)                   \
  X(WatchRows)                 \
  X(WriteRows)                 \
  X(PolicyRows)                \
  X(ConfigRows)                \
  X(ConfigLiveRows)            \
  X(OrdersRows)                \
  X(CompletionRows)

#define FUSEBOXCTL_DECLARE(rows) CommandRows rows();
FUSEBOXCTL_COMMANDS(FUSEBOXCTL_DECLARE)
#undef FUSEBOXCTL_DECLARE

CommandRows AllCommands() {
  CommandRows all;
  const auto add = [&all](CommandRows rows) {
    all.insert(all.end(), std::make_move_iterator(rows.begin()),
               std::make_move_iterator(rows.end()));
  };
#define FUSEBOXCTL_ADD(rows) add(rows());
  FUSEBOXCTL_COMMANDS(FUSEBOXCTL_ADD)
#undef FUSEBOXCTL_ADD
  return all;
}

}  // namespace fuseboxctl
