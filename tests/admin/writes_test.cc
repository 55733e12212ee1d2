// SPDX-License-Identifier: Apache-2.0
//
// Moving circuits through the admin service.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/admin/admin_server.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using fusebox::Mode;
using fusebox::State;
using v1::CircuitAdmin;
using Stub = CircuitAdmin::Stub;

// Calls one of the methods on one circuit, and shows the circuit as it then is.
template <typename Request, typename Response>
v1::Circuit Write(AdminServer& server,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  Request request) {
  request.set_name("a");
  request.set_reason("because");
  Response response;
  const grpc::Status status = Call(server.stub(), method, request, response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.instance(), "test-1");
  return response.circuit();
}

v1::ApplyToCircuitsResponse Apply(AdminServer& server, v1::ApplyToCircuitsRequest request) {
  request.set_reason("because");
  v1::ApplyToCircuitsResponse response;
  const grpc::Status status = Call(server.stub(), &Stub::ApplyToCircuits, request, response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

// What the last event says of who and why.
std::string LastActorAndReason(AdminServer& server) {
  const auto events = server.registry()->EventsSince(0).events;
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    if (!event->actor.empty()) return event->actor + ": " + event->detail;
  }
  return "";
}

TEST(Writes, ResetClosesTheCircuit) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  AdminServer::Open(circuit);
  const v1::Circuit after = Write(server, &Stub::ResetCircuit, v1::ResetCircuitRequest());
  EXPECT_EQ(after.state(), v1::STATE_CLOSED);
  EXPECT_EQ(after.last_action().cause(), v1::CAUSE_RESET);
  EXPECT_EQ(after.last_action().actor(), "local 127.0.0.1");
  EXPECT_EQ(after.last_action().detail(), "because");
  EXPECT_EQ(circuit.state(), State::kClosed);
  EXPECT_EQ(LastActorAndReason(server), "local 127.0.0.1: because");
}

TEST(Writes, R8_ForceOpenLastsForItsTtl) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  v1::ForceOpenCircuitRequest request;
  request.mutable_ttl()->set_seconds(60);
  const v1::Circuit after = Write(server, &Stub::ForceOpenCircuit, request);
  EXPECT_EQ(after.state(), v1::STATE_OPEN);
  EXPECT_EQ(after.mode(), v1::MODE_FORCED_OPEN);
  EXPECT_TRUE(after.has_next_probe_time());
  server.clock().Advance(absl::Seconds(59));
  EXPECT_EQ(circuit.state(), State::kOpen);
  server.clock().Advance(absl::Seconds(1));
  EXPECT_EQ(circuit.state(), State::kHalfOpen);

  EXPECT_FALSE(Write(server, &Stub::ForceOpenCircuit, {}).has_next_probe_time());
  server.clock().Advance(absl::Hours(10'000));
  EXPECT_EQ(circuit.state(), State::kOpen);
}

TEST(Writes, OneThatDoesNotReturnKeepsNoReaderWaiting) {
  AdminServer server;
  server.Add("a");
  std::promise<void> entered;
  std::promise<void> released;
  const auto listener = server.registry()->AddListener(
      [&, left = released.get_future().share()](const fusebox::Event& event) {
        if (event.kind != fusebox::EventKind::kModeChanged) return;
        entered.set_value();
        left.wait();
      });
  std::thread writer([&] { Write(server, &Stub::DisableCircuit, {}); });
  entered.get_future().wait();
  EXPECT_EQ(server.List().size(), 1U);
  released.set_value();
  writer.join();
}

TEST(Writes, R8_DisableShadowAndAutomate) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  EXPECT_EQ(Write(server, &Stub::DisableCircuit, {}).mode(), v1::MODE_DISABLED);
  EXPECT_EQ(circuit.Snapshot().mode, Mode::kDisabled);
  EXPECT_EQ(Write(server, &Stub::ShadowCircuit, {}).mode(), v1::MODE_SHADOW);
  EXPECT_EQ(circuit.Snapshot().mode, Mode::kShadow);
  const v1::Circuit after = Write(server, &Stub::AutomateCircuit, {});
  EXPECT_EQ(after.mode(), v1::MODE_AUTOMATIC);
  EXPECT_EQ(after.state(), v1::STATE_CLOSED);
}

v1::UpdatePolicyRequest OpenFor(int seconds) {
  v1::UpdatePolicyRequest request;
  request.mutable_change()->mutable_policy()->mutable_open_duration()->set_seconds(seconds);
  return request;
}

