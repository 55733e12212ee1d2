// SPDX-License-Identifier: Apache-2.0
//
// What a call comes to when the network loses every packet. A program of its own, since it leaves
// the machine's network for one of its own, where the loss can hurt nobody.
#include <gtest/gtest.h>

#include <optional>

#include "tests/end2end/ending_test.h"
#include "tests/end2end/own_network.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

class BlackholeEndingTest : public EndingTest {
 protected:
  static void SetUpTestSuite() { network = OwnNetwork::Enter(); }

 private:
  void Play() override;

  static std::optional<OwnNetwork> network;
};

std::optional<OwnNetwork> BlackholeEndingTest::network;

void BlackholeEndingTest::Play() {
  if (!network) {
    RecordForTable(GetParam(), {});
    GTEST_SKIP() << "this machine gives a test no network of its own to cut";
  }
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  ASSERT_TRUE(client.Connect());
  network->Cut();
  Expect(client, {grpc::StatusCode::DEADLINE_EXCEEDED, Counted::kFailure},
         [&] { return CallUntilSoon(client); });
  EXPECT_EQ(server.calls(), 0);
  network->Mend();
}

TEST_P(BlackholeEndingTest, IsCountedOnce) { PlayOnEachCircuit(); }

FUSEBOX_FOR_CELLS(EveryCall, BlackholeEndingTest, EveryCell({Ending::kBlackhole}));

}  // namespace
}  // namespace fusebox_testing
