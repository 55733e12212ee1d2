// SPDX-License-Identifier: Apache-2.0
//
// Looking at circuits through the admin service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "fusebox/circuit_name.h"
#include "tests/admin/admin_server.h"
#include "tests/support/hostile_texts.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAreArray;
using v1::CircuitAdmin;

v1::ListCircuitsResponse ListPage(AdminServer& server, const v1::ListCircuitsRequest& request) {
  v1::ListCircuitsResponse response;
  const grpc::Status status =
      Call(server.stub(), &CircuitAdmin::Stub::ListCircuits, request, response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

v1::GetCircuitResponse Get(AdminServer& server, const std::string& name, int max_events = 0) {
  v1::GetCircuitRequest request;
  request.set_name(name);
  request.set_max_events(max_events);
  v1::GetCircuitResponse response;
  const grpc::Status status =
      Call(server.stub(), &CircuitAdmin::Stub::GetCircuit, request, response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

TEST(GetInstance, TellsOfTheProcessAsAWhole) {
  AdminServer server;
  server.Add("a");
  server.Add("b");
  v1::GetInstanceResponse response;
  ASSERT_TRUE(Call(server.stub(), &CircuitAdmin::Stub::GetInstance, {}, response).ok());
  EXPECT_EQ(response.instance().name(), "test-1");
  EXPECT_EQ(response.instance().circuits(), 2);
  EXPECT_EQ(response.instance().max_circuits(), 0);
  EXPECT_EQ(response.instance().evicted_circuits(), 0);
  EXPECT_EQ(response.instance().unprotected_calls(), 0);
}

TEST(GetInstance, CountsEvictedCircuitsAndUnprotectedCalls) {
  std::shared_ptr<fusebox::CircuitRegistry> registry;
  AdminServer server([&registry](fusebox::CircuitAdminOptions& options) {
    fusebox::CircuitRegistry::Options small;
    small.max_circuits = 1;
    registry = std::make_shared<fusebox::CircuitRegistry>(std::move(small));
    options.registry = registry;
  });
  ASSERT_TRUE(registry->GetOrCreate("a", AdminTestPolicy()).ok());
  const auto b = registry->GetOrCreate("b", AdminTestPolicy()).value();
  b->Disable(fusebox::Operator("oncall").Because("stays"));
  EXPECT_FALSE(registry->GetOrCreate("c", AdminTestPolicy()).ok());
  v1::GetInstanceResponse response;
  ASSERT_TRUE(Call(server.stub(), &CircuitAdmin::Stub::GetInstance, {}, response).ok());
  EXPECT_EQ(response.instance().circuits(), 1);
  EXPECT_EQ(response.instance().max_circuits(), 1);
  EXPECT_EQ(response.instance().evicted_circuits(), 1);
  EXPECT_EQ(response.instance().restored_circuits(), 0);
  EXPECT_EQ(response.instance().forgotten_circuits(), 0);
  EXPECT_EQ(response.instance().unprotected_calls(), 1);
}

TEST(GetCircuit, R23_HasWhatACandidateWouldHaveDone) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  EXPECT_FALSE(Get(server, "a").circuit().has_shadow());
  fusebox::Policy policy = AdminTestPolicy();
  policy.shadow_policy = AdminTestPolicy();
  ASSERT_TRUE(circuit.SetPolicy(policy, fusebox::Operator("oncall").Because("to see")).ok());
  circuit.Disable(fusebox::Operator("oncall").Because("to see"));
  for (int i = 0; i < 20; ++i) circuit.TryAcquire().permit().RecordFailure();
  const fusebox::ShadowCounts want = *circuit.Snapshot().shadow;
  const v1::GetCircuitResponse response = Get(server, "a", 100);
  const v1::ShadowCounts& got = response.circuit().shadow();
  EXPECT_EQ(got.state(), v1::STATE_OPEN);
  EXPECT_EQ(got.calls(), 20);
  EXPECT_EQ(got.rejected(), 0);
  EXPECT_EQ(got.would_reject(), want.would_reject);
  EXPECT_GT(got.would_reject(), 0);
  EXPECT_EQ(got.would_admit(), 0);
  EXPECT_EQ(got.would_open(), 1);
  EXPECT_TRUE(response.circuit().policy().has_shadow_policy());
  int opened = 0;
  for (const v1::Event& event : response.events()) {
    if (event.kind() != v1::EVENT_KIND_SHADOW_OPENED) continue;
    ++opened;
    EXPECT_EQ(event.from_state(), event.to_state());
    EXPECT_GT(event.evidence().calls(), 0);
  }
  EXPECT_EQ(opened, 1);
}

TEST(ListCircuits, ByName) {
  AdminServer server;
  EXPECT_THAT(server.List(), IsEmpty());
  for (const char* name : {"b/x.S/M", "a/x.S/M", "c/x.S/M"}) server.Add(name);
  EXPECT_THAT(server.List(), ElementsAre("a/x.S/M", "b/x.S/M", "c/x.S/M"));
  const v1::ListCircuitsResponse response = ListPage(server, {});
  EXPECT_EQ(response.instance(), "test-1");
  EXPECT_EQ(response.total_circuits(), 3);
  EXPECT_EQ(response.next_page_token(), "");
}

TEST(ListCircuits, ByFilter) {
  AdminServer server;
  server.Add("inventory/shop.Inventory/Reserve", "inventory");
  fusebox::CircuitBreaker& open = server.Add("inventory/shop.Inventory/Watch", "inventory");
  fusebox::CircuitBreaker& disabled = server.Add("payments/shop.Pay/Charge", "payments");
  AdminServer::Open(open);
  disabled.Disable(fusebox::Operator("oncall").Because("to see"));

  v1::CircuitFilter filter;
  filter.add_states(v1::STATE_OPEN);
  EXPECT_THAT(server.List(filter), ElementsAre("inventory/shop.Inventory/Watch"));
  filter.add_states(v1::STATE_CLOSED);
  EXPECT_EQ(server.List(filter).size(), 3U);
  filter.add_modes(v1::MODE_DISABLED);
  EXPECT_THAT(server.List(filter), ElementsAre("payments/shop.Pay/Charge"));

  filter.Clear();
  filter.add_targets("inventory");
  EXPECT_EQ(server.List(filter).size(), 2U);
  filter.add_name_globs("*/Res*");
  filter.add_name_globs("payments/*");  // of another target
  EXPECT_THAT(server.List(filter), ElementsAre("inventory/shop.Inventory/Reserve"));
  filter.set_targets(0, "invent");
  EXPECT_THAT(server.List(filter), IsEmpty());
}

TEST(ListCircuits, PagesStayTrueWhileCircuitsComeAndGo) {
  AdminServer server;
  const auto name = [](int i) { return "t/s.S/M" + std::to_string(1'000 + i); };
  for (int i = 0; i < 700; i += 2) server.Add(name(i));
  v1::ListCircuitsRequest request;
  request.set_page_size(20);
  std::multiset<std::string> seen;
  for (int page = 0;; ++page) {
    const v1::ListCircuitsResponse response = ListPage(server, request);
    EXPECT_LE(response.circuits_size(), 20);
    for (const auto& circuit : response.circuits()) seen.insert(circuit.name());
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
    // Some that come, before and behind; and the last one seen goes.
    server.Add(name(20 * page + 1));
    server.Add(name(699 - 2 * page));
    const std::string last = response.circuits(response.circuits_size() - 1).name();
    ASSERT_TRUE(server.registry()->Remove(last).ok());
  }
  for (int i = 0; i < 700; i += 2) EXPECT_EQ(seen.count(name(i)), 1U) << name(i);
}

TEST(ListCircuits, AFullPageIsTheLastIfNothingFollows) {
  AdminServer server;
  for (int i = 0; i < 600; ++i) server.Add("t/" + std::to_string(1'000 + i));
  v1::ListCircuitsRequest request;
  request.set_page_size(2);
  request.mutable_filter()->add_name_globs("*1000");
  request.mutable_filter()->add_name_globs("*1001");
  v1::ListCircuitsResponse response = ListPage(server, request);
  EXPECT_EQ(response.circuits_size(), 2);
  EXPECT_EQ(response.next_page_token(), "");
  request.mutable_filter()->add_name_globs("*1599");  // two strides on
  response = ListPage(server, request);
  EXPECT_EQ(response.circuits_size(), 2);
  request.set_page_token(response.next_page_token());
  EXPECT_EQ(ListPage(server, request).circuits(0).name(), "t/1599");
}

TEST(GetCircuit, SaysWhatSinceWhenAndWhy) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("inventory/shop.Inventory/Reserve", "inventory");
  EXPECT_TRUE(circuit.TryAcquire().permit().RecordSuccess());
  server.clock().Advance(absl::Seconds(5));
  AdminServer::Open(circuit);
  EXPECT_FALSE(circuit.TryAcquire().admitted());
  const int64_t now = absl::ToUnixSeconds(server.clock().WallNow());

  const v1::GetCircuitResponse response = Get(server, circuit.name());
  EXPECT_EQ(response.instance(), "test-1");
  const v1::Circuit& got = response.circuit();
  EXPECT_EQ(got.name(), "inventory/shop.Inventory/Reserve");
  EXPECT_EQ(got.target(), "inventory");
  EXPECT_EQ(got.state(), v1::STATE_OPEN);
  EXPECT_EQ(got.mode(), v1::MODE_AUTOMATIC);
  EXPECT_EQ(got.transition_time().seconds(), now);
  EXPECT_EQ(got.next_probe_time().seconds(), now + 10);
  EXPECT_EQ(got.last_opening().cause(), v1::CAUSE_CONSECUTIVE_FAILURES);
  EXPECT_EQ(got.last_opening().detail(), "3 failures in a row >= 3");
  EXPECT_EQ(got.last_opening().time().seconds(), now);
  EXPECT_FALSE(got.has_last_action());
  EXPECT_EQ(got.last_failure().code(), 14);
  EXPECT_EQ(got.totals().success(), 1);
  EXPECT_EQ(got.totals().failure(), 3);
  EXPECT_EQ(got.totals().rejected(), 1);
  EXPECT_EQ(got.totals().opened(), 1);
  EXPECT_EQ(got.openings_in_a_row(), 1);
  ASSERT_EQ(got.totals().transitions_size(), 1);
  EXPECT_EQ(got.totals().transitions(0).from(), v1::STATE_CLOSED);
  EXPECT_EQ(got.totals().transitions(0).to(), v1::STATE_OPEN);
  EXPECT_EQ(got.totals().transitions(0).count(), 1);
  EXPECT_EQ(got.policy().consecutive_failures(), 3);
  EXPECT_EQ(got.policy().open_duration().seconds(), 10);
  EXPECT_FALSE(got.policy().has_failure_rate());
  EXPECT_EQ(got.etag().size(), 16U);

  ASSERT_EQ(response.events_size(), 4);
  EXPECT_EQ(response.events(0).kind(), v1::EVENT_KIND_CIRCUIT_ADDED);
  EXPECT_EQ(response.events(1).kind(), v1::EVENT_KIND_RULE_EXCEEDED);
  EXPECT_EQ(response.events(2).kind(), v1::EVENT_KIND_TRANSITION);
  EXPECT_EQ(response.events(2).from_state(), v1::STATE_CLOSED);
  EXPECT_EQ(response.events(2).to_state(), v1::STATE_OPEN);
  EXPECT_EQ(response.events(3).kind(), v1::EVENT_KIND_FIRST_REJECTION);
}

void ExpectTwoPeers(const v1::Evidence& evidence) {
  EXPECT_EQ(evidence.calls(), 3);
  EXPECT_EQ(evidence.told_apart(), 3);
  ASSERT_EQ(evidence.codes_size(), 2);
  EXPECT_EQ(evidence.codes(0).code(), 14);
  EXPECT_EQ(evidence.codes(0).count(), 2);
  EXPECT_EQ(evidence.codes(1).code(), 4);
  EXPECT_EQ(evidence.codes(1).count(), 1);
  ASSERT_EQ(evidence.peers_size(), 2);
  EXPECT_EQ(evidence.peers(0).peer(), "10.0.0.7:50051");
  EXPECT_EQ(evidence.peers(0).count(), 2);
  EXPECT_EQ(evidence.other_peers(), 0);
  EXPECT_EQ(evidence.last_code(), 4);
  EXPECT_FALSE(evidence.has_age());
  EXPECT_EQ(evidence.text(),
            "2 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 2 of them from 10.0.0.7:50051, 1 from "
            "10.0.0.8:50051");
}

TEST(GetCircuit, R9_ShowsTheEvidenceOfAnOpening) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  AdminServer::OpenByTwoPeers(circuit);
  const v1::GetCircuitResponse response = Get(server, "a");
  ExpectTwoPeers(response.circuit().last_opening().evidence());
  ASSERT_EQ(response.events_size(), 3);
  EXPECT_FALSE(response.events(0).has_evidence());
  ExpectTwoPeers(response.events(1).evidence());
  ExpectTwoPeers(response.events(2).evidence());
  const auto& codes = response.circuit().totals().failures_by_code();
  ASSERT_EQ(codes.size(), 2);
  EXPECT_EQ(codes[0].code(), 4);
  EXPECT_EQ(codes[0].count(), 1);
  EXPECT_EQ(codes[1].code(), 14);
  EXPECT_EQ(codes[1].count(), 2);
  circuit.Reset(fusebox::Operator("oncall").Because("why"));
  circuit.ForceOpen(fusebox::Operator("oncall").Because("why")).IgnoreError();
  EXPECT_FALSE(Get(server, "a").circuit().last_opening().has_evidence());
}

TEST(GetCircuit, ShowsTheEvidencesMessageOnlyWhereItMay) {
  AdminServer discreet;
  AdminServer::OpenByTwoPeers(discreet.Add("a"));
  EXPECT_THAT(Get(discreet, "a").ShortDebugString(), Not(HasSubstr("password")));
  AdminServer telling([](auto& options) { options.show_failure_messages = true; });
  AdminServer::OpenByTwoPeers(telling.Add("a"));
  const v1::GetCircuitResponse response = Get(telling, "a");
  EXPECT_EQ(response.circuit().last_opening().evidence().last_message(), "the password is 1234");
  EXPECT_EQ(response.events(2).evidence().last_message(), "the password is 1234");
}

TEST(GetCircuit, R9_ShowsForHowLongCallsHaveHung) {
  AdminServer server;
  fusebox::Policy policy;
  policy.hung_calls = fusebox::HungCalls{2, absl::Seconds(8)};
  const auto circuit = server.registry()->GetOrCreate("a", policy).value();
  const fusebox::Admission calls[] = {circuit->TryAcquire(), circuit->TryAcquire()};
  for (int i = 0; i < 40 && circuit->state() == fusebox::State::kClosed; ++i) {
    server.clock().Advance(absl::Seconds(1));
    const fusebox::Admission look = circuit->TryAcquire();
  }
  const v1::Evidence evidence = Get(server, "a").circuit().last_opening().evidence();
  EXPECT_EQ(evidence.calls(), 2);
  EXPECT_EQ(evidence.told_apart(), 0);
  EXPECT_EQ(evidence.age().seconds(), 8);
  EXPECT_EQ(evidence.text(), "2 calls without a status after 8s");
}

TEST(GetCircuit, R1_AnOpenCircuitWhoseTimeIsUpIsHalfOpen) {
  AdminServer server;
  AdminServer::Open(server.Add("a"));
  server.clock().Advance(absl::Seconds(10));
  EXPECT_EQ(Get(server, "a").circuit().state(), v1::STATE_HALF_OPEN);
}

TEST(GetCircuit, ShowsWhatAChangeWouldMakeOfThePolicy) {
  AdminServer server([](fusebox::CircuitAdminOptions& options) {
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  const fusebox::Policy policy = server.Add("a").Snapshot().policy;
  EXPECT_FALSE(Get(server, "a").has_changed());
  v1::GetCircuitRequest request;
  request.set_name("a");
  request.mutable_change()->mutable_policy()->set_jitter(0.2);
  request.mutable_change()->mutable_policy()->set_backoff_multiplier(1.5);
  v1::GetCircuitResponse response;
  ASSERT_TRUE(Call(server.stub(), &CircuitAdmin::Stub::GetCircuit, request, response).ok());
  fusebox::Policy changed = policy;
  changed.jitter = 0.2;
  changed.backoff_multiplier = 1.5;
  EXPECT_EQ(response.changed().policy().jitter(), 0.2);
  EXPECT_EQ(response.circuit().policy().jitter(), 0) << "it isn't made";
  EXPECT_THAT(response.policy_warnings(), ElementsAreArray(fusebox::PolicyWarnings(policy)));
  EXPECT_THAT(response.changed().warnings(), ElementsAreArray(fusebox::PolicyWarnings(changed)));
  EXPECT_NE(fusebox::PolicyWarnings(changed), fusebox::PolicyWarnings(policy));
}

TEST(GetCircuit, GivesItsOwnLastEventsAsManyAsAreAskedFor) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  for (int i = 0; i < 30; ++i) {
    circuit.Reset(fusebox::Operator("oncall").Because(std::to_string(i)));
    server.Add("b").Reset(fusebox::Operator("oncall").Because("another"));
  }
  EXPECT_EQ(Get(server, "a").events_size(), 20);
  EXPECT_EQ(Get(server, "a", -1).events_size(), 0);
  const v1::GetCircuitResponse two = Get(server, "a", 2);
  ASSERT_EQ(two.events_size(), 2);
  EXPECT_EQ(two.events(0).detail(), "28");
  EXPECT_EQ(two.events(1).detail(), "29");
  EXPECT_EQ(Get(server, "a", 1'000).events_size(), 31);
}

TEST(GetCircuit, NothingOfARequestIsShownUnlessTheApplicationSaysSo) {
  AdminServer server;
  AdminServer::Open(server.Add("a"));
  EXPECT_EQ(Get(server, "a").DebugString().find("1234"), std::string::npos);

  AdminServer telling([](auto& options) { options.show_failure_messages = true; });
  AdminServer::Open(telling.Add("a"));
  EXPECT_EQ(Get(telling, "a").circuit().last_failure().message(), "the password is 1234");
}

// Listed, got, moved alone and by a pattern.
TEST(Names, P3_EachHostileKeyIsACircuitLikeAnyOther) {
  AdminServer server;
  std::set<std::string> names;
  for (const std::string& key : HostileTexts()) {
    const auto name = fusebox::CircuitName::OfKey("inv", key);
    server.Add(name.text(), "inv");
    EXPECT_TRUE(names.insert(name.text()).second) << name.text();
  }
  EXPECT_THAT(server.List(), UnorderedElementsAreArray(names));
  for (const std::string& name : names) {
    EXPECT_EQ(Get(server, name).circuit().name(), name);
    EXPECT_EQ(Get(server, name).circuit().target(), "inv");
    v1::DisableCircuitRequest request;
    request.set_name(name);
    request.set_reason("x");
    v1::DisableCircuitResponse response;
    grpc::ClientContext context;
    EXPECT_TRUE(server.stub().DisableCircuit(&context, request, &response).ok());
    EXPECT_EQ(response.circuit().name(), name);
  }
  v1::ApplyToCircuitsRequest request;
  request.mutable_filter()->add_name_globs("inv/*");
  request.mutable_reset();
  request.set_reason("x");
  v1::ApplyToCircuitsResponse response;
  grpc::ClientContext context;
  ASSERT_TRUE(server.stub().ApplyToCircuits(&context, request, &response).ok());
  EXPECT_EQ(static_cast<std::size_t>(response.results_size()), names.size());
  for (const std::string& name : names) {
    EXPECT_EQ(server.registry()->Find(name)->Snapshot().mode, fusebox::Mode::kAutomatic);
  }
}

}  // namespace
}  // namespace fusebox_testing