TEST(UpdatePolicy, R10_TakesWhatIsSetAndKeepsTheRest) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  const v1::Circuit after = Write(server, &Stub::UpdatePolicy, OpenFor(45));
  EXPECT_EQ(after.policy().open_duration().seconds(), 45);
  fusebox::Policy expected = AdminTestPolicy().InForce();
  expected.open_duration = absl::Seconds(45);
  EXPECT_EQ(circuit.Snapshot().policy, expected);
  EXPECT_EQ(LastActorAndReason(server), "local 127.0.0.1: because");
}

TEST(UpdatePolicy, SaysWhatCanHardlyAct) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  fusebox::Policy sound = AdminTestPolicy();
  sound.jitter = 0.1;
  ASSERT_EQ(circuit.SetPolicy(sound, fusebox::Operator("test").Because("sound")), absl::OkStatus());
  v1::UpdatePolicyRequest request;
  request.set_name("a");
  request.set_reason("because");
  request.mutable_change()->mutable_policy()->set_jitter(0);
  for (const bool validate_only : {true, false}) {
    request.set_validate_only(validate_only);
    v1::UpdatePolicyResponse response;
    grpc::ClientContext context;
    ASSERT_TRUE(server.stub().UpdatePolicy(&context, request, &response).ok());
    ASSERT_EQ(response.warnings_size(), 1);
    EXPECT_THAT(response.warnings(0), testing::StartsWith("jitter = 0"));
  }
  v1::GetCircuitRequest get;
  get.set_name("a");
  v1::GetCircuitResponse got;
  grpc::ClientContext context;
  ASSERT_TRUE(server.stub().GetCircuit(&context, get, &got).ok());
  EXPECT_THAT(got.policy_warnings(), testing::ElementsAre(testing::StartsWith("jitter = 0")));

  v1::ApplyToCircuitsRequest all;
  all.set_all(true);
  *all.mutable_update_policy() = request.change();
  for (const bool validate_only : {true, false}) {
    all.set_validate_only(validate_only);
    const v1::ApplyToCircuitsResponse applied = Apply(server, all);
    ASSERT_EQ(applied.results_size(), 1);
    EXPECT_EQ(applied.results(0).warnings_size(), 1);
  }
  all.mutable_reset();
  EXPECT_EQ(Apply(server, all).results(0).warnings_size(), 0);
}

TEST(UpdatePolicy, WithTheEtagThatWasRead) {
  AdminServer server;
  server.Add("a");
  v1::UpdatePolicyRequest request = OpenFor(45);
  request.set_etag(Write(server, &Stub::ResetCircuit, v1::ResetCircuitRequest()).etag());
  const v1::Circuit after = Write(server, &Stub::UpdatePolicy, request);
  EXPECT_NE(after.etag(), request.etag());
  request = OpenFor(46);
  request.set_etag(after.etag());
  EXPECT_EQ(Write(server, &Stub::UpdatePolicy, request).policy().open_duration().seconds(), 46);
}

TEST(UpdatePolicy, ValidateOnlyShowsAndChangesNothing) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  const uint64_t epoch = circuit.Snapshot().epoch;
  v1::UpdatePolicyRequest request = OpenFor(45);
  request.set_validate_only(true);
  const v1::Circuit shown = Write(server, &Stub::UpdatePolicy, request);
  EXPECT_EQ(shown.policy().open_duration().seconds(), 45);
  EXPECT_EQ(circuit.Snapshot().policy, AdminTestPolicy().InForce());
  EXPECT_EQ(circuit.Snapshot().epoch, epoch);
  request.set_validate_only(false);
  EXPECT_EQ(Write(server, &Stub::UpdatePolicy, request).etag(), shown.etag());
}

TEST(UpdatePolicy, TheSamePolicyIsNoChange) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  const uint64_t epoch = circuit.Snapshot().epoch;
  Write(server, &Stub::UpdatePolicy, OpenFor(10));
  EXPECT_EQ(circuit.Snapshot().epoch, epoch);
}

