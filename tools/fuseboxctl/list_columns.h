// SPDX-License-Identifier: Apache-2.0
//
// The columns of `fuseboxctl list`, once: a new one is a row here, and nothing else.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_LIST_COLUMNS_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_LIST_COLUMNS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "fusebox/v1/circuit.pb.h"
#include "tools/fuseboxctl/table.h"

namespace fuseboxctl {

// A circuit and where it is.
struct ListRow {
  std::string instance;  // Printable
  const fusebox::v1::Circuit* circuit = nullptr;
};

// JSON has no columns: it has all that there is of a circuit.
struct ListColumn {
  struct Form {
    const char* heading;  // null: it is not shown
    Cell (*cell)(const ListRow& row, absl::Time now);
  };

  Form wide;
  Form narrow;           // where the wide table doesn't fit, as in 80 columns
  std::size_t shortest;  // to what it may be shortened there; 0: it isn't
  const char* what;      // what docs/fuseboxctl.md says of it; empty: its heading says it
};

absl::Span<const ListColumn> ListColumns();

// The wide table, or the narrow one if there is no room for it.
std::string ListText(const std::vector<ListRow>& rows, absl::Time now, const Terminal& terminal);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_LIST_COLUMNS_H_
