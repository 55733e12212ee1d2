// SPDX-License-Identifier: Apache-2.0
//
// A channel with a circuit for each tenant: tenants that fail and never come again, without end,
// beside tenants that go on calling (P2, P4). FUSEBOX_FLOOD_KEYS=1000000 is the form that takes
// minutes.
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"

namespace fusebox_testing {
namespace {

int FloodKeys() {
  const char* const asked = std::getenv("FUSEBOX_FLOOD_KEYS");
  int keys = 4'000;
  if (asked != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(asked, &keys)) << asked;
  }
  return keys;
}

class FloodTest : public testing::Test {
 protected:
  static constexpr std::size_t kMaxCircuits = 300;

  // Whether the call of that tenant went to the server, which fails it.
  bool Call(const std::string& tenant) {
    const auto interceptor = channel_.MakeInterceptor(CallType::UNARY);
    FakeBatch start(UnaryOps().send);
    start.initial_metadata = {{"tenant", tenant}};
    start.on_hijack = [] {};
    interceptor->Intercept(&start);
    if (start.log() == "Hijack") return false;
    EXPECT_EQ(start.log(), "Proceed");
    FakeBatch end(FinishOps().recv);
    end.status = grpc::Status(grpc::StatusCode::UNAVAILABLE, "down");
    interceptor->Intercept(&end);
    return true;
  }

  static fusebox::InterceptorOptions ByTenant() {
    fusebox::InterceptorOptions options;
    options.circuit_key = [](const fusebox::CallInfo& call) {
      return call.metadata.find("tenant")->second;
    };
    return options;
  }
  static std::shared_ptr<fusebox::CircuitRegistry> MakeRegistry(const FakeClock& clock) {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock;
    options.max_circuits = kMaxCircuits;
    return std::make_shared<fusebox::CircuitRegistry>(std::move(options));
  }

  FakeClock clock_;
  FakeChannel channel_{MakeRegistry(clock_), FakeCallPolicy(), ByTenant()};
};

TEST_F(FloodTest, P4_TenantsThatNeverComeAgainTakeNobodysProtection) {
  constexpr std::size_t kTenants = 100;
  constexpr absl::Duration kOpen = absl::Seconds(30);
  constexpr absl::Duration kTenantsCallEvery = absl::Seconds(5);
  constexpr int kKeysPerSecond = 100;
  std::vector<fusebox::SteadyTime> open_until;
  for (std::size_t i = 0; i < kTenants; ++i) {
    for (int call = 0; call < 2; ++call) EXPECT_TRUE(Call(absl::StrCat("tenant ", i)));
    open_until.push_back(clock_.Now() + kOpen);
  }
  fusebox::SteadyTime called = clock_.Now();
  const int keys = FloodKeys();
  for (int key = 0; key < keys; ++key) {
    const std::string name = absl::StrCat("one-off ", key);
    for (int call = 0; call < 2; ++call) EXPECT_TRUE(Call(name));
    EXPECT_FALSE(Call(name)) << name;
    clock_.Advance(absl::Seconds(1) / kKeysPerSecond);
    if (clock_.Now() - called < kTenantsCallEvery) continue;
    called = clock_.Now();
    for (std::size_t i = 0; i < kTenants; ++i) {
      const bool made = Call(absl::StrCat("tenant ", i));
      ASSERT_EQ(made, clock_.Now() >= open_until[i]) << "tenant " << i << " after key " << key;
      if (made) open_until[i] = clock_.Now() + kOpen;
    }
  }
  const fusebox::RegistryStats stats = channel_.registry().Stats();
  EXPECT_EQ(stats.circuits, kMaxCircuits);
  EXPECT_EQ(stats.unprotected_calls, 0);
  EXPECT_GT(stats.restored, 0);
}

// What must stay leaves no place: then each call without a circuit is counted, and announced.
TEST_F(FloodTest, P4_WhereTheBoundIsTooSmallEachUnprotectedCallIsCounted) {
  for (std::size_t i = 0; i < kMaxCircuits; ++i) {
    const std::string name = absl::StrCat("held ", i);
    EXPECT_TRUE(Call(name));
    ASSERT_TRUE(channel_.registry()
                    .Find("inventory/" + name)
                    ->ForceOpen(fusebox::Operator("oncall").Because("why"))
                    .ok());
  }
  for (int call = 0; call < 500; ++call) EXPECT_TRUE(Call(absl::StrCat("tenant ", call % 7)));
  EXPECT_EQ(channel_.registry().Stats().unprotected_calls, 500);
  const fusebox::EventBatch batch = channel_.registry().EventsSince(0);
  EXPECT_EQ(batch.events.back().kind, fusebox::EventKind::kCallsUnprotected);
  EXPECT_FALSE(Call("held 0"));
}

}  // namespace
}  // namespace fusebox_testing