TEST(ApplyToCircuits, ResetsThoseThatMatchAndAnswersForEach) {
  AdminServer server;
  AdminServer::Open(server.Add("b/x"));
  AdminServer::Open(server.Add("a/x"));
  AdminServer::Open(server.Add("c/y"));
  v1::ApplyToCircuitsRequest request;
  request.mutable_filter()->add_name_globs("*/x");
  request.mutable_reset();
  const v1::ApplyToCircuitsResponse response = Apply(server, request);
  EXPECT_EQ(response.instance(), "test-1");
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).name(), "a/x");
  EXPECT_EQ(response.results(0).code(), 0);
  EXPECT_EQ(response.results(0).state(), v1::STATE_CLOSED);
  EXPECT_EQ(response.results(1).name(), "b/x");
  EXPECT_EQ(server.Add("a/x").state(), State::kClosed);
  EXPECT_EQ(server.Add("c/y").state(), State::kOpen);
}

TEST(ApplyToCircuits, EveryActionReachesEveryCircuit) {
  AdminServer server;
  for (const char* name : {"a", "b"}) server.Add(name);
  v1::ApplyToCircuitsRequest request;
  request.set_all(true);
  const auto all_in = [&](v1::State state, v1::Mode mode) {
    const v1::ApplyToCircuitsResponse response = Apply(server, request);
    EXPECT_EQ(response.results_size(), 2);
    for (const auto& result : response.results()) {
      EXPECT_EQ(result.state(), state);
      EXPECT_EQ(result.mode(), mode);
    }
  };
  request.mutable_force_open()->mutable_ttl()->set_seconds(5);
  all_in(v1::STATE_OPEN, v1::MODE_FORCED_OPEN);
  request.mutable_automate();
  all_in(v1::STATE_HALF_OPEN, v1::MODE_AUTOMATIC);
  request.mutable_shadow();
  all_in(v1::STATE_CLOSED, v1::MODE_SHADOW);
  request.mutable_disable();
  all_in(v1::STATE_CLOSED, v1::MODE_DISABLED);
  request.mutable_reset();
  all_in(v1::STATE_CLOSED, v1::MODE_AUTOMATIC);
  request.mutable_update_policy()->mutable_policy()->set_consecutive_failures(9);
  all_in(v1::STATE_CLOSED, v1::MODE_AUTOMATIC);
  EXPECT_EQ(server.Add("b").Snapshot().policy->consecutive_failures, 9);
}

TEST(ApplyToCircuits, EachFailsOnItsOwn) {
  AdminServer server;
  server.Add("a");
  fusebox::Policy small = AdminTestPolicy().InForce();
  small.window = fusebox::CountWindow{5};
  ASSERT_TRUE(server.Add("b").SetPolicy(small, {}).ok());
  v1::ApplyToCircuitsRequest request;
  request.set_all(true);
  request.mutable_update_policy()->mutable_policy()->set_failures_in_window(10);
  const v1::ApplyToCircuitsResponse response = Apply(server, request);
  ASSERT_EQ(response.results_size(), 2);
  EXPECT_EQ(response.results(0).code(), grpc::StatusCode::OK);
  EXPECT_EQ(response.results(1).code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(
      response.results(1).message(),
      testing::HasSubstr("update_policy.policy.failures_in_window = 10, must be from 1 to 5"));
  EXPECT_EQ(server.Add("a").Snapshot().policy->failures_in_window, 10);
  EXPECT_EQ(server.Add("b").Snapshot().policy, small);
}

TEST(ApplyToCircuits, ValidateOnlyChangesNothing) {
  AdminServer server;
  AdminServer::Open(server.Add("a"));
  v1::ApplyToCircuitsRequest request;
  request.mutable_filter()->add_states(v1::STATE_OPEN);
  request.set_validate_only(true);
  request.mutable_reset();
  const v1::ApplyToCircuitsResponse response = Apply(server, request);
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).state(), v1::STATE_OPEN);
  EXPECT_EQ(server.Add("a").state(), State::kOpen);
}

// ---- Circuits that the registry lets go of while something is done to them.

// Removes "a" as soon as an operator has done something to it, `times` at most, and makes
// another one in its place if `anew`. On the thread that does it, so that it has not returned yet.
class Remover {
 public:
  Remover(AdminServer& server, int times, bool anew)
      : left_(times),
        handle_(server.registry()->AddListener([this, &server, anew](const auto& event) {
          if (event.circuit != "a" || event.actor != "local 127.0.0.1") return;
          if (left_-- <= 0) return;
          EXPECT_TRUE(server.registry()
                          ->Remove("a", fusebox::Operator("remover").Because("on purpose"))
                          .ok());
          if (anew) server.Add("a");
        })) {}

 private:
  std::atomic<int> left_;
  const fusebox::ListenerHandle handle_;
};

