// SPDX-License-Identifier: Apache-2.0
//
// Watching circuits through the admin service.
#include "src/admin/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "src/admin/watchers.h"
#include "tests/admin/admin_server.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using testing::ElementsAre;

// A WatchCircuits call. Each read waits for what comes.
class Watcher {
 public:
  explicit Watcher(v1::CircuitAdmin::Stub& stub, const v1::WatchCircuitsRequest& request = {},
                   const std::string& name = "") {
    if (!name.empty()) context_.AddMetadata("name", name);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(60));
    reader_ = stub.WatchCircuits(&context_, request);
  }
  ~Watcher() {
    if (reader_ == nullptr) return;
    context_.TryCancel();
    reader_->Finish().error_code();
  }

  v1::WatchCircuitsResponse Read() {
    v1::WatchCircuitsResponse response;
    EXPECT_TRUE(TryToRead(response));
    return response;
  }

  // False if the call has ended.
  bool TryToRead(v1::WatchCircuitsResponse& response) { return reader_->Read(&response); }

  // The names of the circuits at the start.
  std::vector<std::string> ReadCircuits() {
    std::vector<std::string> names;
    while (true) {
      const v1::WatchCircuitsResponse response = Read();
      for (const auto& circuit : response.circuits()) names.push_back(circuit.name());
      if (response.snapshot_complete()) {
        resume_ = response.resume();
        return names;
      }
      EXPECT_FALSE(response.has_resume());
      if (response.circuits().empty()) return names;  // no such message should come
    }
  }

  // The next event, be it one of several in a message.
  v1::Event ReadEvent() {
    if (next_ == events_.size()) {
      const v1::WatchCircuitsResponse response = Read();
      events_.assign(response.events().begin(), response.events().end());
      resume_ = response.resume();
      missed_ += response.missed_events();
      next_ = 0;
      if (events_.empty()) return {};
    }
    return events_[next_++];
  }

  const v1::ResumePoint& resume() const { return resume_; }
  uint64_t missed() const { return missed_; }

  grpc::Status Finish() {
    v1::WatchCircuitsResponse response;
    while (reader_->Read(&response)) {
    }
    const grpc::Status status = reader_->Finish();
    reader_.reset();
    return status;
  }

  grpc::ClientContext& context() { return context_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchCircuitsResponse>> reader_;
  std::vector<v1::Event> events_;
  std::size_t next_ = 0;
  uint64_t missed_ = 0;
  v1::ResumePoint resume_;
};

TEST(WatchCircuits, TellsTheCircuitsAndThenEachEvent) {
  AdminServer server;
  fusebox::CircuitBreaker& circuit = server.Add("a");
  server.Add("b");
  Watcher watcher(server.stub());
  EXPECT_THAT(watcher.ReadCircuits(), ElementsAre("a", "b"));

  AdminServer::Open(circuit);
  EXPECT_EQ(watcher.ReadEvent().kind(), v1::EVENT_KIND_RULE_EXCEEDED);
  const v1::Event opened = watcher.ReadEvent();
  EXPECT_EQ(opened.kind(), v1::EVENT_KIND_TRANSITION);
  EXPECT_EQ(opened.circuit(), "a");
  EXPECT_EQ(opened.to_state(), v1::STATE_OPEN);
  EXPECT_EQ(opened.detail(), "3 failures in a row >= 3");
  circuit.Reset(fusebox::Operator("oncall").Because("it is well again"));
  const v1::Event reset = watcher.ReadEvent();
  EXPECT_EQ(reset.actor(), "oncall");
  EXPECT_EQ(reset.detail(), "it is well again");
  EXPECT_GT(reset.sequence(), opened.sequence());
}

TEST(WatchCircuits, TheFirstMessageSaysWhichInstanceItIs) {
  AdminServer server;
  Watcher watcher(server.stub());
  const v1::WatchCircuitsResponse first = watcher.Read();
  EXPECT_EQ(first.instance(), "test-1");
  EXPECT_TRUE(first.snapshot_complete());
  server.Add("a");
  EXPECT_EQ(watcher.Read().instance(), "");
}

