// SPDX-License-Identifier: Apache-2.0
//
// A candidate beside the policy in force, against the same policy alone (rule R23): the same calls,
// by two real channels to one server.
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/event.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/echo_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitSnapshot;
using fusebox::ShadowCounts;
using fusebox::State;

// The policy that needs no numbers, without chance.
fusebox::Policy Candidate() {
  fusebox::Policy policy;
  policy.jitter = 0;
  return policy;
}

fusebox::Policy WithCandidate(fusebox::Policy policy) {
  policy.shadow_policy = Candidate();
  return policy;
}

// Opens at nothing that these tests do.
fusebox::Policy Patient() {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.consecutive_failures = 1'000'000;
  return policy;
}

Script Shed() { return Script::Fail(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "busy")); }
Script Break() { return Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "down")); }
Script TimeOut() { return Script::Fail(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, "late")); }

// A stretch of an outage, of `calls` calls, 20 ms apart.
struct Stretch {
  Script script;
  int calls = 0;
};
std::vector<Stretch> Outages() {
  return {{Script::Answer(), 50},  {Break(), 100},  {Script::Answer(), 150}, {Shed(), 40},
          {Script::Answer(), 200}, {TimeOut(), 60}, {Script::Answer(), 150}};
}

// Two channels with one clock, and a circuit for each.
class CandidateTest : public testing::Test {
 protected:
  CandidateTest() {
    beside_ = MakeChannel("beside", WithCandidate(Patient()));
    alone_ = MakeChannel("alone", Candidate());
  }

  std::shared_ptr<grpc::Channel> MakeChannel(const std::string& name,
                                             const fusebox::Policy& policy) {
    fusebox::ChannelOptions options;
    options.breaker.dependency = name;
    options.breaker.registry = shared_.registry;
    options.breaker.policies.Default(policy);
    return MustCreateChannel(server_.address(), std::move(options));
  }

  static grpc::Status Call(ChannelRef channel) {
    return MakeCall(Style::kSync, Kind::kUnary, channel).status;
  }

  CircuitSnapshot Snapshot(const std::string& name) const {
    return shared_.registry->Find(name + MethodOf(Kind::kUnary))->Snapshot();
  }

  TestRegistry shared_;
  ScriptedEcho server_;
  std::shared_ptr<grpc::Channel> beside_;
  std::shared_ptr<grpc::Channel> alone_;
};

TEST_F(CandidateTest, R23_CountsWhatThePolicyAloneDoes) {
  int64_t calls = 0;
  int64_t limited = 0;
  for (const Stretch& stretch : Outages()) {
    server_.Play(stretch.script);
    for (int i = 0; i < stretch.calls; ++i) {
      shared_.clock.Advance(absl::Milliseconds(20));
      ++calls;
      ASSERT_FALSE(fusebox::GetRejection(Call(beside_)));
      const auto rejection = fusebox::GetRejection(Call(alone_));
      limited += rejection && rejection->reason == fusebox::RejectionReason::kLimited ? 1 : 0;

      const ShadowCounts shadow = *Snapshot("beside").shadow;
      const CircuitSnapshot alone = Snapshot("alone");
      ASSERT_EQ(shadow.state, alone.state) << calls;
      ASSERT_EQ(shadow.would_reject, alone.totals.rejected) << calls;
      ASSERT_EQ(shadow.would_open, alone.totals.opened) << calls;
      ASSERT_EQ(shadow.calls, calls);
      ASSERT_EQ(shadow.rejected, 0);
      ASSERT_EQ(shadow.would_admit, 0);
    }
  }
  // It was worth the comparison.
  EXPECT_GE(Snapshot("alone").totals.opened, 2);
  EXPECT_GT(limited, 0);
  EXPECT_EQ(Snapshot("alone").state, State::kClosed);
  EXPECT_EQ(Snapshot("beside").totals.opened, 0);
  int64_t told = 0;
  for (const fusebox::Event& event : shared_.registry->EventsSince(0, 10'000).events) {
    told += event.kind == fusebox::EventKind::kShadowOpened ? 1 : 0;
  }
  EXPECT_EQ(told, Snapshot("alone").totals.opened);
}

// Beside one that rejects it is starved, and says of how many calls.
TEST_F(CandidateTest, R23_IsStarvedWhileThePolicyInForceRejects) {
  fusebox::Policy policy = fusebox::Policy::Fixed();
  policy.jitter = 0;
  const auto channel = MakeChannel("rejecting", WithCandidate(policy));
  int64_t admitted = 0;
  int64_t rejected = 0;
  for (const Stretch& stretch : Outages()) {
    server_.Play(stretch.script);
    for (int i = 0; i < stretch.calls; ++i) {
      shared_.clock.Advance(absl::Milliseconds(20));
      ++(fusebox::GetRejection(Call(channel)) ? rejected : admitted);
    }
  }
  const CircuitSnapshot end = Snapshot("rejecting");
  EXPECT_EQ(end.totals.rejected, rejected);
  EXPECT_EQ(end.shadow->calls, admitted + rejected);
  EXPECT_EQ(end.shadow->rejected, rejected);
  EXPECT_GT(end.shadow->would_admit, 0);
  EXPECT_LE(end.shadow->would_admit, rejected);
  EXPECT_LE(end.shadow->would_reject, admitted);
}

}  // namespace
}  // namespace fusebox_testing