v1::ForceOpenCircuitRequest ForceOpenA() {
  v1::ForceOpenCircuitRequest request;
  request.set_name("a");
  request.set_reason("because");
  return request;
}

TEST(RemovedMeanwhile, TheCircuitThatTookItsPlaceIsMoved) {
  AdminServer server;
  server.Add("a");
  const Remover remover(server, 1, /*anew=*/true);
  v1::ForceOpenCircuitResponse response;
  ASSERT_TRUE(Call(server.stub(), &Stub::ForceOpenCircuit, ForceOpenA(), response).ok());
  EXPECT_EQ(server.Add("a").Snapshot().mode, Mode::kForcedOpen);
  EXPECT_EQ(response.circuit().mode(), v1::MODE_FORCED_OPEN);
}

TEST(RemovedMeanwhile, R10_SoIsItsPolicy) {
  AdminServer server;
  server.Add("a");
  const Remover remover(server, 1, /*anew=*/true);
  const v1::Circuit after = Write(server, &Stub::UpdatePolicy, OpenFor(45));
  EXPECT_EQ(after.policy().open_duration().seconds(), 45);
  EXPECT_EQ(server.Add("a").Snapshot().policy->open_duration, absl::Seconds(45));
}

TEST(RemovedMeanwhile, TheNextOneOfItsNameObeys) {
  AdminServer server;
  server.Add("a");
  v1::ForceOpenCircuitResponse opened;
  {
    const Remover remover(server, 1, /*anew=*/false);
    ASSERT_TRUE(Call(server.stub(), &Stub::ForceOpenCircuit, ForceOpenA(), opened).ok());
    EXPECT_EQ(opened.circuit().mode(), v1::MODE_FORCED_OPEN) << "as it was when it went";
    EXPECT_EQ(server.registry()->size(), 0U) << "what is done to a circuit makes none";
  }
  EXPECT_EQ(server.Add("a").Snapshot().mode, Mode::kForcedOpen);
  const Remover remover(server, 1, /*anew=*/false);
  v1::UpdatePolicyRequest request = OpenFor(45);
  request.set_name("a");
  request.set_reason("because");
  v1::UpdatePolicyResponse updated;
  EXPECT_TRUE(Call(server.stub(), &Stub::UpdatePolicy, request, updated).ok());
  EXPECT_EQ(server.registry()->size(), 0U);
  EXPECT_EQ(server.Add("a").Snapshot().policy->open_duration, absl::Seconds(45));
}

v1::ResetCircuitRequest ResetA() {
  v1::ResetCircuitRequest request;
  request.set_name("a");
  request.set_reason("because");
  return request;
}

// A reset is over once it is done: what was removed has not got it.
TEST(RemovedMeanwhile, AResetIsNotFoundIfNoneTookItsPlace) {
  AdminServer server;
  server.Add("a");
  const Remover remover(server, 1, /*anew=*/false);
  v1::ResetCircuitResponse response;
  const grpc::Status status = Call(server.stub(), &Stub::ResetCircuit, ResetA(), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no circuit named \"a\"");
  EXPECT_EQ(server.registry()->size(), 0U);
}

