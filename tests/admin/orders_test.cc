// SPDX-License-Identifier: Apache-2.0
//
// Standing orders through the admin service: what operators do holds for circuits that come later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fusebox/admin/orders_file.h"
#include "tests/admin/admin_server.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using fusebox::Mode;
using testing::ElementsAre;
using Stub = v1::CircuitAdmin::Stub;

// Where two operators may write, each with a name of their own, and anybody may read.
class Orders : public testing::Test {
 protected:
  static void TwoOperators(fusebox::CircuitAdminOptions& options) {
    options.write_authorizer =
        fusebox::AllowAnyOf({fusebox::AllowBearerToken("oncall-secret-token", "oncall").value(),
                             fusebox::AllowBearerToken("sre-secret-token-1", "sre").value()});
  }

  template <typename Request, typename Response>
  grpc::Status As(const std::string& token,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    return (server_.stub().*method)(&context, request, &response);
  }
  static std::string Alice() { return "oncall-secret-token"; }
  static std::string Bob() { return "sre-secret-token-1"; }

  v1::GiveOrderResponse Give(const std::string& token, const std::string& pattern,
                             v1::OrderAction action,
                             const std::function<void(v1::GiveOrderRequest&)>& change = {}) {
    v1::GiveOrderRequest request;
    request.set_pattern(pattern);
    request.set_action(action);
    request.set_reason("because of " + pattern);
    if (change) change(request);
    v1::GiveOrderResponse response;
    const grpc::Status status = As(token, &Stub::GiveOrder, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  grpc::Status Revoke(uint64_t id) {
    v1::RevokeOrderRequest request;
    request.set_id(id);
    request.set_reason("no more");
    v1::RevokeOrderResponse response;
    return As(Bob(), &Stub::RevokeOrder, request, response);
  }

  std::vector<v1::StandingOrder> List(const std::string& token) {
    v1::ListOrdersResponse response;
    EXPECT_TRUE(As(token, &Stub::ListOrders, v1::ListOrdersRequest(), response).ok());
    return {response.orders().begin(), response.orders().end()};
  }

  v1::GetCircuitResponse Get(const std::string& name, const std::string& token = Alice()) {
    v1::GetCircuitRequest request;
    request.set_name(name);
    v1::GetCircuitResponse response;
    const grpc::Status status = As(token, &Stub::GetCircuit, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::ApplyToCircuitsResponse Apply(const std::function<void(v1::ApplyToCircuitsRequest&)>& fill) {
    v1::ApplyToCircuitsRequest request;
    request.set_reason("because");
    fill(request);
    v1::ApplyToCircuitsResponse response;
    const grpc::Status status = As(Alice(), &Stub::ApplyToCircuits, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  Mode ModeOf(const std::string& name) { return server_.Add(name).Snapshot().mode; }

  AdminServer server_{TwoOperators};
};

std::string OriginOf(const v1::GetCircuitResponse& got, const std::string& path) {
  for (const v1::FieldOrigin& origin : got.origins()) {
    if (origin.path() != path) continue;
    return absl::StrCat(v1::PolicyLayer_Name(origin.layer()), " ", origin.source());
  }
  return "";
}

TEST_F(Orders, HoldThoseThatThereAreAndThoseMadeLater) {
  server_.Add("pay/1");
  server_.Add("other");
  const v1::GiveOrderResponse given = Give(Alice(), "pay/*", v1::ORDER_ACTION_FORCE_OPEN);
  EXPECT_EQ(given.instance(), "test-1");
  EXPECT_THAT(given.circuits(), ElementsAre("pay/1"));
  EXPECT_EQ(given.given().order().circuits(), 1);
  EXPECT_EQ(given.given().order().actor(), "oncall");
  EXPECT_EQ(ModeOf("pay/1"), Mode::kForcedOpen);
  EXPECT_EQ(ModeOf("pay/2"), Mode::kForcedOpen);
  EXPECT_EQ(ModeOf("other"), Mode::kAutomatic);

  const v1::Circuit later = Get("pay/2").circuit();
  EXPECT_EQ(later.order(), given.given().order().id());
  EXPECT_EQ(later.last_action().actor(), "oncall");
  EXPECT_EQ(later.last_action().detail(), "because of pay/*");

  const std::vector<v1::StandingOrder> orders = List(Alice());
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].pattern(), "pay/*");
  EXPECT_EQ(orders[0].action(), v1::ORDER_ACTION_FORCE_OPEN);
  EXPECT_EQ(orders[0].reason(), "because of pay/*");
  EXPECT_EQ(orders[0].circuits(), 2);
  EXPECT_FALSE(orders[0].has_ttl());

  EXPECT_TRUE(Revoke(orders[0].id()).ok());
  EXPECT_EQ(ModeOf("pay/2"), Mode::kAutomatic);
  EXPECT_EQ(ModeOf("pay/3"), Mode::kAutomatic);
  EXPECT_TRUE(List(Alice()).empty());
  EXPECT_EQ(ReasonOf(Revoke(orders[0].id())), "ORDER_NOT_FOUND");
}

TEST_F(Orders, OfTwoOperatorsTheLaterWinsAndBothAreSeen) {
  server_.Add("pay/1");
  Give(Alice(), "pay/*", v1::ORDER_ACTION_FORCE_OPEN);
  const uint64_t later = Give(Bob(), "pay/1", v1::ORDER_ACTION_DISABLE).given().order().id();
  EXPECT_EQ(ModeOf("pay/1"), Mode::kDisabled);
  EXPECT_EQ(ModeOf("pay/2"), Mode::kForcedOpen);
  const std::vector<v1::StandingOrder> orders = List(Alice());
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[0].actor(), "oncall");
  EXPECT_EQ(orders[1].actor(), "sre");
  EXPECT_TRUE(Revoke(later).ok());
  EXPECT_EQ(ModeOf("pay/1"), Mode::kForcedOpen) << "the earlier one is back";
  EXPECT_EQ(Get("pay/1").circuit().order(), orders[0].id());
}

TEST_F(Orders, ValidateOnlyCountsAndChangesNothing) {
  server_.Add("pay/1");
  server_.Add("pay/2");
  const v1::GiveOrderResponse given =
      Give(Alice(), "*", v1::ORDER_ACTION_DISABLE,
           [](v1::GiveOrderRequest& request) { request.set_validate_only(true); });
  EXPECT_EQ(given.given().order().circuits(), 2);
  EXPECT_EQ(given.given().order().id(), 0U);
  EXPECT_THAT(given.circuits(), ElementsAre("pay/1", "pay/2"));
  EXPECT_EQ(ModeOf("pay/1"), Mode::kAutomatic);
  EXPECT_TRUE(List(Alice()).empty());
}

std::vector<std::string> TextsOf(
    const google::protobuf::RepeatedPtrField<v1::OverruledOrder>& overruled) {
  std::vector<std::string> texts;
  for (const v1::OverruledOrder& each : overruled) {
    texts.push_back(absl::StrCat(each.ended() ? "ended " : "", each.order().id(), " ",
                                 each.order().pattern(), " ", each.order().actor()));
  }
  return texts;
}

TEST_F(Orders, OfOthersAreToldOfWhereANewOneOverrulesOrEndsThem) {
  server_.Add("pay/1");
  server_.Add("other");
  EXPECT_THAT(TextsOf(Give(Bob(), "pay/*", v1::ORDER_ACTION_FORCE_OPEN).overruled()),
              ElementsAre());
  Give(Bob(), "other", v1::ORDER_ACTION_SHADOW);
  Give(Bob(), "q/*", v1::ORDER_ACTION_SHADOW);
  Give(Bob(), "pay/*", v1::ORDER_ACTION_SET_POLICY, [](v1::GiveOrderRequest& request) {
    request.mutable_change()->mutable_policy()->mutable_ramp();
  });
  // By a pattern that fits the other one, or is fitted by it, or for a circuit that both fit.
  for (const bool validate_only : {true, false}) {
    for (const char* pattern : {"p*", "pay/7", "*/1"}) {
      const auto given =
          Give(Alice(), pattern, v1::ORDER_ACTION_DISABLE,
               [&](v1::GiveOrderRequest& request) { request.set_validate_only(validate_only); });
      EXPECT_THAT(TextsOf(given.overruled()), ElementsAre("1 pay/* sre")) << pattern;
    }
    EXPECT_THAT(TextsOf(Give(Alice(), "x*", v1::ORDER_ACTION_DISABLE).overruled()), ElementsAre());
    const auto applied = Apply([&](v1::ApplyToCircuitsRequest& request) {
      request.mutable_disable();
      request.set_all(true);
      request.set_validate_only(validate_only);
    });
    EXPECT_THAT(TextsOf(applied.overruled()),
                ElementsAre("1 pay/* sre", "2 other sre", "3 q/* sre"));
    ASSERT_EQ(applied.orders_size(), 1);
    EXPECT_EQ(applied.orders(0).order().id() == 0, validate_only);
    EXPECT_EQ(applied.orders(0).order().circuits(), 2);
  }

  // Of policies, by the field.
  v1::UpdatePolicyRequest update;
  update.set_name("pay/1");
  update.set_reason("because");
  update.mutable_change()->mutable_policy()->set_jitter(0.1);
  v1::UpdatePolicyResponse updated;
  ASSERT_TRUE(As(Alice(), &Stub::UpdatePolicy, update, updated).ok());
  EXPECT_THAT(TextsOf(updated.overruled()), ElementsAre());
  update.mutable_change()->mutable_policy()->mutable_ramp()->set_initial_fraction(0.3);
  ASSERT_TRUE(As(Alice(), &Stub::UpdatePolicy, update, updated).ok());
  EXPECT_THAT(TextsOf(updated.overruled()), ElementsAre("4 pay/* sre"));

  v1::DisableCircuitRequest disable;
  disable.set_name("pay/1");
  disable.set_reason("because");
  v1::DisableCircuitResponse disabled;
  ASSERT_TRUE(As(Alice(), &Stub::DisableCircuit, disable, disabled).ok());
  EXPECT_THAT(TextsOf(disabled.overruled()), ElementsAre("1 pay/* sre"));
  EXPECT_EQ(disabled.overruled(0).order().reason(), "because of pay/*");
  v1::ResetCircuitRequest reset;
  reset.set_name("other");
  reset.set_reason("because");
  v1::ResetCircuitResponse was_reset;
  ASSERT_TRUE(As(Alice(), &Stub::ResetCircuit, reset, was_reset).ok());
  EXPECT_THAT(TextsOf(was_reset.overruled()), ElementsAre("ended 2 other sre"));
  const auto automated = Apply([](v1::ApplyToCircuitsRequest& request) {
    request.mutable_automate();
    request.mutable_filter()->add_name_globs("pay/*");
  });
  EXPECT_THAT(TextsOf(automated.overruled()), ElementsAre("ended 1 pay/* sre"));
}

TEST_F(Orders, EndByTheirTtl) {
  server_.Add("pay/1");
  Give(Alice(), "pay/*", v1::ORDER_ACTION_DISABLE,
       [](v1::GiveOrderRequest& request) { request.mutable_ttl()->set_seconds(60); });
  EXPECT_EQ(List(Alice()).at(0).ttl().seconds(), 60);
  server_.clock().Advance(absl::Seconds(59));
  EXPECT_EQ(ModeOf("pay/1"), Mode::kDisabled);
  server_.clock().Advance(absl::Seconds(1));
  EXPECT_TRUE(List(Alice()).empty());
  EXPECT_EQ(ModeOf("pay/1"), Mode::kAutomatic);
  EXPECT_EQ(ModeOf("pay/2"), Mode::kAutomatic);
}

TEST_F(Orders, SetFieldsOfThePolicyAndTellWhoseWordEachIs) {
  server_.Add("pay/1");
  const auto open_for = [this](const std::string& token, int seconds) {
    return Give(token, "pay/*", v1::ORDER_ACTION_SET_POLICY, [&](v1::GiveOrderRequest& request) {
      request.mutable_change()->mutable_policy()->mutable_open_duration()->set_seconds(seconds);
    });
  };
  const uint64_t id = open_for(Alice(), 45).given().order().id();
  EXPECT_EQ(server_.Add("pay/2").Snapshot().policy->open_duration, absl::Seconds(45));
  const v1::GetCircuitResponse got = Get("pay/2");
  EXPECT_EQ(OriginOf(got, "open_duration"),
            absl::StrCat("POLICY_LAYER_ORDER order ", id, " by oncall"));
  EXPECT_EQ(OriginOf(got, "consecutive_failures"), "POLICY_LAYER_CODE ");
  EXPECT_EQ(OriginOf(got, "max_open_duration"), "POLICY_LAYER_DEFAULT ");
  EXPECT_EQ(got.circuit().order(), 0U) << "that is about the mode";
  EXPECT_EQ(OriginOf(Get("pay/2", ""), "open_duration"),
            absl::StrCat("POLICY_LAYER_ORDER order ", id))
      << "a stranger is not told who";

  const v1::StandingOrder told = List(Alice()).at(0);
  EXPECT_THAT(told.change().update_mask().paths(), ElementsAre("open_duration"));
  EXPECT_EQ(told.change().policy().open_duration().seconds(), 45);
  EXPECT_FALSE(told.change().policy().has_jitter());

  const uint64_t later = open_for(Bob(), 50).given().order().id();
  EXPECT_EQ(server_.Add("pay/1").Snapshot().policy->open_duration, absl::Seconds(50));
  EXPECT_TRUE(Revoke(later).ok());
  EXPECT_EQ(server_.Add("pay/1").Snapshot().policy->open_duration, absl::Seconds(45));
  EXPECT_TRUE(Revoke(id).ok());
  EXPECT_EQ(*server_.Add("pay/1").Snapshot().policy, AdminTestPolicy().InForce());
}

TEST_F(Orders, ArePolicyUpdatesOfAnyMask) {
  const auto policy_after = [this](const std::string& name, const v1::PolicyChange& change) {
    server_.Add(name);
    v1::UpdatePolicyRequest request;
    request.set_name(name);
    request.set_reason("because");
    *request.mutable_change() = change;
    v1::UpdatePolicyResponse would_be;
    v1::UpdatePolicyResponse is;
    request.set_validate_only(true);
    EXPECT_TRUE(As(Alice(), &Stub::UpdatePolicy, request, would_be).ok());
    EXPECT_EQ(would_be.order(), 0U);
    request.set_validate_only(false);
    const grpc::Status status = As(Alice(), &Stub::UpdatePolicy, request, is);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_NE(is.order(), 0U);
    EXPECT_EQ(is.circuit().etag(), would_be.circuit().etag())
        << "the order makes of it what the preview says: " << change.ShortDebugString();
    EXPECT_TRUE(server_.registry()->Remove(name).ok());
    server_.Add(name);
    EXPECT_EQ(Get(name).circuit().etag(), would_be.circuit().etag()) << "made anew";
    return is.circuit().policy();
  };
  v1::PolicyChange change;
  change.mutable_policy()->set_failure_rate(0.4);
  change.mutable_policy()->mutable_time_window()->mutable_duration()->set_seconds(20);
  change.mutable_policy()->mutable_ramp();
  EXPECT_EQ(policy_after("set", change).time_window().duration().seconds(), 20);
  for (const char* path : {"failure_rate", "time_window", "ramp", "half_open.max_concurrent",
                           "consecutive_failures"}) {
    change.mutable_update_mask()->add_paths(path);
  }
  EXPECT_FALSE(policy_after("masked", change).has_consecutive_failures());
  change.clear_update_mask();
  change.mutable_update_mask()->add_paths("*");
  const v1::Policy whole = policy_after("whole", change);
  EXPECT_EQ(whole.open_duration().seconds(), 30) << "the default, not the code's";
  change.mutable_policy()->Clear();
  EXPECT_TRUE(policy_after("empty", change).has_improbable_run());
  change.clear_update_mask();
  change.mutable_policy()->mutable_shadow_policy()->set_consecutive_failures(7);
  EXPECT_EQ(policy_after("candidate", change).shadow_policy().consecutive_failures(), 7);
}

TEST_F(Orders, ComeOfWhatIsDoneToOneCircuit) {
  server_.Add("a");
  v1::ForceOpenCircuitRequest open;
  open.set_name("a");
  open.set_reason("because");
  v1::ForceOpenCircuitResponse opened;
  ASSERT_TRUE(As(Alice(), &Stub::ForceOpenCircuit, open, opened).ok());
  const std::vector<v1::StandingOrder> orders = List(Alice());
  ASSERT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders[0].pattern(), "a");
  EXPECT_EQ(opened.circuit().order(), orders[0].id());
  ASSERT_TRUE(server_.registry()->Remove("a").ok());
  EXPECT_EQ(ModeOf("a"), Mode::kForcedOpen);

  v1::ResetCircuitRequest reset;
  reset.set_name("a");
  reset.set_reason("it is back");
  v1::ResetCircuitResponse after;
  ASSERT_TRUE(As(Bob(), &Stub::ResetCircuit, reset, after).ok());
  EXPECT_EQ(after.circuit().mode(), v1::MODE_AUTOMATIC);
  EXPECT_EQ(after.circuit().state(), v1::STATE_CLOSED);
  EXPECT_EQ(after.circuit().last_action().cause(), v1::CAUSE_RESET);
  EXPECT_TRUE(List(Alice()).empty()) << "the reset has taken the order away";
}

TEST_F(Orders, OfAllStandAgainstAResetOfOne) {
  server_.Add("a");
  Give(Alice(), "*", v1::ORDER_ACTION_DISABLE);
  v1::ResetCircuitRequest reset;
  reset.set_name("a");
  reset.set_reason("it is back");
  v1::ResetCircuitResponse after;
  ASSERT_TRUE(As(Bob(), &Stub::ResetCircuit, reset, after).ok());
  EXPECT_EQ(after.circuit().mode(), v1::MODE_AUTOMATIC);
  ASSERT_TRUE(server_.registry()->Remove("a").ok());
  EXPECT_EQ(ModeOf("a"), Mode::kAutomatic) << "by an order of its own";
  EXPECT_EQ(ModeOf("b"), Mode::kDisabled);
}

TEST_F(Orders, OfAFilterOfNamesOrTargetsHoldForLaterOnes) {
  server_.Add("pay/1", "pay");
  const v1::ApplyToCircuitsResponse by_name = Apply([](v1::ApplyToCircuitsRequest& request) {
    request.mutable_filter()->add_name_globs("pay/*");
    request.mutable_disable();
  });
  ASSERT_EQ(by_name.orders_size(), 1);
  EXPECT_EQ(by_name.orders(0).order().circuits(), 1);
  EXPECT_EQ(by_name.results(0).mode(), v1::MODE_DISABLED);
  EXPECT_EQ(server_.Add("pay/2", "pay").Snapshot().mode, Mode::kDisabled);

  Apply([](v1::ApplyToCircuitsRequest& request) {
    request.mutable_filter()->add_targets("pay");
    request.mutable_shadow();
  });
  EXPECT_EQ(server_.Add("pay/3", "pay").Snapshot().mode, Mode::kShadow);
  EXPECT_EQ(server_.Add("pay", "pay").Snapshot().mode, Mode::kShadow);
  EXPECT_EQ(ModeOf("payments"), Mode::kAutomatic);

  const v1::ApplyToCircuitsResponse all = Apply([](v1::ApplyToCircuitsRequest& request) {
    request.set_all(true);
    request.mutable_reset();
  });
  EXPECT_EQ(all.orders_size(), 0);
  EXPECT_TRUE(List(Alice()).empty()) << "a reset of all takes all away";
  EXPECT_EQ(server_.Add("pay/4", "pay").Snapshot().mode, Mode::kAutomatic);
}

TEST_F(Orders, OfAFilterOfStatesAreAboutThoseThatMatchNow) {
  AdminServer::Open(server_.Add("a"));
  AdminServer::Open(server_.Add("b"));
  server_.Add("c");
  const v1::ApplyToCircuitsResponse applied = Apply([](v1::ApplyToCircuitsRequest& request) {
    request.mutable_filter()->add_states(v1::STATE_OPEN);
    request.mutable_disable();
  });
  EXPECT_EQ(applied.orders_size(), 2);
  ASSERT_EQ(applied.results_size(), 2);
  std::vector<std::string> patterns;
  for (const v1::StandingOrder& order : List(Alice())) patterns.push_back(order.pattern());
  EXPECT_THAT(patterns, ElementsAre("a", "b"));
  // Names and targets together are no pattern.
  Apply([](v1::ApplyToCircuitsRequest& request) {
    request.mutable_filter()->add_name_globs("*");
    request.mutable_filter()->add_targets("");
    request.mutable_shadow();
  });
  EXPECT_EQ(ModeOf("c"), Mode::kShadow);
  EXPECT_EQ(ModeOf("d"), Mode::kAutomatic);
}

TEST_F(Orders, OfAPolicyAreForEachThatTakesItIfSomeDoNot) {
  fusebox::Policy small = AdminTestPolicy();
  small.window = fusebox::CountWindow{5};
  server_.Add("a");
  ASSERT_TRUE(server_.registry()->GetOrCreate("b", small).ok());
  const auto update = [](v1::ApplyToCircuitsRequest& request) {
    request.set_all(true);
    request.mutable_update_policy()->mutable_policy()->set_failures_in_window(10);
  };
  const v1::ApplyToCircuitsResponse some = Apply(update);
  EXPECT_EQ(some.results(0).code(), 0);
  EXPECT_EQ(some.results(1).code(), grpc::StatusCode::INVALID_ARGUMENT);
  ASSERT_EQ(some.orders_size(), 1);
  EXPECT_EQ(some.orders(0).order().pattern(), "a");
  ASSERT_TRUE(server_.registry()->Remove("b").ok());
  EXPECT_EQ(Apply(update).orders(0).order().pattern(), "*");
}

TEST_F(Orders, AreBounded) {
  server_.Add("a");
  for (int i = 0; i < 1'000; ++i) {
    fusebox::StandingOrder order;
    order.pattern = absl::StrCat("p", i);
    order.action = fusebox::OrderAction::kDisable;
    order.by = fusebox::Operator("carol").Because("because");
    ASSERT_TRUE(server_.registry()->GiveOrder(order).ok());
  }
  v1::GiveOrderRequest request;
  request.set_pattern("one more");
  request.set_action(v1::ORDER_ACTION_DISABLE);
  request.set_reason("because");
  v1::GiveOrderResponse response;
  grpc::Status status = As(Alice(), &Stub::GiveOrder, request, response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_ORDERS");

  v1::DisableCircuitRequest disable;
  disable.set_name("a");
  disable.set_reason("because");
  v1::DisableCircuitResponse disabled;
  status = As(Alice(), &Stub::DisableCircuit, disable, disabled);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_ORDERS");
  EXPECT_EQ(ModeOf("a"), Mode::kAutomatic);

  // Page by page.
  v1::ListOrdersRequest list;
  list.set_page_size(300);
  std::vector<int> pages;
  uint64_t last = 0;
  do {
    v1::ListOrdersResponse page;
    ASSERT_TRUE(As(Alice(), &Stub::ListOrders, list, page).ok());
    pages.push_back(page.orders_size());
    for (const v1::StandingOrder& order : page.orders()) {
      EXPECT_GT(order.id(), last);
      last = order.id();
    }
    list.set_page_token(page.next_page_token());
  } while (!list.page_token().empty());
  EXPECT_THAT(pages, ElementsAre(300, 300, 300, 100));
  list.set_page_token("x");
  v1::ListOrdersResponse page;
  EXPECT_THAT(ViolatedFields(As(Alice(), &Stub::ListOrders, list, page)),
              ElementsAre("page_token"));
}

TEST_F(Orders, KeepFromStrangersWhoGaveThemAndWhy) {
  Give(Alice(), "pay/*", v1::ORDER_ACTION_FORCE_OPEN);
  const v1::StandingOrder told = List("").at(0);
  EXPECT_EQ(told.pattern(), "pay/*");
  EXPECT_EQ(told.actor(), "");
  EXPECT_EQ(told.reason(), "");
}

// A circuit that an order holds may be evicted, and obeys when it is back.
TEST(OrdersAndEviction, HoldWhatComesBack) {
  fusebox::CircuitRegistry::Options bounded;
  bounded.max_circuits = 10;
  const auto registry = std::make_shared<fusebox::CircuitRegistry>(std::move(bounded));
  AdminServer server([&](fusebox::CircuitAdminOptions& options) { options.registry = registry; });
  v1::GiveOrderRequest request;
  request.set_pattern("key/*");
  request.set_action(v1::ORDER_ACTION_FORCE_OPEN);
  request.set_reason("because");
  v1::GiveOrderResponse response;
  ASSERT_TRUE(Call(server.stub(), &Stub::GiveOrder, request, response).ok());
  for (int i = 0; i < 100; ++i) {
    const auto circuit = registry->GetOrCreate(absl::StrCat("key/", i), AdminTestPolicy());
    ASSERT_TRUE(circuit.ok()) << circuit.status();
    EXPECT_EQ((*circuit)->Snapshot().mode, Mode::kForcedOpen);
  }
  EXPECT_EQ(registry->size(), 10U);
  const auto back = registry->GetOrCreate("key/0", AdminTestPolicy());
  ASSERT_TRUE(back.ok());
  EXPECT_EQ((*back)->Snapshot().mode, Mode::kForcedOpen);
  EXPECT_NE((*back)->Snapshot().order, 0U);
}

// A process that is started again has what the operators of the one before have said.
TEST(OrdersAndRestart, AreObeyedByTheNextProcess) {
  const TestFolder folder;
  uint64_t id = 0;
  for (const bool first : {true, false}) {
    AdminServer server;
    fusebox::OrdersFileOptions options;
    options.path = (folder / "orders").string();
    options.registry = server.registry();
    const auto file = fusebox::OrdersFile::Open(std::move(options));
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_THAT((*file)->warnings(), ElementsAre());
    if (first) {
      v1::GiveOrderRequest request;
      request.set_pattern("pay/*");
      request.set_action(v1::ORDER_ACTION_FORCE_OPEN);
      request.set_reason("because");
      v1::GiveOrderResponse response;
      ASSERT_TRUE(Call(server.stub(), &Stub::GiveOrder, request, response).ok());
      id = response.given().order().id();
    }
    const fusebox::CircuitSnapshot circuit = server.Add("pay/1").Snapshot();
    EXPECT_EQ(circuit.mode, Mode::kForcedOpen);
    EXPECT_EQ(circuit.order, id);
    EXPECT_EQ(circuit.last_action->actor, "local 127.0.0.1");
    EXPECT_EQ(circuit.last_action->detail, "because");
  }
}

}  // namespace
}  // namespace fusebox_testing