TEST(WatchCircuits, ManyCircuitsComeInSeveralSmallMessages) {
  AdminServer server;
  for (int i = 0; i < 250; ++i) server.Add("c" + std::to_string(1'000 + i));
  Watcher watcher(server.stub());
  int circuits = 0;
  int messages = 0;
  for (bool complete = false; !complete; ++messages) {
    const v1::WatchCircuitsResponse message = watcher.Read();
    EXPECT_LT(message.ByteSizeLong(), 10'000U) << "what one that doesn't read holds";
    circuits += message.circuits_size();
    complete = message.snapshot_complete();
  }
  EXPECT_EQ(circuits, 250);
  EXPECT_GE(messages, 3);
}

TEST(WatchCircuits, ByFilter) {
  AdminServer server;
  fusebox::CircuitBreaker& mine = server.Add("inventory/a", "inventory");
  fusebox::CircuitBreaker& others = server.Add("payments/a", "payments");
  AdminServer::Open(mine);
  v1::WatchCircuitsRequest request;
  request.mutable_filter()->add_targets("inventory");
  request.mutable_filter()->add_states(v1::STATE_OPEN);
  Watcher watcher(server.stub(), request);
  EXPECT_THAT(watcher.ReadCircuits(), ElementsAre("inventory/a"));
  AdminServer::Open(others);
  server.Add("inventory/b", "inventory");  // nothing that leads to OPEN
  mine.Reset(fusebox::Operator("oncall").Because("out of it"));
  const v1::Event event = watcher.ReadEvent();
  EXPECT_EQ(event.circuit(), "inventory/a");
  EXPECT_EQ(event.cause(), v1::CAUSE_RESET);
}

TEST(WatchCircuits, GoesOnWhereItWas) {
  AdminServer server;
  server.Add("a");
  v1::WatchCircuitsRequest request;
  {
    Watcher watcher(server.stub());
    watcher.ReadCircuits();
    *request.mutable_resume() = watcher.resume();
  }
  server.Add("b");
  server.Add("c");
  Watcher watcher(server.stub(), request);
  EXPECT_EQ(watcher.ReadEvent().circuit(), "b");  // without the circuits
  EXPECT_EQ(watcher.ReadEvent().circuit(), "c");
  EXPECT_EQ(watcher.missed(), 0U);
}

TEST(WatchCircuits, SaysHowManyEventsItHasMissed) {
  AdminServer server({}, nullptr, /*event_capacity=*/16);  // of which 4 are for new circuits
  server.Add("a");
  v1::WatchCircuitsRequest request;
  {
    Watcher watcher(server.stub());
    watcher.ReadCircuits();
    *request.mutable_resume() = watcher.resume();
  }
  for (int i = 0; i < 10; ++i) server.Add("b" + std::to_string(i));
  Watcher watcher(server.stub(), request);
  EXPECT_EQ(watcher.ReadEvent().circuit(), "b6");
  EXPECT_EQ(watcher.missed(), 6U);
}

TEST(WatchCircuits, AnotherProcessesPlaceStartsAnew) {
  AdminServer first;
  AdminServer second;
  second.Add("a");
  v1::WatchCircuitsRequest request;
  {
    Watcher watcher(first.stub());
    watcher.ReadCircuits();
    *request.mutable_resume() = watcher.resume();
  }
  Watcher watcher(second.stub(), request);
  EXPECT_THAT(watcher.ReadCircuits(), ElementsAre("a"));
}

TEST(WatchCircuits, RefusesAPlaceThatThereHasNotBeen) {
  AdminServer server;
  v1::WatchCircuitsRequest request;
  {
    Watcher watcher(server.stub());
    watcher.ReadCircuits();
    *request.mutable_resume() = watcher.resume();
  }
  request.mutable_resume()->set_sequence(1);
  Watcher watcher(server.stub(), request);
  const grpc::Status status = watcher.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ViolatedFields(status), ElementsAre("resume.sequence"));
}

TEST(WatchCircuits, TellsWhatTimeAloneHasDone) {
  AdminServer server;
  AdminServer::Open(server.Add("a"));
  Watcher watcher(server.stub());
  watcher.ReadCircuits();
  server.clock().Advance(absl::Seconds(10));  // and no call comes to see it
  const v1::Event event = watcher.ReadEvent();
  EXPECT_EQ(event.cause(), v1::CAUSE_OPEN_DURATION_ELAPSED);
  EXPECT_EQ(event.to_state(), v1::STATE_HALF_OPEN);
}

TEST(WatchCircuits, OneMoreThanThereMayBeIsRefused) {
  AdminServer server([](auto& options) { options.max_watchers = 2; });
  Watcher one(server.stub());
  Watcher two(server.stub());
  one.ReadCircuits();
  two.ReadCircuits();
  const grpc::Status refused = Watcher(server.stub()).Finish();
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(refused), "TOO_MANY_WATCHERS");

  // One that hangs up makes room, once the server has heard of it.
  one.context().TryCancel();
  EXPECT_EQ(one.Finish().error_code(), grpc::StatusCode::CANCELLED);
  while (true) {
    Watcher three(server.stub());
    v1::WatchCircuitsResponse response;
    if (three.TryToRead(response)) break;
    ASSERT_EQ(three.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  }
}

TEST(WatchCircuits, EndsWithTheServer) {
  auto server = std::make_unique<AdminServer>();
  Watcher watcher(server->stub());
  watcher.ReadCircuits();
  server->server().Shutdown(std::chrono::system_clock::now());
  EXPECT_FALSE(watcher.Finish().ok());
  // The stub goes with the server.
}

// ---- Places, and whose they are.

// Gives a watcher's call a name, which the server below takes for true.
class Named : public fusebox::Authorizer {
 public:
  absl::StatusOr<std::string> Authorize(const grpc::ServerContextBase& caller) const override {
    const auto name = caller.client_metadata().find("name");
    if (name == caller.client_metadata().end()) return absl::UnauthenticatedError("no name");
    return std::string(name->second.data(), name->second.size());
  }
};

AdminServer::Change FewPlaces(int places) {
  return [places](fusebox::CircuitAdminOptions& options) {
    options.max_watchers = places;
    options.write_authorizer = std::make_shared<Named>();
  };
}

TEST(WatchPlaces, AnOperatorFindsOneAmongAnyNumberOfStrangers) {
  AdminServer server(FewPlaces(20));
  std::vector<std::unique_ptr<Watcher>> strangers;
  for (int i = 0; i < 20; ++i) {
    strangers.push_back(std::make_unique<Watcher>(server.stub()));
    strangers.back()->ReadCircuits();
  }
  EXPECT_EQ(Watcher(server.stub()).Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  for (int i = 0; i < 20; ++i) {
    Watcher oncall(server.stub(), {}, "oncall");
    oncall.ReadCircuits();
    server.Add("c" + std::to_string(i));
    EXPECT_EQ(oncall.ReadEvent().circuit(), "c" + std::to_string(i));
  }
  // Whose place it was is told so.
  const grpc::Status status = strangers.front()->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("another caller has got this one"));
  EXPECT_EQ(ReasonOf(status), "WATCHER_DISPLACED");
}

TEST(WatchPlaces, AreSharedOutAmongThoseWithNames) {
  AdminServer server(FewPlaces(4));
  std::vector<std::unique_ptr<Watcher>> greedy;
  for (int i = 0; i < 4; ++i) {
    greedy.push_back(
        std::make_unique<Watcher>(server.stub(), v1::WatchCircuitsRequest(), "greedy"));
    greedy.back()->ReadCircuits();
  }
  Watcher one(server.stub(), {}, "oncall");
  one.ReadCircuits();
  Watcher two(server.stub(), {}, "oncall");
  two.ReadCircuits();
  Watcher three(server.stub(), {}, "oncall");
  EXPECT_EQ(three.Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << "half of them";
  EXPECT_EQ(Watcher(server.stub()).Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED)
      << "a stranger takes nobody's";
  EXPECT_EQ(greedy[0]->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(greedy[1]->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST(WatchCircuits, RefusesARequestThatIsLargeForNothing) {
  AdminServer server;
  v1::WatchCircuitsRequest request;
  for (int i = 0; i < 40; ++i) request.mutable_filter()->add_targets(std::string(1'000, 'x'));
  EXPECT_THAT(ViolatedFields(Watcher(server.stub(), request).Finish()), ElementsAre("filter"));
  request.Clear();
  request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(
      99, std::string(70'000, 'x'));
  EXPECT_THAT(ViolatedFields(Watcher(server.stub(), request).Finish()), ElementsAre("request"));
}

// One that doesn't read what it is told.
class Sleeper : public grpc::ClientReadReactor<v1::WatchCircuitsResponse> {
 public:
  explicit Sleeper(v1::CircuitAdmin::Stub& stub) {
    stub.async()->WatchCircuits(&context_, &request_, this);
    AddHold();  // it isn't over before `Wait`
    StartCall();
  }
  grpc::Status Wait() {
    StartRead(&response_);
    RemoveHold();
    return ended_.get_future().get();
  }
  void OnReadDone(bool ok) override {
    if (ok) StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override { ended_.set_value(status); }

 private:
  grpc::ClientContext context_;
  v1::WatchCircuitsRequest request_;
  v1::WatchCircuitsResponse response_;
  std::promise<grpc::Status> ended_;
};

// The watchers of a service, on a clock that the test moves.
class WatchersOnAClock : public v1::CircuitAdmin::CallbackService {
 public:
  WatchersOnAClock(fusebox::internal::WatchSource source, const FakeClock& clock)
      : watchers_(std::move(source), 10, executor_, clock) {}

  fusebox::internal::Watchers& watchers() { return watchers_; }

 private:
  fusebox::internal::Watchers::Reactor* WatchCircuits(
      grpc::CallbackServerContext* context, const v1::WatchCircuitsRequest* request) override {
    return watchers_.Add({"test", false}, *context, *request);
  }

  fusebox::internal::FairExecutor executor_;
  fusebox::internal::Watchers watchers_;
};

TEST(WatchCircuits, OneThatTakesNothingForAMinuteIsHungUpOn) {
  TestCircuits circuits;
  for (int i = 0; i < 2'000; ++i) circuits.Add("c" + std::to_string(i));  // more than is on its way
  WatchersOnAClock service({circuits.registry(), "test-1", "log-1", {}}, circuits.clock());
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  // By a probe of the connection gRPC may take in megabytes that nobody has asked for.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto stub = v1::CircuitAdmin::NewStub(grpc::CreateCustomChannel(
      "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
  Sleeper sleeper(*stub);
  while (service.watchers().HangUpOnStalled() == 0) {
    circuits.clock().Advance(absl::Minutes(1));
    std::this_thread::yield();
  }
  EXPECT_FALSE(sleeper.Wait().ok());
  server->Shutdown(std::chrono::system_clock::now());
}

// ---- One watcher, without a call.

class WatchTest : public testing::Test {
 protected:
  // Looks until there is something to tell, or nothing.
  bool Next(fusebox::internal::Watch& watch) {
    while (true) {
      const fusebox::internal::Watch::Found found = watch.Next(response_);
      if (found != fusebox::internal::Watch::Found::kNothingYet) {
        return found == fusebox::internal::Watch::Found::kSomething;
      }
    }
  }

  fusebox::internal::Watch NewWatch(const v1::WatchCircuitsRequest& request = {}) {
    fusebox::internal::Watch watch(source_, request);
    EXPECT_TRUE(watch.Start().ok());
    return watch;
  }

  TestCircuits circuits_{/*event_capacity=*/32};  // 8 for new circuits
  fusebox::internal::WatchSource source_{circuits_.registry(), "test-1", "log-1", {}};
  v1::WatchCircuitsResponse response_;
};

TEST_F(WatchTest, OneThatDoesNotReadHoldsNothingAndMissesEvents) {
  fusebox::internal::Watch watch = NewWatch();
  ASSERT_TRUE(Next(watch));
  EXPECT_TRUE(response_.snapshot_complete());
  EXPECT_FALSE(Next(watch));
  for (int i = 0; i < 100; ++i) circuits_.Add("c" + std::to_string(i));
  ASSERT_TRUE(Next(watch));
  EXPECT_EQ(response_.missed_events(), 92U);
  EXPECT_EQ(response_.events_size(), 8);
  EXPECT_EQ(response_.resume().sequence(), 100U);
  EXPECT_FALSE(Next(watch));
}

TEST_F(WatchTest, NewCircuitsDoNotPushOutWhatHasMovedAndEachGapIsCounted) {
  fusebox::CircuitBreaker& moved = circuits_.Add("moved");
  fusebox::internal::Watch watch = NewWatch();
  ASSERT_TRUE(Next(watch));
  ASSERT_TRUE(response_.snapshot_complete());
  const uint64_t before = response_.resume().sequence();
  for (int i = 0; i < 100; ++i) {
    circuits_.Add("c" + std::to_string(i));
    if (i % 10 == 0) moved.Reset(fusebox::Operator("oncall").Because(std::to_string(i)));
  }
  ASSERT_TRUE(Next(watch));
  int resets = 0;
  for (const v1::Event& event : response_.events()) {
    resets += event.kind() == v1::EVENT_KIND_RESET ? 1 : 0;
  }
  EXPECT_EQ(resets, 10);
  EXPECT_EQ(response_.events_size(), 10 + 8);
  EXPECT_EQ(response_.missed_events(), 92U);
  EXPECT_EQ(response_.resume().sequence(), before + 110);
  EXPECT_FALSE(Next(watch)) << "a gap is told once";
}

TEST_F(WatchTest, NoEventFallsBetweenTheCircuitsAndTheEvents) {
  for (int i = 0; i < 150; ++i) circuits_.Add("c" + std::to_string(1'000 + i));
  fusebox::internal::Watch watch = NewWatch();
  ASSERT_TRUE(Next(watch));
  EXPECT_FALSE(response_.snapshot_complete());
  circuits_.Add("c1000").Disable(fusebox::Operator("oncall").Because("it has been told already"));
  do {
    ASSERT_TRUE(Next(watch));
  } while (!response_.snapshot_complete());
  ASSERT_TRUE(Next(watch));
  ASSERT_EQ(response_.events_size(), 1);
  EXPECT_EQ(response_.events(0).to_mode(), v1::MODE_DISABLED);
}

TEST_F(WatchTest, EventsThatItDoesNotWantAreNotTold) {
  v1::WatchCircuitsRequest request;
  request.mutable_filter()->add_name_globs("mine*");
  fusebox::internal::Watch watch = NewWatch(request);
  ASSERT_TRUE(Next(watch));
  for (int i = 0; i < 5; ++i) circuits_.Add("c" + std::to_string(i));
  EXPECT_FALSE(Next(watch));
  circuits_.Add("mine");
  ASSERT_TRUE(Next(watch));
  ASSERT_EQ(response_.events_size(), 1);
  EXPECT_EQ(response_.events(0).sequence(), 6U);
}

}  // namespace
}  // namespace fusebox_testing
