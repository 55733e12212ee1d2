// SPDX-License-Identifier: Apache-2.0
//
// Whose failures opened a circuit (R9), as gRPC tells it: one server of several behind round_robin,
// and addresses at which nobody answers. With gRPC's own channel arguments except for the policy
// that chooses the server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/evidence.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/policy.h"
#include "fusebox/policy_table.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::Evidence;
using fusebox::EvidenceText;

// Two failures of the last hundred calls: in a row they never are.
fusebox::Policy WindowPolicy() {
  fusebox::Policy policy = TestPolicy();
  policy.consecutive_failures = std::nullopt;
  policy.failures_in_window = 2;
  return policy;
}

class PeersTest : public EveryCallTest {
 protected:
  std::shared_ptr<grpc::Channel> ChannelTo(const std::string& target,
                                           const fusebox::Policy& policy) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.breaker.policies = fusebox::PolicyTable().Default(policy);
    options.breaker.streams.time_client_streams = true;
    options.arguments.SetLoadBalancingPolicyName("round_robin");
    return MustCreateChannel(target, std::move(options));
  }

  Evidence CallUntilOpen(const std::shared_ptr<grpc::Channel>& channel) {
    for (int i = 0; i < 100; ++i) {
      MakeCall(style(), kind(), channel);
      const auto circuit = shared_.registry->Find(CircuitName(kind()));
      if (circuit == nullptr) break;
      const fusebox::CircuitSnapshot snapshot = circuit->Snapshot();
      if (!snapshot.last_opening) continue;
      EXPECT_TRUE(snapshot.last_opening->evidence);
      return snapshot.last_opening->evidence.value_or(Evidence());
    }
    ADD_FAILURE() << "never opened";
    return {};
  }

  TestRegistry shared_;
};

TEST_P(PeersTest, R9_TheBadOneOfThreeIsNamed) {
  const ScriptedEcho well;
  const ScriptedEcho bad(Script::Fail(grpc::Status(grpc::StatusCode::DATA_LOSS, "bad disk")));
  const ScriptedEcho also_well;
  const std::string target =
      absl::StrCat("ipv4:", well.address(), ",", bad.address(), ",", also_well.address());
  const Evidence evidence = CallUntilOpen(ChannelTo(target, WindowPolicy()));
  EXPECT_EQ(EvidenceText(evidence), absl::StrCat("2 DATA_LOSS; all of them from ", bad.address()));
  EXPECT_EQ(evidence.last_message, "bad disk");
  EXPECT_EQ(evidence.last_code, grpc::StatusCode::DATA_LOSS);
}

TEST_P(PeersTest, R9_WhereNobodyAnswersItIsTheTarget) {
  const DeadAddress dead;
  const DeadAddress also_dead;
  const std::string addresses = absl::StrCat(dead.address(), ",", also_dead.address());
  const Evidence evidence = CallUntilOpen(ChannelTo("ipv4:" + addresses, TestPolicy()));
  EXPECT_EQ(EvidenceText(evidence),
            absl::StrCat("2 UNAVAILABLE; all of them from [", addresses, "]"));
}

TEST_P(PeersTest, R9_ASlowOneIsNamed) {
  const ScriptedEcho well;
  const ScriptedEcho slow(Script::Answer(), [this] { shared_.clock.Advance(absl::Seconds(2)); });
  fusebox::Policy policy = TestPolicy();
  policy.consecutive_failures = std::nullopt;
  policy.slow_call_duration = absl::Seconds(1);
  policy.slow_call_rate = 0.2;
  policy.minimum_calls = 4;
  const std::string target = absl::StrCat("ipv4:", well.address(), ",", slow.address());
  const Evidence evidence = CallUntilOpen(ChannelTo(target, policy));
  ASSERT_EQ(evidence.peers.size(), 1U);
  EXPECT_EQ(evidence.peers[0].peer, slow.address());
  EXPECT_EQ(evidence.codes[0].code, grpc::StatusCode::OK);
}

FUSEBOX_FOR_EVERY_CALL(PeersTest);

}  // namespace
}  // namespace fusebox_testing
