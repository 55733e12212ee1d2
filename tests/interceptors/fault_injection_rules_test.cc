// SPDX-License-Identifier: Apache-2.0
//
// Which faults are refused, which one a method gets, and whose turn it is.
#include "interceptors/fault_injection_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/grpc/fault_injection.h"
#include "tests/support/echo.pb.h"

namespace fusebox_testing {
namespace {

using fusebox::Fault;
using fusebox::FaultInjector;
using fusebox::InjectedDelay;
using fusebox::InjectedHang;
using fusebox::InjectedStatus;
using fusebox::internal::FaultEngine;
using fusebox::internal::FaultRule;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Fault MakeFault(decltype(Fault::kind) kind, double fraction = 1) {
  Fault fault;
  fault.kind = std::move(kind);
  fault.fraction = fraction;
  return fault;
}

std::shared_ptr<FaultInjector> MakeInjector() { return *FaultInjector::Create({}); }

// The message with which this fault is refused; empty if it isn't.
std::string Refusal(const std::string& name, const Fault& fault = {}) {
  const absl::Status status = MakeInjector()->Set(name, fault);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

// ---- What is refused.

TEST(FaultValidationTest, TakesNamesAsAPolicyTableDoesAndTheDefault) {
  for (const char* name : {"shop.Inventory/Reserve", "shop.Inventory", "Inventory", "*",
                           "fusebox_testing.Echo/Bidi", "grpc.health.v1.Health"}) {
    EXPECT_EQ(Refusal(name), "") << name;
  }
  for (const char* name : {"", "/shop.Inventory/Reserve", "shop.", "shop.*", "a/b/c"}) {
    EXPECT_THAT(Refusal(name), HasSubstr("name = \"" + std::string(name) + "\", must be")) << name;
  }
}

TEST(FaultValidationTest, RefusesAMethodThatItsLinkedServiceHasNot) {
  ASSERT_NE(EchoRequest::descriptor(), nullptr);  // links the service
  EXPECT_THAT(Refusal("fusebox_testing.Echo/Unray"),
              AllOf(HasSubstr("\"fusebox_testing.Echo/Unray\""), HasSubstr("Unary")));
}

TEST(FaultValidationTest, P1_ARefusedNameIsTakenByTheOptionThatTheRefusalNames) {
  for (const char* const name : {"fusebox_testing.Ecko/Unary", "fusebox_testing.Echo/Unray"}) {
    EXPECT_THAT(Refusal(name),
                AllOf(HasSubstr("FaultInjectorOptions::allow_unknown_names takes it as it is"),
                      Not(HasSubstr("PolicyTable"))));
    fusebox::FaultInjectorOptions options;
    options.allow_unknown_names = true;
    EXPECT_EQ((*FaultInjector::Create(options))->Set(name, Fault()), absl::OkStatus());
  }
}

TEST(FaultValidationTest, TakesTheEndsOfEveryRangeAndNothingBeyond) {
  constexpr double kLeast = std::numeric_limits<double>::min();
  for (const double fraction : {kLeast, 1.0}) {
    EXPECT_EQ(Refusal("*", MakeFault(InjectedHang{}, fraction)), "");
  }
  for (const double fraction : {0.0, -0.5, 1.001, std::nan("")}) {
    EXPECT_THAT(Refusal("*", MakeFault(InjectedHang{}, fraction)), HasSubstr("fraction = "));
  }
  for (const absl::Duration delay : {absl::Milliseconds(1), absl::Hours(1)}) {
    EXPECT_EQ(Refusal("*", MakeFault(InjectedDelay{delay})), "");
  }
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Seconds(-1), absl::Hours(1) + absl::Nanoseconds(1),
        absl::InfiniteDuration()}) {
    EXPECT_THAT(Refusal("*", MakeFault(InjectedDelay{delay})),
                HasSubstr("duration = " + absl::FormatDuration(delay) + ", must be from"));
  }
  for (const int code : {1, 16}) {
    EXPECT_EQ(Refusal("*", MakeFault(InjectedStatus{static_cast<grpc::StatusCode>(code), ""})), "");
  }
  for (const int code : {-1, 0, 17}) {
    EXPECT_THAT(Refusal("*", MakeFault(InjectedStatus{static_cast<grpc::StatusCode>(code), ""})),
                HasSubstr("code = " + std::to_string(code) + ", must be from 1 to 16"));
  }
}

TEST(FaultValidationTest, OneErrorNamesAllThatIsWrong) {
  EXPECT_THAT(Refusal("not a name", MakeFault(InjectedDelay{absl::ZeroDuration()}, 2)),
              AllOf(HasSubstr("invalid fault: name = \"not a name\""), HasSubstr("duration = 0"),
                    HasSubstr("fraction = 2")));
}

TEST(FaultValidationTest, MaxHangHasARange) {
  for (const absl::Duration max_hang :
       {absl::ZeroDuration(), absl::Hours(24) + absl::Seconds(1), absl::InfiniteDuration()}) {
    fusebox::FaultInjectorOptions options;
    options.max_hang = max_hang;
    const absl::Status status = FaultInjector::Create(options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("max_hang = " + absl::FormatDuration(max_hang)));
  }
}

TEST(FaultValidationTest, FactoryRefusesNoInjector) {
  const absl::Status status = fusebox::FaultInjectionInterceptorFactory::Create(nullptr).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("injector = null"));
}

