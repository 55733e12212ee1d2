// SPDX-License-Identifier: Apache-2.0
//
// What CircuitBreakerInterceptorFactory::Create refuses, and how it says so (rule R11).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/policy.h"
#include "fusebox/policy_use.h"
#include "interceptors/linked_services.h"
#include "interceptors/protected_call.h"
#include "tests/support/echo.pb.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitBreakerInterceptorFactory;
using fusebox::InterceptorOptions;
using fusebox::Policy;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

InterceptorOptions GoodOptions() {
  InterceptorOptions options;
  options.dependency = "echo";
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  return options;
}

Policy BadPolicy() {
  Policy policy;
  policy.jitter = 1;
  policy.failure_rate = 1.5;
  return policy;
}

// The message with which these options are refused; empty if they aren't.
std::string Refusal(InterceptorOptions options) {
  const absl::Status status = CircuitBreakerInterceptorFactory::Create(std::move(options)).status();
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return std::string(status.message());
}

TEST(FactoryTest, TakesGoodOptions) { EXPECT_EQ(Refusal(GoodOptions()), ""); }

TEST(FactoryTest, RefusesAnEmptyTarget) {
  InterceptorOptions options = GoodOptions();
  options.dependency.clear();
  EXPECT_THAT(Refusal(std::move(options)), HasSubstr("dependency = \"\", must not be empty"));
}

TEST(FactoryTest, RefusesNoRegistry) {
  InterceptorOptions options = GoodOptions();
  options.registry = nullptr;
  EXPECT_THAT(Refusal(std::move(options)), HasSubstr("registry = null"));
}

TEST(FactoryTest, RefusesInvalidPoliciesWhereverTheyAre) {
  InterceptorOptions options = GoodOptions();
  options.policies.Default(BadPolicy())
      .Service("shop.Inventory", BadPolicy())
      .Method("shop.Orders/Place", BadPolicy());
  EXPECT_THAT(
      Refusal(std::move(options)),
      AllOf(HasSubstr("default: "), HasSubstr("shop.Inventory: "), HasSubstr("shop.Orders/Place: "),
            HasSubstr("jitter = 1"), HasSubstr("failure_rate = 1.5")));
}

TEST(FactoryTest, RefusesMalformedNamesAndSecondEntries) {
  InterceptorOptions options = GoodOptions();
  options.policies.Service("shop/Inventory", Policy())
      .Method("/shop.Inventory/Reserve", Policy())
      .Unprotected("shop.")
      .Method("shop.Orders/Place", Policy())
      .Unprotected("shop.Orders/Place");
  EXPECT_THAT(Refusal(std::move(options)), AllOf(HasSubstr("service = \"shop/Inventory\""),
                                                 HasSubstr("method = \"/shop.Inventory/Reserve\""),
                                                 HasSubstr("unprotected = \"shop.\""),
                                                 HasSubstr("shop.Orders/Place: given twice")));
}

TEST(FactoryTest, RefusesAMethodThatItsLinkedServiceHasNot) {
  ASSERT_NE(EchoRequest::descriptor(), nullptr);  // links the service
  InterceptorOptions options = GoodOptions();
  options.policies.Method("fusebox_testing.Echo/Unray", Policy())
      .Unprotected("fusebox_testing.Echo/unary")
      .Method("fusebox_testing.Echo/Bidi", Policy());
  EXPECT_THAT(Refusal(std::move(options)),
              AllOf(HasSubstr("\"fusebox_testing.Echo/Unray\""),
                    HasSubstr("\"fusebox_testing.Echo/unary\""),
                    HasSubstr("Unary, ClientStream, ServerStream, Bidi"),
                    Not(HasSubstr("\"fusebox_testing.Echo/Bidi\""))));
}

TEST(FactoryTest, TakesServicesThatAreNotLinked) {
  InterceptorOptions options = GoodOptions();
  options.policies.Method("elsewhere.Service/AnyMethod", Policy())
      .Service("elsewhere.Another", Policy())
      .Unprotected("fusebox_testing.EchoRequest/Method");  // known, but no service
  EXPECT_EQ(Refusal(std::move(options)), "");
}

grpc::Status Answer(const EchoRequest& /*request*/, EchoReply* /*reply*/) {
  return grpc::Status::OK;
}
grpc::Status AnswerOther(const EchoReply& /*request*/, EchoRequest* /*reply*/) {
  return grpc::Status::OK;
}

constexpr char kDidYouMean[] =
    "did you mean fusebox_testing.Echo, which is linked into the program? "
    "PolicyTable::AllowUnknownNames takes it as it is";

