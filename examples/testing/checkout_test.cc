// SPDX-License-Identifier: Apache-2.0
//
// How an application tests what it does while a circuit of its is open: with a real channel, a real
// server that fails when told, and a clock that is moved by hand. Nothing here sleeps.
#include "examples/testing/checkout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/state.h"
#include "fusebox/testing/fake_clock.h"
#include "fusebox/testing/matchers.h"
#include "fusebox/testing/scripted_server.h"
#include "shop.pb.h"

namespace examples {
namespace {

using fusebox::State;
using fusebox_testing::IsInState;
using fusebox_testing::Reply;
using Kind = OrderAnswer::Kind;

constexpr char kReserve[] = "shop.Inventory/Reserve";
constexpr char kCircuit[] = "inventory/shop.Inventory/Reserve";

class CheckoutTest : public testing::Test {
 protected:
  void SetUp() override {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock_;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
    auto checkout = Checkout::Create(inventory_.target(), registry_);
    ASSERT_TRUE(checkout.ok()) << checkout.status();
    checkout_ = *std::move(checkout);
    InventoryWorks();
  }

  void InventoryWorks() {
    shop::ReserveReply reply;
    reply.set_reservation("R-1");
    inventory_.Answer(kReserve, Reply::Ok(reply));
  }
  void InventoryFails() {
    inventory_.Answer(kReserve, Reply::Fail(grpc::StatusCode::UNAVAILABLE, "disk full"));
  }

  // As many orders as it takes.
  void OpenTheCircuit() {
    InventoryFails();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kFailed);
    EXPECT_THAT(Circuit(), IsInState(State::kOpen));
  }

  // Known once there was a call.
  std::shared_ptr<fusebox::CircuitBreaker> Circuit() { return registry_->Find(kCircuit); }

  fusebox_testing::FakeClock clock_;
  fusebox_testing::ScriptedServer inventory_;
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
  std::unique_ptr<Checkout> checkout_;
};

TEST_F(CheckoutTest, ReservesWhatIsOrdered) {
  const OrderAnswer answer = checkout_->Order("teapot");
  EXPECT_EQ(answer.kind, Kind::kReserved);
  EXPECT_EQ(answer.reservation, "R-1");
}

TEST_F(CheckoutTest, AsksCustomersToTryLaterWhileTheInventoryIsOut) {
  OpenTheCircuit();
  const OrderAnswer answer = checkout_->Order("teapot");
  EXPECT_EQ(answer.kind, Kind::kTryLater);
  EXPECT_GT(answer.retry_after, absl::Seconds(20));
  EXPECT_EQ(inventory_.calls(kReserve), 3);  // it was left in peace
}

TEST_F(CheckoutTest, IsBackWhenTheInventoryIs) {
  OpenTheCircuit();
  InventoryWorks();
  const absl::Duration wait = checkout_->Order("teapot").retry_after;

  clock_.Advance(wait - absl::Nanoseconds(1));
  EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kTryLater);

  // Two probes go through, and then everything.
  clock_.Advance(absl::Nanoseconds(1));
  EXPECT_THAT(Circuit(), IsInState(State::kHalfOpen));
  EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kReserved);
  EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kReserved);
  EXPECT_THAT(Circuit(), IsInState(State::kClosed));
}

TEST_F(CheckoutTest, TriesLaterAgainWhenTheInventoryIsStillOut) {
  OpenTheCircuit();
  clock_.Advance(checkout_->Order("teapot").retry_after);
  EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kFailed);  // the probe
  EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kTryLater);
  EXPECT_THAT(Circuit(), IsInState(State::kOpen));
}

// Without a failing server: an operator's word opens any circuit.
TEST_F(CheckoutTest, AsksCustomersToTryLaterWhenToldTo) {
  const auto circuit = *registry_->GetOrCreate(kCircuit, Checkout::InventoryPolicy());
  const absl::Status opened =
      circuit->ForceOpen(fusebox::Operator("a test").Because("an outage"), absl::Minutes(5));
  ASSERT_TRUE(opened.ok()) << opened;
  EXPECT_GE(checkout_->Order("teapot").retry_after, absl::Minutes(5));  // a little late
  circuit->Reset(fusebox::Operator("a test").Because("it is over"));
  EXPECT_EQ(checkout_->Order("teapot").kind, Kind::kReserved);
}

}  // namespace
}  // namespace examples
