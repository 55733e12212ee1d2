// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/list_columns.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fusebox/v1/circuit.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/made_text.h"

namespace fuseboxctl {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ListColumns, TheDocumentHasEachColumn) {
  std::string table = "| column | |\n|---|---|\n";
  for (const ListColumn& column : ListColumns()) {
    const absl::string_view what = column.what;
    if (what.empty()) continue;
    absl::StrAppend(&table, "| `", column.wide.heading, "` | ", what, " |\n");
  }
  fusebox_testing::ExpectMadeText(FUSEBOXCTL_DOCS,
                                  "columns, made of tools/fuseboxctl/list_columns.cc", table);
}

TEST(ListColumns, EachThatIsShownHasACell) {
  for (const ListColumn& column : ListColumns()) {
    EXPECT_NE(column.wide.heading, nullptr) << "a listing that has room shows all";
    for (const ListColumn::Form& form : {column.wide, column.narrow}) {
      EXPECT_EQ(form.heading == nullptr, form.cell == nullptr) << column.wide.heading;
    }
  }
}

TEST(ListColumns, TheNarrowFormIsShownWhereTheWideOneDoesNotFit) {
  fusebox::v1::Circuit circuit;
  circuit.set_name("inventory/shop.Inventory/Reserve");
  circuit.set_state(fusebox::v1::STATE_OPEN);
  circuit.set_mode(fusebox::v1::MODE_FORCED_OPEN);
  Terminal terminal;
  terminal.columns = 60;
  const std::string narrow = ListText({{"checkout", &circuit}}, absl::UnixEpoch(), terminal);
  EXPECT_THAT(narrow, StartsWith("INSTANCE  CIRCUIT"));
  EXPECT_THAT(narrow, HasSubstr("  FORCED_OPEN  "));
  terminal.columns = 200;
  const std::string wide = ListText({{"checkout", &circuit}}, absl::UnixEpoch(), terminal);
  EXPECT_THAT(wide, HasSubstr("  MODE  "));
  EXPECT_THAT(wide, HasSubstr("  OPEN  "));
  EXPECT_THAT(wide, HasSubstr("  FORCED_OPEN  "));
}

}  // namespace
}  // namespace fuseboxctl