// ---- Which fault a method gets.

// The message of the status that a method gets; empty if it has no fault.
std::string MessageFor(const FaultEngine& engine, const std::string& method) {
  const auto rule = engine.Find(method);
  return rule == nullptr ? "" : std::get<InjectedStatus>(rule->fault().kind).message;
}

Fault Named(const std::string& message) {
  return MakeFault(InjectedStatus{grpc::StatusCode::UNAVAILABLE, message});
}

TEST(FaultEngineTest, MethodBeforeServiceBeforeDefault) {
  FaultEngine engine(1, absl::Minutes(1));
  EXPECT_EQ(MessageFor(engine, "/shop.Inventory/Reserve"), "");
  engine.Set("*", Named("default"));
  engine.Set("shop.Inventory", Named("service"));
  engine.Set("shop.Inventory/Reserve", Named("method"));
  EXPECT_EQ(MessageFor(engine, "/shop.Inventory/Reserve"), "method");
  EXPECT_EQ(MessageFor(engine, "shop.Inventory/Release"), "service");
  EXPECT_EQ(MessageFor(engine, "/shop.Orders/Place"), "default");
  EXPECT_TRUE(engine.Clear("shop.Inventory/Reserve"));
  EXPECT_EQ(MessageFor(engine, "/shop.Inventory/Reserve"), "service");
  EXPECT_FALSE(engine.Clear("shop.Inventory/Reserve"));
  engine.ClearAll();
  EXPECT_EQ(MessageFor(engine, "/shop.Inventory/Reserve"), "");
  EXPECT_EQ(MessageFor(engine, "/shop.Orders/Place"), "");
}

TEST(FaultEngineTest, DefaultLeavesHealthAndReflectionAlone) {
  FaultEngine engine(1, absl::Minutes(1));
  engine.Set("*", Named("default"));
  EXPECT_EQ(MessageFor(engine, "/grpc.health.v1.Health/Check"), "");
  EXPECT_EQ(MessageFor(engine, "/grpc.reflection.v1alpha.ServerReflection/Info"), "");
  engine.Set("grpc.health.v1.Health", Named("named"));
  EXPECT_EQ(MessageFor(engine, "/grpc.health.v1.Health/Check"), "named");
}

TEST(FaultEngineTest, RefusedFaultLeavesTheOldOneInForce) {
  const auto injector = MakeInjector();
  ASSERT_TRUE(injector->Set("*", Named("old")).ok());
  EXPECT_FALSE(injector->Set("*", MakeFault(InjectedHang{}, 0)).ok());
  EXPECT_TRUE(injector->Clear("*"));
  EXPECT_FALSE(injector->Clear("*"));
}

// ---- Whose turn it is.

std::string Lots(FaultRule& rule, int calls) {
  std::string lots;
  for (int i = 0; i < calls; ++i) lots.push_back(rule.Draw() ? 'x' : '.');
  return lots;
}

std::string Lots(uint64_t seed, const std::string& name, double fraction, int calls = 32) {
  FaultRule rule(MakeFault(InjectedHang{}, fraction), seed, name);
  return Lots(rule, calls);
}

// What one process draws, every other draws.
TEST(FaultRuleTest, SeedDecidesForAllTime) {
  EXPECT_EQ(Lots(1, "shop.Inventory/Reserve", 0.3), "...........x......x.x..x.xx...x.");
  EXPECT_NE(Lots(2, "shop.Inventory/Reserve", 0.3), Lots(1, "shop.Inventory/Reserve", 0.3));
  EXPECT_NE(Lots(1, "shop.Inventory/Release", 0.3), Lots(1, "shop.Inventory/Reserve", 0.3));
}

TEST(FaultRuleTest, TheFractionOfCallsGetsTheFault) {
  for (const double fraction : {0.01, 0.3, 0.5, 0.99}) {
    constexpr int kCalls = 100'000;
    const std::string lots = Lots(7, "*", fraction, kCalls);
    const auto hits = static_cast<double>(std::count(lots.begin(), lots.end(), 'x'));
    EXPECT_NEAR(hits / kCalls, fraction, 0.005);
  }
  EXPECT_EQ(Lots(7, "*", 1), std::string(32, 'x'));
}

TEST(FaultRuleTest, LotsOfOneMethodDoNotHangOnAnothers) {
  FaultEngine engine(7, absl::Minutes(1));
  engine.Set("a.B/C", MakeFault(InjectedHang{}, 0.3));
  engine.Set("a.B/D", MakeFault(InjectedHang{}, 0.3));
  const auto first = engine.Find("/a.B/C");
  std::string lots;
  for (int i = 0; i < 32; ++i) {
    lots += Lots(*first, 1);
    engine.Find("/a.B/D")->Draw();
  }
  EXPECT_EQ(lots, Lots(7, "a.B/C", 0.3));
}

TEST(FaultRuleTest, SetStartsAnew) {
  FaultEngine engine(7, absl::Minutes(1));
  const Fault fault = MakeFault(InjectedHang{}, 0.3);
  engine.Set("*", fault);
  const std::string lots = Lots(*engine.Find("/a.B/C"), 32);
  engine.Set("*", fault);
  EXPECT_EQ(Lots(*engine.Find("/a.B/C"), 32), lots);
}

}  // namespace
}  // namespace fusebox_testing
