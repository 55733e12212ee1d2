// SPDX-License-Identifier: Apache-2.0
//
// Requests that are refused, each with its exact code and with nothing changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "src/base/operator_verbs.h"
#include "tests/admin/admin_server.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using grpc::StatusCode;
using Stub = v1::CircuitAdmin::Stub;

// Everything that a write may change, in words.
std::string StateOf(AdminServer& server) {
  std::string state;
  for (const fusebox::CircuitSnapshot& circuit : server.registry()->List()) {
    state += circuit.name + " " + std::string(fusebox::StateName(circuit.state)) + " " +
             std::string(fusebox::ModeName(circuit.mode)) + " " + std::to_string(circuit.epoch) +
             (circuit.policy == AdminTestPolicy() ? " as it was; " : " of another policy; ");
  }
  return state + std::to_string(server.registry()->EventsSince(0).last);
}

using Attempt = std::function<grpc::Status(Stub&)>;

template <typename Request, typename Response>
Attempt Of(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
           Request request) {
  return [=](Stub& stub) {
    Response response;
    return Call(stub, method, request, response);
  };
}

template <typename Request>
Request Sound(const std::string& name = "a") {
  Request request;
  request.set_name(name);
  request.set_reason("because");
  return request;
}

v1::UpdatePolicyRequest SoundPolicyChange() {
  auto request = Sound<v1::UpdatePolicyRequest>();
  request.mutable_change()->mutable_policy()->set_consecutive_failures(9);
  return request;
}

v1::ApplyToCircuitsRequest SoundApplication() {
  v1::ApplyToCircuitsRequest request;
  request.set_all(true);
  request.set_reason("because");
  request.mutable_reset();
  return request;
}

v1::GiveOrderRequest SoundOrder() {
  v1::GiveOrderRequest request;
  request.set_pattern("a*");
  request.set_reason("because");
  request.set_action(v1::ORDER_ACTION_DISABLE);
  return request;
}

v1::RevokeOrderRequest SoundRevocation() {
  v1::RevokeOrderRequest request;
  request.set_id(7);
  request.set_reason("because");
  return request;
}

// Every write to one circuit by the name of its method, each sound in itself.
std::map<std::string, Attempt> EveryWrite(const std::string& name = "a") {
  auto policy = SoundPolicyChange();
  policy.set_name(name);
  std::map<std::string, Attempt> writes = {{"UpdatePolicy", Of(&Stub::UpdatePolicy, policy)}};
#define FUSEBOX_WRITE(verb, ...) \
  writes[#verb "Circuit"] = Of(&Stub::verb##Circuit, Sound<v1::verb##CircuitRequest>(name));
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_WRITE)
#undef FUSEBOX_WRITE
  return writes;
}

// One circuit is open, so that every write would change something.
void AddCircuits(AdminServer& server) {
  AdminServer::Open(server.Add("a"));
  server.Add("b");
}

// The request is refused with that code, and the fields or the reason that it names; nothing has
// changed.
void ExpectRefusal(AdminServer& server, const Attempt& attempt, StatusCode code,
                   const std::vector<std::string>& fields = {}, const std::string& reason = "") {
  const std::string before = StateOf(server);
  const grpc::Status status = attempt(server.stub());
  EXPECT_EQ(status.error_code(), code) << status.error_message();
  EXPECT_NE(status.error_message(), "");
  EXPECT_EQ(ReasonOf(status), reason);
  if (code == StatusCode::INVALID_ARGUMENT) {
    EXPECT_EQ(ViolatedFields(status), fields);
  }
  EXPECT_EQ(StateOf(server), before);
}

// What a method has to be told a reason for, it changes.
TEST(Refusals, AreTriedOfEveryWriteOfTheService) {
  std::set<std::string> tried = {"ApplyToCircuits", "GiveOrder", "RevokeOrder"};
  tried.insert("ReloadConfig");  // in config_requests_test.cc
  for (const auto& [method, attempt] : EveryWrite()) tried.insert(method);
  const google::protobuf::ServiceDescriptor& service =
      *v1::GetInstanceRequest::descriptor()->file()->service(0);
  for (int i = 0; i < service.method_count(); ++i) {
    const google::protobuf::MethodDescriptor& method = *service.method(i);
    const bool writes = method.input_type()->FindFieldByName("reason") != nullptr;
    EXPECT_EQ(tried.count(std::string(method.name())), writes ? 1U : 0U) << method.name();
  }
}

