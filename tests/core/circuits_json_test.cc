// SPDX-License-Identifier: Apache-2.0
//
// The page about circuits for machines.
#include "fusebox/circuits_json.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::HasSubstr;
using ::testing::Not;

class CircuitsJsonTest : public ::testing::Test {
 protected:
  CircuitsJsonTest() : registry_(OptionsFor(clock_)) {}

  static CircuitRegistry::Options OptionsFor(const FakeClock& clock) {
    CircuitRegistry::Options options;
    options.clock = &clock;
    return options;
  }
  std::shared_ptr<CircuitBreaker> Make(const std::string& name) {
    return registry_.GetOrCreate(name, SmallPolicy(), name.substr(0, name.find('/'))).value();
  }
  static void Open(CircuitBreaker& circuit) {
    for (int i = 0; i < 3; ++i) circuit.TryAcquire().permit().RecordFailure();
    EXPECT_FALSE(circuit.TryAcquire().admitted());
  }

  FakeClock clock_;
  CircuitRegistry registry_;
};

TEST_F(CircuitsJsonTest, SaysWhatACircuitIsIn) {
  EXPECT_EQ(CircuitsJson(registry_).body,
            R"({"status":"ok","time":"2030-01-01T00:00:00.000Z","total":0,"open":0,"left_out":0,)"
            R"("circuits":[]})");
  const auto circuit = Make("payment/shop.Payments/Charge");
  circuit->TryAcquire().permit().RecordSuccess();
  clock_.Advance(absl::Minutes(1));
  Open(*circuit);
  const CircuitsPage page = CircuitsJson(registry_);
  EXPECT_EQ(page.body,
            R"({"status":"ok","time":"2030-01-01T00:01:00.000Z","total":1,"open":1,"left_out":0,)"
            R"("circuits":[{"name":"payment/shop.Payments/Charge","target":"payment",)"
            R"("state":"OPEN","mode":"AUTOMATIC","critical":false,"success_count":1,)"
            R"("failure_count":3,"rejected_calls":1,"total_calls":5,"in_flight":0,)"
            R"("last_state_change":"2030-01-01T00:01:00.000Z",)"
            R"("reason":"3 failures in a row >= 3"}]})");
  EXPECT_EQ(page.http_status(), 200);
}

TEST_F(CircuitsJsonTest, ACriticalOneThatIsOpenMakesIt503) {
  CircuitsJsonOptions options;
  options.critical = {"payment/*"};
  const auto critical = Make("payment/shop.Payments/Charge");
  const auto other = Make("user/shop.Users/Get");
  Open(*other);
  EXPECT_EQ(CircuitsJson(registry_, options).http_status(), 200);
  ASSERT_TRUE(critical->ForceOpen(Operator("oncall").Because("the \"migration\"")).ok());
  const CircuitsPage page = CircuitsJson(registry_, options);
  EXPECT_EQ(page.http_status(), 503);
  EXPECT_THAT(page.body, HasSubstr(R"({"status":"critical",)"));
  EXPECT_THAT(page.body, HasSubstr(R"("reason":"oncall: the \"migration\"")"));
  EXPECT_THAT(page.body, HasSubstr(R"("mode":"FORCED_OPEN","critical":true)"));
  // Whether or not it is shown.
  options.circuits = {"user/*"};
  EXPECT_EQ(CircuitsJson(registry_, options).http_status(), 200);
}

TEST_F(CircuitsJsonTest, OneInShadowRejectsNothing) {
  const auto circuit = Make("payment/shop.Payments/Charge");
  circuit->Shadow(Operator("oncall").Because("a look"));
  for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
  ASSERT_EQ(circuit->state(), State::kOpen);
  CircuitsJsonOptions options;
  options.critical = {"*"};
  const CircuitsPage page = CircuitsJson(registry_, options);
  EXPECT_EQ(page.http_status(), 200);
  EXPECT_THAT(page.body, HasSubstr(R"("open":0)"));
  EXPECT_THAT(page.body, HasSubstr(R"("reason":"3 failures in a row >= 3")"));
}

TEST_F(CircuitsJsonTest, OfManyTheUrgentOnesAreShown) {
  for (int i = 0; i < 2'500; ++i) Make(absl::StrCat("tenants/", 10'000 + i));
  Open(*registry_.Find("tenants/12400"));
  CircuitsJsonOptions options;
  options.max_circuits = 2;
  const std::string body = CircuitsJson(registry_, options).body;
  EXPECT_THAT(body, HasSubstr(R"("total":2500,"open":1,"left_out":2498)"));
  EXPECT_THAT(body, HasSubstr("tenants/10000"));
  EXPECT_THAT(body, HasSubstr("tenants/12400"));
  EXPECT_THAT(body, Not(HasSubstr("tenants/10001")));
  options.max_circuits = 0;
  EXPECT_THAT(CircuitsJson(registry_, options).body, HasSubstr(R"("left_out":2500,"circuits":[])"));
}

}  // namespace
}  // namespace fusebox