TEST(FactoryTest, P1_RefusesAServiceThatIsNearlyALinkedOne) {
  for (const char* const near :
       {"fusebox_testing.Ecko", "fusebox_testing.Ech", "fusebox_testing.Echoo",
        "fusebox_testing.Ehco", "fusebox_testing.echo"}) {
    InterceptorOptions service = GoodOptions();
    service.policies.Service(near, Policy());
    InterceptorOptions method = GoodOptions();
    method.policies.Method(absl::StrCat(near, "/Unary"), Policy());
    InterceptorOptions unprotected = GoodOptions();
    unprotected.policies.Unprotected(near);
    InterceptorOptions streams = GoodOptions();
    streams.method_streams[absl::StrCat(near, "/Bidi")] = {};
    InterceptorOptions fallback = GoodOptions();
    fallback.fallbacks.Method<EchoRequest, EchoReply>(absl::StrCat(near, "/Unary"), Answer);
    for (InterceptorOptions* const options :
         {&service, &method, &unprotected, &streams, &fallback}) {
      InterceptorOptions allowed = *options;
      allowed.policies.AllowUnknownNames();
      EXPECT_EQ(Refusal(std::move(allowed)), "");
      EXPECT_THAT(Refusal(std::move(*options)),
                  AllOf(HasSubstr(absl::StrCat("= \"", near)), HasSubstr(kDidYouMean)));
    }
  }
}

TEST(FactoryTest, P1_TakesAServiceThatIsNotNearlyALinkedOne) {
  InterceptorOptions options = GoodOptions();
  options.policies.Service("fusebox_testing.Ekkko", Policy()).Service("Echo", Policy());
  EXPECT_EQ(Refusal(std::move(options)), "");
}

TEST(FactoryTest, P1_TakesAnyMethodIfUnknownNamesAreAllowed) {
  InterceptorOptions options = GoodOptions();
  options.policies.Method("fusebox_testing.Echo/Newer", Policy()).AllowUnknownNames();
  EXPECT_EQ(Refusal(std::move(options)), "");
}

TEST(EditDistance, CountsUpToItsLimit) {
  using fusebox::internal::EditDistance;
  EXPECT_EQ(EditDistance("", "", 2), 0);
  EXPECT_EQ(EditDistance("shop", "shop", 2), 0);
  EXPECT_EQ(EditDistance("shop.Inventry", "shop.Inventory", 2), 1);
  EXPECT_EQ(EditDistance("shop.Invnetory", "shop.Inventory", 2), 2);
  EXPECT_EQ(EditDistance("ab", "", 2), 2);
  EXPECT_EQ(EditDistance("abc", "", 2), 3);
  EXPECT_EQ(EditDistance("abc", "xyz", 2), 3);
  EXPECT_EQ(EditDistance(std::string(10'000, 'a'), std::string(10'000, 'b'), 2), 3);
}

TEST(FactoryTest, P1_TheRegistryTellsWhichSettingsNoCallHasMatched) {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto unused = [&registry] {
    std::vector<std::string> texts;
    for (const fusebox::UnusedPolicy& each : registry->UnusedPolicies()) {
      texts.push_back(absl::StrCat(each.target, " ", each.setting, " ", each.name));
    }
    return texts;
  };
  const auto make = [&registry](const std::string& target) {
    InterceptorOptions options;
    options.dependency = target;
    options.registry = registry;
    options.policies.Service("elsewhere.Another", Policy())
        .Method("fusebox_testing.Echo/Unary", Policy())
        .Unprotected("fusebox_testing.Echo/Bidi");
    options.method_streams["fusebox_testing.Echo/ServerStream"] = {};
    options.fallbacks.Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Unary", Answer);
    return fusebox::internal::ProtectedChannel(std::move(options),
                                               fusebox::StatusClassifier::Create({}).value());
  };
  {
    fusebox::internal::ProtectedChannel channel = make("echo");
    EXPECT_THAT(unused(), ElementsAre("echo policy elsewhere.Another",
                                      "echo unprotected fusebox_testing.Echo/Bidi",
                                      "echo stream options fusebox_testing.Echo/ServerStream",
                                      "echo fallback fusebox_testing.Echo/Unary",
                                      "echo policy fusebox_testing.Echo/Unary"));
    channel.circuits.FindMethod("/fusebox_testing.Echo/Unary");
    channel.circuits.FindMethod("/fusebox_testing.Echo/Bidi");
    channel.circuits.FindMethod("/fusebox_testing.Echo/ServerStream");
    EXPECT_THAT(unused(), ElementsAre("echo policy elsewhere.Another"));
    // Another channel of that target uses the other one's, one of another target doesn't.
    fusebox::internal::ProtectedChannel other = make("echo");
    EXPECT_THAT(unused(), ElementsAre("echo policy elsewhere.Another"));
    other.circuits.FindMethod("/elsewhere.Another/Method");
    EXPECT_THAT(unused(), IsEmpty());
    fusebox::internal::ProtectedChannel elsewhere = make("elsewhere\n");
    EXPECT_EQ(unused().size(), 5U);
    EXPECT_EQ(unused().front(), "elsewhere%0A policy elsewhere.Another");
  }
  EXPECT_THAT(unused(), IsEmpty());  // they go with their channels
}

