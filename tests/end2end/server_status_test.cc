// SPDX-License-Identifier: Apache-2.0
//
// UNAVAILABLE statuses that a server made itself are not taken for rejections (docs/rules.md).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

std::string SomeRejection() {
  fusebox::Rejection rejection;
  rejection.circuit = "upstream/a.B/C";
  rejection.retry_after = absl::Seconds(7);
  return fusebox::EncodeRejection(rejection);
}

// The domain of a well-formed rejection, made another's.
std::string ForeignErrorInfo() {
  std::string bytes = SomeRejection();
  bytes.replace(bytes.find("fusebox"), 7, "another");
  return bytes;
}

struct Details {
  std::string name;
  std::string bytes;
};

void PrintTo(const Details& details, std::ostream* out) { *out << details.name; }

class ServerStatusTest : public testing::TestWithParam<Details> {};

TEST_P(ServerStatusTest, OwnUnavailableIsNoRejection) {
  const ScriptedEcho server(
      Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "maintenance", GetParam().bytes)));
  ProtectedClient client(server.address());
  const grpc::Status status = MakeCall(Style::kSync, Kind::kUnary, client.channel()).status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "maintenance");
  EXPECT_EQ(status.error_details(), GetParam().bytes);
  EXPECT_FALSE(fusebox::GetRejection(status));
  EXPECT_EQ(client.Snapshot(Kind::kUnary).totals.failure, 1);
}

INSTANTIATE_TEST_SUITE_P(
    Details, ServerStatusTest,
    testing::Values(Details{"None", ""}, Details{"Text", "not protobuf at all"},
                    Details{"Zeros", std::string(16, '\0')},
                    Details{"AllOnes", std::string(32, '\xFF')},
                    Details{"CodeAlone", std::string("\x08\x0E", 2)},
                    Details{"CutRejection", SomeRejection().substr(0, SomeRejection().size() - 3)},
                    Details{"ForeignErrorInfo", ForeignErrorInfo()}),
    [](const testing::TestParamInfo<Details>& details) { return details.param.name; });

// A server that is itself a client, and hands on what its own circuit said.
TEST(ServerStatusTest, PassedOnRejectionIsFoundAndIsAFailureHere) {
  const ScriptedEcho server(
      Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "upstream", SomeRejection())));
  ProtectedClient client(server.address());
  const grpc::Status status = MakeCall(Style::kSync, Kind::kUnary, client.channel()).status;
  const std::optional<fusebox::Rejection> rejection = fusebox::GetRejection(status);
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->circuit, "upstream/a.B/C");
  EXPECT_EQ(rejection->retry_after, absl::Seconds(7));
  EXPECT_EQ(client.Snapshot(Kind::kUnary).totals.failure, 1);
}

}  // namespace
}  // namespace fusebox_testing