TEST(Refusals, WithoutTheOptionNothingCanBeMoved) {
  AdminServer server([](auto& options) {
    options.allow_writes = false;
    options.write_authorizer = nullptr;
  });
  AddCircuits(server);
  for (const auto& [method, attempt] : EveryWrite()) {
    SCOPED_TRACE(method);
    ExpectRefusal(server, attempt, StatusCode::FAILED_PRECONDITION, {}, "WRITES_NOT_ALLOWED");
  }
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, SoundApplication()),
                StatusCode::FAILED_PRECONDITION, {}, "WRITES_NOT_ALLOWED");
  ExpectRefusal(server, Of(&Stub::GiveOrder, SoundOrder()), StatusCode::FAILED_PRECONDITION, {},
                "WRITES_NOT_ALLOWED");
  ExpectRefusal(server, Of(&Stub::RevokeOrder, SoundRevocation()), StatusCode::FAILED_PRECONDITION,
                {}, "WRITES_NOT_ALLOWED");
  EXPECT_EQ(server.List().size(), 2U);
}

TEST(Refusals, OfAnOrderThatIsNone) {
  AdminServer server;
  AddCircuits(server);
  const auto expect = [&](const std::function<void(v1::GiveOrderRequest&)>& change,
                          const std::vector<std::string>& fields) {
    v1::GiveOrderRequest request = SoundOrder();
    change(request);
    ExpectRefusal(server, Of(&Stub::GiveOrder, request), StatusCode::INVALID_ARGUMENT, fields);
  };
  expect([](auto& request) { request.set_pattern(""); }, {"pattern"});
  expect([](auto& request) { request.set_pattern(std::string(1'025, 'x')); }, {"pattern"});
  expect([](auto& request) { request.set_pattern("a\n"); }, {"pattern"});
  expect([](auto& request) { request.clear_action(); }, {"action"});
  expect([](auto& request) { request.set_action(static_cast<v1::OrderAction>(99)); }, {"action"});
  expect([](auto& request) { request.mutable_ttl()->set_seconds(-1); }, {"ttl"});
  expect([](auto& request) { request.mutable_change(); }, {"change"});
  expect([](auto& request) { request.set_action(v1::ORDER_ACTION_SET_POLICY); }, {"change.policy"});
  expect([](auto& request) { request.set_reason(" "); }, {"reason"});
  v1::GiveOrderRequest bad_policy = SoundOrder();
  bad_policy.set_action(v1::ORDER_ACTION_SET_POLICY);
  bad_policy.mutable_change()->mutable_policy()->set_jitter(2);
  ExpectRefusal(server, Of(&Stub::GiveOrder, bad_policy), StatusCode::INVALID_ARGUMENT,
                {"change.policy.jitter"});
  v1::ApplyToCircuitsRequest bad_pattern = SoundApplication();
  bad_pattern.clear_all();
  bad_pattern.mutable_filter()->add_name_globs("a\n*");
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, bad_pattern), StatusCode::INVALID_ARGUMENT,
                {"filter"});
  v1::RevokeOrderRequest revoke = SoundRevocation();
  ExpectRefusal(server, Of(&Stub::RevokeOrder, revoke), StatusCode::NOT_FOUND, {},
                "ORDER_NOT_FOUND");
  revoke.set_id(0);
  revoke.clear_reason();
  ExpectRefusal(server, Of(&Stub::RevokeOrder, revoke), StatusCode::INVALID_ARGUMENT,
                {"id", "reason"});
}

TEST(Refusals, OfACircuitThatThereIsNot) {
  AdminServer server;
  AddCircuits(server);
  for (const auto& [method, attempt] : EveryWrite("c")) {
    SCOPED_TRACE(method);
    ExpectRefusal(server, attempt, StatusCode::NOT_FOUND, {}, "CIRCUIT_NOT_FOUND");
  }
  v1::GetCircuitRequest get;
  get.set_name("c");
  ExpectRefusal(server, Of(&Stub::GetCircuit, get), StatusCode::NOT_FOUND, {}, "CIRCUIT_NOT_FOUND");
  auto dry = SoundPolicyChange();
  dry.set_name("c");
  dry.set_validate_only(true);
  ExpectRefusal(server, Of(&Stub::UpdatePolicy, dry), StatusCode::NOT_FOUND, {},
                "CIRCUIT_NOT_FOUND");
  EXPECT_EQ(server.registry()->size(), 2U);  // P4: looking makes none
}

TEST(Refusals, WithoutAReasonOrAName) {
  AdminServer server;
  AddCircuits(server);
  v1::ResetCircuitRequest request;
  ExpectRefusal(server, Of(&Stub::ResetCircuit, request), StatusCode::INVALID_ARGUMENT,
                {"name", "reason"});
  request.set_name("a");
  ExpectRefusal(server, Of(&Stub::ResetCircuit, request), StatusCode::INVALID_ARGUMENT, {"reason"});
  request.set_reason(std::string(501, 'x'));
  ExpectRefusal(server, Of(&Stub::ResetCircuit, request), StatusCode::INVALID_ARGUMENT, {"reason"});
  request.set_reason("a line\nand another");
  ExpectRefusal(server, Of(&Stub::ResetCircuit, request), StatusCode::INVALID_ARGUMENT, {"reason"});
  for (const char* const reason :
       {"a \xc2\x9b", "a \u202e", "a \u200b", "a \U000e0041", "a \u3164"}) {
    request.set_reason(reason);
    ExpectRefusal(server, Of(&Stub::ResetCircuit, request), StatusCode::INVALID_ARGUMENT,
                  {"reason"});
  }
  EXPECT_EQ(Of(&Stub::ResetCircuit, request)(server.stub()).error_message(),
            "invalid request: reason = with U+3164, must be printable text in UTF-8");
  for (const char* const reason : {"   ", "\u00a0", "\u3000 \u2003"}) {
    request.set_reason(reason);
    ExpectRefusal(server, Of(&Stub::ResetCircuit, request), StatusCode::INVALID_ARGUMENT,
                  {"reason"});
    auto blank = SoundApplication();
    blank.set_reason(reason);
    ExpectRefusal(server, Of(&Stub::ApplyToCircuits, blank), StatusCode::INVALID_ARGUMENT,
                  {"reason"});
  }
  auto application = SoundApplication();
  application.clear_reason();
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, application), StatusCode::INVALID_ARGUMENT,
                {"reason"});
  request.set_reason(std::string(500, 'x'));
  EXPECT_TRUE(Of(&Stub::ResetCircuit, request)(server.stub()).ok());
}

