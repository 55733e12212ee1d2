// SPDX-License-Identifier: Apache-2.0
#include "src/base/status_details.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

std::string Made() {
  return StatusWithDetail(14, "gone", kErrorInfoUrl,
                          [](auto& error_info) { error_info.Bytes(1, "WHY"); });
}

TEST(StatusDetails, AreWrittenAsProtobufDoes) {
  EXPECT_EQ(Made(), std::string("\x08\x0E\x12\x04gone\x1A\x31\x0A\x28") +
                        "type.googleapis.com/google.rpc.ErrorInfo" + "\x12\x05\x0A\x03WHY");
}

TEST(StatusDetails, AreFoundByTheirTypeWhateverThePrefix) {
  const std::string details = Made();
  ASSERT_EQ(DetailsOfType(details, kErrorInfoUrl).size(), 1U);
  EXPECT_EQ(WireValue(DetailsOfType(details, kErrorInfoUrl).front(), 1), "WHY");
  EXPECT_EQ(DetailsOfType(details, "elsewhere/google.rpc.ErrorInfo").size(), 1U);
  EXPECT_TRUE(DetailsOfType(details, kBadRequestUrl).empty());
  EXPECT_TRUE(DetailsOfType(details, "elsewhere/rpc.ErrorInfo").empty());
  EXPECT_TRUE(DetailsOfType("", kErrorInfoUrl).empty());
  EXPECT_TRUE(DetailsOfType(details.substr(1), kErrorInfoUrl).empty());
}

}  // namespace
}  // namespace fusebox::internal
