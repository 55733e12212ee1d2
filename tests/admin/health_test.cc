// SPDX-License-Identifier: Apache-2.0
//
// Circuits that drive grpc.health.v1.
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "fusebox/admin/circuit_health.h"
#include "tests/admin/admin_server.h"

namespace fusebox_testing {
namespace {

// Stands where the server's own would be, and waits for what it is told.
class HealthService : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& service, bool serving) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    serving_[service] = serving;
    ++told_;
    condition_.notify_all();
  }
  void SetServingStatus(bool serving) override { SetServingStatus("", serving); }

  // What it has been told of that service now.
  bool Serves(const std::string& service) {
    const std::lock_guard<std::mutex> lock(mutex_);
    return serving_.at(service);
  }
  void WaitFor(const std::string& service, bool serving) {
    std::unique_lock<std::mutex> lock(mutex_);
    condition_.wait(lock, [&] {
      const auto found = serving_.find(service);
      return found != serving_.end() && found->second == serving;
    });
  }
  int told() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return told_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable condition_;
  std::map<std::string, bool> serving_;
  int told_ = 0;
};

class CircuitHealthTest : public testing::Test {
 protected:
  void Start() {
    fusebox::CircuitHealthOptions options;
    options.registry = circuits_.registry();
    options.health = &service_;
    options.services["shop.Checkout"] = {"payments/*", "inventory/shop.Inventory/Reserve"};
    options.services["shop.Search"] = {"index/*"};
    health_ = fusebox::StartCircuitHealth(options).value();
  }

  TestCircuits circuits_;
  HealthService service_;
  std::unique_ptr<fusebox::CircuitHealth> health_;
};

TEST_F(CircuitHealthTest, IsToldAtOnce) {
  TestCircuits::Open(circuits_.Add("payments/a"));
  Start();
  EXPECT_FALSE(service_.Serves("shop.Checkout"));
  EXPECT_TRUE(service_.Serves("shop.Search"));
}

TEST_F(CircuitHealthTest, NotServingWhileACircuitOfItsIsOpen) {
  fusebox::CircuitBreaker& pay = circuits_.Add("payments/a");
  fusebox::CircuitBreaker& reserve = circuits_.Add("inventory/shop.Inventory/Reserve");
  circuits_.Add("inventory/shop.Inventory/Watch");
  Start();
  TestCircuits::Open(pay);
  service_.WaitFor("shop.Checkout", false);
  TestCircuits::Open(reserve);
  pay.Reset(fusebox::Operator("oncall").Because("well again"));
  circuits_.Add("index/a").Disable(fusebox::Operator("oncall").Because("to have an event"));
  TestCircuits::Open(circuits_.Add("index/b"));
  service_.WaitFor("shop.Search", false);  // by then the reset has been seen too
  EXPECT_FALSE(service_.Serves("shop.Checkout"));
  reserve.Reset(fusebox::Operator("oncall").Because("well again"));
  service_.WaitFor("shop.Checkout", true);
}

TEST_F(CircuitHealthTest, R1_ServingAgainByTimeAlone) {
  TestCircuits::Open(circuits_.Add("payments/a"));
  Start();
  circuits_.clock().Advance(absl::Seconds(10));  // no call comes: load balancers leave it alone
  service_.WaitFor("shop.Checkout", true);
}

TEST_F(CircuitHealthTest, ForcedOpenCountsAndShadowDoesNot) {
  fusebox::CircuitBreaker& pay = circuits_.Add("payments/a");
  fusebox::CircuitBreaker& index = circuits_.Add("index/a");
  Start();
  index.Shadow(fusebox::Operator("oncall").Because("to try it"));
  TestCircuits::Open(index);
  ASSERT_TRUE(pay.ForceOpen(fusebox::Operator("deploy").Because("migrating")).ok());
  service_.WaitFor("shop.Checkout", false);
  EXPECT_TRUE(service_.Serves("shop.Search"));
}

TEST_F(CircuitHealthTest, IsToldOfChangesAlone) {
  Start();
  EXPECT_EQ(service_.told(), 2);
  for (int i = 0; i < 20; ++i) circuits_.Add("index/" + std::to_string(i));
  TestCircuits::Open(circuits_.Add("payments/a"));
  service_.WaitFor("shop.Checkout", false);
  EXPECT_EQ(service_.told(), 3);
}

}  // namespace
}  // namespace fusebox_testing