TEST(Refusals, OfATtlOutOfRange) {
  AdminServer server;
  AddCircuits(server);
  for (const int64_t seconds : {int64_t{0}, int64_t{-1}, int64_t{365 * 86'400 + 1}, INT64_MAX}) {
    auto request = Sound<v1::ForceOpenCircuitRequest>();
    request.mutable_ttl()->set_seconds(seconds);
    ExpectRefusal(server, Of(&Stub::ForceOpenCircuit, request), StatusCode::INVALID_ARGUMENT,
                  {"ttl"});
    auto application = SoundApplication();
    *application.mutable_force_open()->mutable_ttl() = request.ttl();
    ExpectRefusal(server, Of(&Stub::ApplyToCircuits, application), StatusCode::INVALID_ARGUMENT,
                  {"force_open.ttl"});
  }
  const auto told = [&server](int64_t seconds) {
    auto request = Sound<v1::ForceOpenCircuitRequest>();
    request.mutable_ttl()->set_seconds(seconds);
    return Of(&Stub::ForceOpenCircuit, request)(server.stub()).error_message();
  };
  EXPECT_EQ(told(int64_t{400} * 86'400), "invalid request: ttl = 9600h, must be from 1ms to 8760h");
  EXPECT_EQ(told(INT64_MAX),
            "invalid request: ttl = 9223372036854775807 s and 0 ns, must be from 1ms to 8760h");
}

TEST(Refusals, R11_OfABadPolicyNameEveryField) {
  AdminServer server;
  AddCircuits(server);
  auto request = SoundPolicyChange();
  v1::Policy& policy = *request.mutable_change()->mutable_policy();
  policy.set_consecutive_failures(0);
  policy.mutable_half_open()->set_max_concurrent(-1);
  policy.mutable_open_duration()->set_nanos(-1);
  ExpectRefusal(server, Of(&Stub::UpdatePolicy, request), StatusCode::INVALID_ARGUMENT,
                {"change.policy.open_duration", "change.policy.consecutive_failures",
                 "change.policy.half_open.max_concurrent"});
  request.set_validate_only(true);
  EXPECT_EQ(Of(&Stub::UpdatePolicy, request)(server.stub()).error_code(),
            StatusCode::INVALID_ARGUMENT);
}

TEST(Refusals, OfABadMask) {
  AdminServer server;
  AddCircuits(server);
  auto request = SoundPolicyChange();
  request.mutable_change()->mutable_update_mask()->add_paths("consecutive_failure");
  ExpectRefusal(server, Of(&Stub::UpdatePolicy, request), StatusCode::INVALID_ARGUMENT,
                {"change.update_mask"});
  auto application = SoundApplication();
  *application.mutable_update_policy() = request.change();
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, application), StatusCode::INVALID_ARGUMENT,
                {"update_policy.update_mask"});
  request.clear_change();
  ExpectRefusal(server, Of(&Stub::UpdatePolicy, request), StatusCode::INVALID_ARGUMENT,
                {"change.policy"});
}

TEST(Refusals, OfAStaleEtag) {
  AdminServer server;
  AddCircuits(server);
  auto request = SoundPolicyChange();
  request.set_etag("0123456789abcdef");
  ExpectRefusal(server, Of(&Stub::UpdatePolicy, request), StatusCode::ABORTED, {},
                "POLICY_CHANGED");
  request.set_validate_only(true);
  ExpectRefusal(server, Of(&Stub::UpdatePolicy, request), StatusCode::ABORTED, {},
                "POLICY_CHANGED");
}

TEST(Refusals, OfManyCircuitsWithoutSayingWhich) {
  AdminServer server;
  AddCircuits(server);
  auto request = SoundApplication();
  request.set_all(false);
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, request), StatusCode::INVALID_ARGUMENT,
                {"filter"});
  request.set_all(true);
  request.mutable_filter()->add_name_globs("a");
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, request), StatusCode::INVALID_ARGUMENT,
                {"filter"});
  request.set_all(false);
  request.clear_action();
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, request), StatusCode::INVALID_ARGUMENT,
                {"action"});
}