TEST(RemovedMeanwhile, AResetOverAndOverIsAborted) {
  AdminServer server;
  server.Add("a");
  const Remover remover(server, 1'000, /*anew=*/true);
  v1::ResetCircuitResponse response;
  const grpc::Status status = Call(server.stub(), &Stub::ResetCircuit, ResetA(), response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(status.error_message(), "the circuit \"a\" is being removed, over and over");
  EXPECT_EQ(ReasonOf(status), "CIRCUIT_CONTENDED");
}

// An admin service of a registry for one circuit, "a", which is evicted in the midst of each policy
// change by "local 127.0.0.1", and comes back before that has returned.
class EvictingServer {
 public:
  // `back` may change what has come back.
  explicit EvictingServer(const std::function<void(fusebox::CircuitBreaker&)>& back = {})
      : handle_(registry_->AddListener([this, back](const fusebox::Event& event) {
          if (event.kind != fusebox::EventKind::kPolicyChanged) return;
          if (event.actor != "local 127.0.0.1") return;
          const auto evicted = registry_->Find("a");
          ASSERT_TRUE(registry_->GetOrCreate("b", AdminTestPolicy()).ok());
          EXPECT_TRUE(evicted->removed());
          fusebox::CircuitBreaker& circuit = Circuit();
          EXPECT_NE(&circuit, evicted.get());
          if (back) back(circuit);
        })) {}

  fusebox::CircuitBreaker& Circuit() {
    return *registry_->GetOrCreate("a", AdminTestPolicy()).value();
  }

  // That keeps it open for so long, on condition that it is as it was read.
  grpc::Status UpdateAsRead(int open_seconds, v1::UpdatePolicyResponse& response) {
    Circuit();
    v1::GetCircuitRequest get;
    get.set_name("a");
    v1::GetCircuitResponse got;
    EXPECT_TRUE(Call(server_.stub(), &Stub::GetCircuit, get, got).ok());
    v1::UpdatePolicyRequest request = OpenFor(open_seconds);
    request.set_name("a");
    request.set_reason("because");
    request.set_etag(got.circuit().etag());
    return Call(server_.stub(), &Stub::UpdatePolicy, request, response);
  }

 private:
  static std::shared_ptr<fusebox::CircuitRegistry> NewRegistry() {
    fusebox::CircuitRegistry::Options options;
    options.max_circuits = 1;
    return std::make_shared<fusebox::CircuitRegistry>(std::move(options));
  }

  const std::shared_ptr<fusebox::CircuitRegistry> registry_ = NewRegistry();
  const fusebox::ListenerHandle handle_;
  AdminServer server_{
      [this](fusebox::CircuitAdminOptions& options) { options.registry = registry_; }};
};

TEST(EvictedMeanwhile, P4_AnUpdateAsReadIsDoneIfTheCircuitIsBackWithIt) {
  EvictingServer server;
  for (const int seconds : {45, 46}) {
    v1::UpdatePolicyResponse response;
    const grpc::Status status = server.UpdateAsRead(seconds, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.circuit().policy().open_duration().seconds(), seconds);
    EXPECT_EQ(server.Circuit().Snapshot().policy->open_duration, absl::Seconds(seconds));
  }
}

// It has been made, and another one has come after it: neither is made again.
TEST(EvictedMeanwhile, AnUpdateAsReadIsDoneIfAnotherOneCameAfterIt) {
  EvictingServer server([](fusebox::CircuitBreaker& circuit) {
    fusebox::Policy policy = AdminTestPolicy();
    policy.open_duration = absl::Seconds(50);
    EXPECT_TRUE(circuit.SetPolicy(policy, fusebox::Operator("another").Because("else")).ok());
  });
  v1::UpdatePolicyResponse response;
  const grpc::Status status = server.UpdateAsRead(45, response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.circuit().policy().open_duration().seconds(), 50);
  EXPECT_EQ(server.Circuit().Snapshot().policy->open_duration, absl::Seconds(50));
}

TEST(RemovedMeanwhile, OfManyItIsMovedAnewOrLeftOut) {
  AdminServer server;
  v1::ApplyToCircuitsRequest request;
  request.set_all(true);
  request.mutable_disable();
  for (const bool anew : {true, false}) {
    SCOPED_TRACE(anew);
    for (const char* name : {"a", "b"})
      server.Add(name).Reset(fusebox::Operator("test").Because("start"));
    const Remover remover(server, 1, anew);
    const v1::ApplyToCircuitsResponse response = Apply(server, request);
    ASSERT_EQ(response.results_size(), anew ? 2 : 1);
    for (const auto& result : response.results()) {
      EXPECT_EQ(result.code(), grpc::StatusCode::OK);
      EXPECT_EQ(result.mode(), v1::MODE_DISABLED);
      EXPECT_EQ(server.registry()->Find(result.name())->Snapshot().mode, Mode::kDisabled);
    }
    EXPECT_EQ(response.results().rbegin()->name(), "b");
  }
}

// One that matched, and went before it was asked what had become of it.
TEST(RemovedMeanwhile, OfManyOneThatWentIsNotAmongTheAnswers) {
  AdminServer server;
  for (const char* name : {"a", "b"}) server.Add(name);
  const auto handle = server.registry()->AddListener([&](const fusebox::Event& event) {
    if (event.circuit != "a" || event.kind != fusebox::EventKind::kModeChanged) return;
    EXPECT_TRUE(server.registry()->Remove("b").ok());
  });
  v1::ApplyToCircuitsRequest request;
  request.set_all(true);
  request.mutable_disable();
  const v1::ApplyToCircuitsResponse response = Apply(server, request);
  ASSERT_EQ(response.results_size(), 1);
  EXPECT_EQ(response.results(0).name(), "a");
}

}  // namespace
}  // namespace fusebox_testing
