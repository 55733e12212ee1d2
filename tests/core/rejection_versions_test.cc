// SPDX-License-Identifier: Apache-2.0
//
// A client that is built against this version's headers reads what a newer version writes.
#include <cstdio>
#include <optional>
#include <string>

#include "fusebox/rejection.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

std::string TomorrowsRejection() {
  std::string bytes;
  std::FILE* const pipe = popen(FUSEBOX_TOMORROWS_REJECTION, "r");
  if (pipe == nullptr) return bytes;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    bytes.push_back(static_cast<char>(c));
  }
  EXPECT_EQ(pclose(pipe), 0);
  return bytes;
}

TEST(DecodeRejection, OfANewerVersionSaysThatItIsNotKnownAndWhatIsWritten) {
  const std::optional<Rejection> rejection = DecodeRejection(TomorrowsRejection());
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->reason, RejectionReason::kUnknown);
  EXPECT_EQ(rejection->unknown_reason, "CIRCUIT_OVER_QUOTA");
  EXPECT_EQ(rejection->state, State::kUnknown);
  EXPECT_EQ(rejection->unknown_state, "QUARANTINED");
  EXPECT_EQ(rejection->circuit, "inventory/shop.Inventory/Reserve");
  EXPECT_EQ(rejection->retry_after, absl::Seconds(7));
  EXPECT_EQ(RejectionMessage(*rejection),
            "circuit \"inventory/shop.Inventory/Reserve\" is QUARANTINED and lets no call through; "
            "may be tried in 7s");
}

}  // namespace
}  // namespace fusebox