TEST(Refusals, OfMoreThanTenThousandCircuits) {
  AdminServer server;
  for (int i = 0; i < 10'000; ++i) server.Add("c" + std::to_string(i));
  v1::ApplyToCircuitsRequest request = SoundApplication();
  v1::ApplyToCircuitsResponse response;
  ASSERT_TRUE(Call(server.stub(), &Stub::ApplyToCircuits, request, response).ok());
  EXPECT_EQ(response.results_size(), 10'000);
  server.Add("one too many");
  ExpectRefusal(server, Of(&Stub::ApplyToCircuits, request), StatusCode::FAILED_PRECONDITION, {},
                "TOO_MANY_CIRCUITS");
}

TEST(Refusals, OfAFilterThatIsNone) {
  AdminServer server;
  AddCircuits(server);
  v1::ListCircuitsRequest request;
  v1::CircuitFilter& filter = *request.mutable_filter();
  const auto refused = [&](const std::string& field) {
    ExpectRefusal(server, Of(&Stub::ListCircuits, request), StatusCode::INVALID_ARGUMENT, {field});
    filter.Clear();
  };
  filter.add_states(v1::STATE_UNSPECIFIED);
  refused("filter.states");
  filter.add_states(static_cast<v1::State>(77));
  refused("filter.states");
  filter.add_modes(v1::MODE_UNSPECIFIED);
  refused("filter.modes");
  filter.add_name_globs("");
  refused("filter.name_globs");
  filter.add_name_globs(std::string(1'025, 'x'));
  refused("filter.name_globs");
  for (int i = 0; i < 101; ++i) filter.add_targets("a");
  refused("filter.targets");
}

TEST(Refusals, OfAPageThatIsNone) {
  AdminServer server;
  AddCircuits(server);
  v1::ListCircuitsRequest request;
  for (const int size : {-1, 1'001}) {
    request.set_page_size(size);
    ExpectRefusal(server, Of(&Stub::ListCircuits, request), StatusCode::INVALID_ARGUMENT,
                  {"page_size"});
  }
  request.set_page_size(1);
  request.set_page_token("no token");
  ExpectRefusal(server, Of(&Stub::ListCircuits, request), StatusCode::INVALID_ARGUMENT,
                {"page_token"});
  request.clear_page_token();
  v1::ListCircuitsResponse page;
  ASSERT_TRUE(Call(server.stub(), &Stub::ListCircuits, request, page).ok());
  request.set_page_token(page.next_page_token());
  request.mutable_filter()->add_states(v1::STATE_OPEN);  // another one's
  ExpectRefusal(server, Of(&Stub::ListCircuits, request), StatusCode::INVALID_ARGUMENT,
                {"page_token"});
}

TEST(Refusals, OfAChangeThatIsOnlyAskedAbout) {
  AdminServer server;
  AddCircuits(server);
  v1::GetCircuitRequest request;
  request.mutable_change()->mutable_update_mask()->add_paths("nope");
  ExpectRefusal(server, Of(&Stub::GetCircuit, request), StatusCode::INVALID_ARGUMENT,
                {"name", "change.update_mask"});
  request.set_name("a");
  request.mutable_change()->mutable_update_mask()->set_paths(0, "jitter");
  request.mutable_change()->mutable_policy()->set_jitter(2);
  ExpectRefusal(server, Of(&Stub::GetCircuit, request), StatusCode::INVALID_ARGUMENT,
                {"change.policy.jitter"});
}

TEST(Refusals, OfANumberOfEventsOutOfRange) {
  AdminServer server;
  AddCircuits(server);
  v1::GetCircuitRequest request;
  for (const int events : {-2, 1'001}) {
    request.set_max_events(events);
    ExpectRefusal(server, Of(&Stub::GetCircuit, request), StatusCode::INVALID_ARGUMENT,
                  {"name", "max_events"});
  }
}

}  // namespace
}  // namespace fusebox_testing