TEST(FactoryTest, P2_RefusesPoliciesForLessThanWhatSharesACircuit) {
  InterceptorOptions options = GoodOptions();
  options.policies.Service("shop.Inventory", Policy())
      .Method("shop.Orders/Place", Policy())
      .Unprotected("shop.Orders/Watch");
  options.scope = fusebox::CircuitScope::kPerService;
  InterceptorOptions per_target = GoodOptions();
  per_target.policies = options.policies;
  per_target.scope = fusebox::CircuitScope::kPerTarget;
  EXPECT_THAT(Refusal(std::move(options)),
              AllOf(HasSubstr("method = \"shop.Orders/Place\", must not have a policy of its own"),
                    Not(HasSubstr("Watch")), Not(HasSubstr("shop.Inventory"))));
  EXPECT_THAT(Refusal(std::move(per_target)),
              AllOf(HasSubstr("method = \"shop.Orders/Place\", must not"),
                    HasSubstr("service = \"shop.Inventory\", must not"), Not(HasSubstr("Watch"))));
}

TEST(FactoryTest, TakesAFallbackWithTheMethodsMessages) {
  InterceptorOptions options = GoodOptions();
  options.fallbacks.Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Unary", Answer)
      .Method<EchoRequest, EchoReply>("elsewhere.Service/NotLinked", Answer);
  EXPECT_EQ(Refusal(std::move(options)), "");
}

TEST(FactoryTest, RefusesAFallbackWithOtherMessages) {
  InterceptorOptions options = GoodOptions();
  options.fallbacks.Method<EchoReply, EchoRequest>("fusebox_testing.Echo/Unary", AnswerOther);
  EXPECT_THAT(
      Refusal(std::move(options)),
      AllOf(
          HasSubstr("Request = fusebox_testing.EchoReply, must be fusebox_testing.EchoRequest"),
          HasSubstr("Response = fusebox_testing.EchoRequest, must be fusebox_testing.EchoReply")));
}

TEST(FactoryTest, RefusesFallbacksThatCouldNeverRun) {
  InterceptorOptions options = GoodOptions();
  options.policies.Unprotected("shop.Orders");
  options.fallbacks.Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Bidi", Answer)
      .Method<EchoRequest, EchoReply>("fusebox_testing.Echo/Missing", Answer)
      .Method<EchoRequest, EchoReply>("shop.Orders/Place", Answer)
      .Method<EchoRequest, EchoReply>("not a name", Answer);
  EXPECT_THAT(Refusal(std::move(options)),
              AllOf(HasSubstr("fusebox_testing.Echo/Bidi: is a stream"),
                    HasSubstr("\"fusebox_testing.Echo/Missing\", must be one of"),
                    HasSubstr("shop.Orders/Place: is unprotected"), HasSubstr("\"not a name\"")));
}

TEST(FactoryTest, C6_RefusesStreamOptionsOfWhatIsNoStream) {
  InterceptorOptions options = GoodOptions();
  options.method_streams["fusebox_testing.Echo/Bidi"] = {};
  options.method_streams["fusebox_testing.Echo/Unary"] = {};
  options.method_streams["fusebox_testing.Echo/Missing"] = {};
  options.method_streams["shop.Inventory"] = {};
  options.method_streams["elsewhere.Service/NotLinked"] = {};
  EXPECT_THAT(
      Refusal(std::move(options)),
      AllOf(HasSubstr("method_streams = \"fusebox_testing.Echo/Unary\", must be a streaming"),
            HasSubstr("\"fusebox_testing.Echo/Missing\", must be one of"),
            HasSubstr("method_streams = \"shop.Inventory\", must be \"package.Service/Method\""),
            Not(HasSubstr("Bidi\", must")), Not(HasSubstr("elsewhere"))));
}

TEST(FactoryTest, OneErrorNamesAllThatIsWrong) {
  InterceptorOptions options;
  options.policies.Default(BadPolicy())
      .Service("not a name", Policy())
      .Method("fusebox_testing.Echo/Missing", Policy());
  options.classifier.codes[static_cast<grpc::StatusCode>(17)] = fusebox::OutcomeKind::kFailure;
  options.classifier.min_deadline = absl::Seconds(-1);
  EXPECT_THAT(Refusal(std::move(options)),
              AllOf(HasSubstr("dependency"), HasSubstr("registry"), HasSubstr("jitter = 1"),
                    HasSubstr("\"not a name\""), HasSubstr("fusebox_testing.Echo/Missing"),
                    HasSubstr("code = 17"), HasSubstr("min_deadline = -1s")));
}

TEST(FactoryTest, CreateChannelRefusesNullCredentials) {
  fusebox::ChannelOptions options;
  options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>();
  const absl::Status status =
      fusebox::CreateChannel("127.0.0.1:1", nullptr, std::move(options)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(
      std::string(status.message()),
      AllOf(HasSubstr("credentials = null"), Not(HasSubstr("target")), Not(HasSubstr("registry"))));
}

TEST(FactoryTest, CreateChannelRefusesNullFactories) {
  fusebox::ChannelOptions options;
  options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>();
  options.outer_interceptors.push_back(nullptr);
  options.inner_interceptors.push_back(nullptr);
  const absl::Status status =
      fusebox::CreateChannel("127.0.0.1:1", grpc::InsecureChannelCredentials(), std::move(options))
          .status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("outer_interceptors[0] = null"),
                                                   HasSubstr("inner_interceptors[0] = null")));
}

}  // namespace
}  // namespace fusebox_testing
