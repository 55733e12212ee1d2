// SPDX-License-Identifier: Apache-2.0
//
// Faults injected into real calls, behind a breaker, in every style of stub and kind of method.
#include "fusebox/grpc/fault_injection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/async_echo_call.h"
#include "tests/end2end/echo_codec.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/support/echo.grpc.pb.h"
#include "tests/support/mailbox.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using fusebox::FaultInjector;
using fusebox::InjectedDelay;
using fusebox::InjectedHang;
using fusebox::InjectedStatus;
using grpc::StatusCode;
using std::chrono::system_clock;
using testing::IsEmpty;

constexpr absl::Duration ShortDelay() { return absl::Milliseconds(50); }

std::shared_ptr<FaultInjector> MustCreateInjector(fusebox::FaultInjectorOptions options = {}) {
  return *FaultInjector::Create(std::move(options));
}

// Says, outside all others, when a batch has gone as far down as it may for now.
class ProceededFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  using Proceeded = std::shared_ptr<Mailbox<bool>>;

  explicit ProceededFactory(Proceeded proceeded) : proceeded_(std::move(proceeded)) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new Teller(proceeded_);
  }

 private:
  class Teller final : public grpc::experimental::Interceptor {
   public:
    explicit Teller(Proceeded proceeded) : proceeded_(std::move(proceeded)) {}

    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      const Proceeded proceeded = proceeded_;
      methods->Proceed();  // may end the call, and this with it
      proceeded->Put(true);
    }

   private:
    const Proceeded proceeded_;
  };

  const Proceeded proceeded_;
};

// A protected channel to a server that works, with faults behind the breaker.
class FaultyClient {
 public:
  explicit FaultyClient(fusebox::FaultInjectorOptions injector_options = {})
      : injector_(MustCreateInjector(std::move(injector_options))) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.outer_interceptors.push_back(std::make_unique<ProceededFactory>(proceeded_));
    options.inner_interceptors.push_back(
        *fusebox::FaultInjectionInterceptorFactory::Create(injector_));
    channel_ = MustCreateChannel(server_.address(), std::move(options));
  }

  void Inject(decltype(fusebox::Fault::kind) kind) {
    fusebox::Fault fault;
    fault.kind = std::move(kind);
    ASSERT_TRUE(injector_->Set(FaultInjector::kDefault, fault).ok());
  }

  // Waits until a call has been held.
  void WaitUntilHeld() { proceeded_->Take(); }

  fusebox::Totals Totals(Kind kind) {
    return (*shared_.registry->GetOrCreate(CircuitName(kind), TestPolicy()))->Snapshot().totals;
  }
  int64_t calls() const { return server_.calls(); }
  FaultInjector& injector() { return *injector_; }
  ChannelRef channel() const { return channel_; }

  // The channel and its calls keep what they need of it.
  void ForgetInjector() { injector_.reset(); }

 private:
  const ScriptedEcho server_;
  const TestRegistry shared_;
  const ProceededFactory::Proceeded proceeded_ = std::make_shared<Mailbox<bool>>();
  std::shared_ptr<FaultInjector> injector_;
  std::shared_ptr<grpc::Channel> channel_;
};

class FaultInjectionTest : public EveryCallTest {
 protected:
  Report Call(Opening opening = Opening::kAtOnce) {
    grpc::ClientContext context;
    if (opening == Opening::kCorked) context.set_initial_metadata_corked(true);
    return MakeCall(style(), kind(), client_.channel(), context, opening);
  }

  void ExpectEndsAtItsDeadline() {
    grpc::ClientContext context;
    const system_clock::time_point deadline = SoonDeadline();
    context.set_deadline(deadline);
    const Report report = MakeCall(style(), kind(), client_.channel(), context);
    EXPECT_GE(system_clock::now(), deadline);
    EXPECT_EQ(report.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
    EXPECT_THAT(report.replies, IsEmpty());
    EXPECT_EQ(client_.calls(), 0);
    EXPECT_EQ(client_.Totals(kind()).failure, 1);
  }

  void ExpectEndsWhenCancelled() {
    grpc::ClientContext context;
    Report report;
    std::thread caller([&] { report = MakeCall(style(), kind(), client_.channel(), context); });
    client_.WaitUntilHeld();
    context.TryCancel();
    caller.join();
    EXPECT_EQ(report.status.error_code(), StatusCode::CANCELLED);
    EXPECT_EQ(client_.calls(), 0);
    EXPECT_EQ(client_.Totals(kind()).ignored, 1);
  }

  FaultyClient client_;
};

TEST_P(FaultInjectionTest, StatusNeverReachesTheServer) {
  client_.Inject(InjectedStatus{StatusCode::RESOURCE_EXHAUSTED, "drill"});
  const Report report = Call();
  EXPECT_EQ(report.status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(report.status.error_message(), "drill");
  EXPECT_THAT(report.replies, IsEmpty());
  EXPECT_EQ(report.written, 0);
  EXPECT_EQ(client_.calls(), 0);
  EXPECT_EQ(client_.injector().injected().statuses, 1);
}

TEST_P(FaultInjectionTest, DelayedCallGoesItsWayLater) {
  client_.Inject(InjectedDelay{ShortDelay()});
  const auto start = std::chrono::steady_clock::now();
  const Report report = Call();
  EXPECT_GE(absl::FromChrono(std::chrono::steady_clock::now() - start), ShortDelay());
  EXPECT_TRUE(report.status.ok()) << report.status.error_message();
  EXPECT_EQ(report.replies, ExpectedReplies(kind()));
  EXPECT_EQ(client_.calls(), 1);
  EXPECT_EQ(client_.Totals(kind()).success, 1);
  EXPECT_EQ(client_.injector().injected().delays, 1);
}

TEST_P(FaultInjectionTest, DelayEndsAtTheDeadline) {
  client_.Inject(InjectedDelay{absl::Hours(1)});
  ExpectEndsAtItsDeadline();
}

TEST_P(FaultInjectionTest, HangEndsAtTheDeadline) {
  client_.Inject(InjectedHang{});
  ExpectEndsAtItsDeadline();
  EXPECT_EQ(client_.injector().injected().hangs, 1);
}

TEST_P(FaultInjectionTest, DelayEndsWhenCancelled) {
  client_.Inject(InjectedDelay{absl::Hours(1)});
  ExpectEndsWhenCancelled();
}

TEST_P(FaultInjectionTest, HangEndsWhenCancelled) {
  client_.Inject(InjectedHang{});
  ExpectEndsWhenCancelled();
}

TEST_P(FaultInjectionTest, CallCancelledBeforeItStartsDrawsNoFault) {
  client_.Inject(InjectedHang{});
  grpc::ClientContext context;
  context.TryCancel();
  const Report report = MakeCall(style(), kind(), client_.channel(), context);
  EXPECT_EQ(report.status.error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(client_.injector().injected().hangs, 0);
}

TEST_P(FaultInjectionTest, CorkedCallsAreNoException) {
  if (!ClientStreams(kind())) return;
  client_.Inject(InjectedDelay{absl::Milliseconds(1)});
  EXPECT_EQ(Call(Opening::kCorked).replies, ExpectedReplies(kind()));
  client_.Inject(InjectedStatus{StatusCode::NOT_FOUND, "drill"});
  const Report report = Call(Opening::kCorked);
  EXPECT_EQ(report.status.error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(report.written, 0);
  EXPECT_EQ(client_.calls(), 1);
}

TEST_P(FaultInjectionTest, InjectedFailuresOpenTheCircuitAndRejectedCallsDrawNone) {
  client_.Inject(InjectedStatus{});
  for (int i = 0; i < 2; ++i) EXPECT_FALSE(fusebox::GetRejection(Call().status));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(fusebox::GetRejection(Call().status));
  EXPECT_EQ(client_.injector().injected().statuses, 2);
  EXPECT_EQ(client_.Totals(kind()).failure, 2);
  EXPECT_EQ(client_.calls(), 0);
}

TEST_P(FaultInjectionTest, FaultsAreSwitchedWhileTheChannelLives) {
  EXPECT_TRUE(Call().status.ok());
  client_.Inject(InjectedStatus{});
  EXPECT_FALSE(Call().status.ok());
  client_.injector().ClearAll();
  EXPECT_TRUE(Call().status.ok());
  EXPECT_EQ(client_.calls(), 2);
}

TEST_P(FaultInjectionTest, HeldCallOutlivesEveryOtherHolderOfTheInjector) {
  client_.Inject(InjectedDelay{ShortDelay()});
  grpc::ClientContext context;
  Report report;
  std::thread caller([&] { report = MakeCall(style(), kind(), client_.channel(), context); });
  client_.WaitUntilHeld();
  client_.ForgetInjector();
  caller.join();
  EXPECT_TRUE(report.status.ok());
}

FUSEBOX_FOR_EVERY_CALL(FaultInjectionTest);

// ---- Without a deadline.

TEST(FaultInjectionHangTest, EndsAtItsBound) {
  fusebox::FaultInjectorOptions options;
  options.max_hang = absl::Milliseconds(20);
  FaultyClient client(options);
  client.Inject(InjectedHang{});
  for (const Style style : kStyles) {
    const Report report = MakeCall(style, Kind::kUnary, client.channel());
    if (fusebox::GetRejection(report.status)) break;
    EXPECT_EQ(report.status.error_code(), StatusCode::DEADLINE_EXCEEDED);
  }
  EXPECT_EQ(client.injector().injected().hangs, 2);
}

// A held call holds up no other.
TEST(FaultInjectionHangTest, OtherCallsGoOn) {
  FaultyClient client;
  client.Inject(InjectedHang{});
  grpc::ClientContext context;
  std::thread caller([&] { MakeCall(Style::kSync, Kind::kUnary, client.channel(), context); });
  client.WaitUntilHeld();
  client.injector().ClearAll();
  for (const Style style : kStyles) {
    EXPECT_TRUE(MakeCall(style, Kind::kUnary, client.channel()).status.ok());
  }
  context.TryCancel();
  caller.join();
}

// ---- What a caller may do while its call is held.

TEST(FaultInjectionHeldCallTest, CompletionQueueIsShutDown) {
  FaultyClient client;
  client.Inject(InjectedDelay{ShortDelay()});
  const auto stub = Echo::NewStub(client.channel());
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  EchoReply reply;
  grpc::Status status;
  const auto call = stub->AsyncUnary(&context, MessageCodec::Encode("hello"), &queue);
  call->Finish(&reply, &status, &status);
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(tag, &status);
  EXPECT_TRUE(ok && status.ok());
  EXPECT_EQ(reply.text(), "hello");
  EXPECT_FALSE(queue.Next(&tag, &ok));
}

TEST(FaultInjectionHeldCallTest, CallbackCallersRequestIsDestroyed) {
  FaultyClient client;
  client.Inject(InjectedDelay{ShortDelay()});
  const auto stub = Echo::NewStub(client.channel());
  grpc::ClientContext context;
  EchoReply reply;
  Mailbox<grpc::Status> done;
  {
    const auto request = std::make_unique<EchoRequest>(MessageCodec::Encode("hello"));
    stub->async()->Unary(&context, request.get(), &reply,
                         [&](grpc::Status status) { done.Put(std::move(status)); });
  }
  EXPECT_TRUE(done.Take().ok());
  EXPECT_EQ(reply.text(), "hello");
}

// Its reads and writes are all under way before the start has left.
class EagerReactor final : public grpc::ClientBidiReactor<EchoRequest, EchoReply> {
 public:
  grpc::Status Run(Echo::Stub& stub) {
    const EchoRequest request = MessageCodec::Encode("hello");
    stub.async()->Bidi(&context_, this);
    StartRead(&reply_);
    StartWriteLast(&request, grpc::WriteOptions());
    StartCall();
    return done_.Take();
  }
  const EchoReply& reply() const { return reply_; }

 private:
  void OnDone(const grpc::Status& status) override { done_.Put(status); }

  grpc::ClientContext context_;
  EchoReply reply_;
  Mailbox<grpc::Status> done_;
};

TEST(FaultInjectionHeldCallTest, CallbackStreamGoesOnWithoutItsStart) {
  FaultyClient client;
  const auto stub = Echo::NewStub(client.channel());
  client.Inject(InjectedDelay{ShortDelay()});
  EagerReactor delayed;
  EXPECT_TRUE(delayed.Run(*stub).ok());
  EXPECT_EQ(delayed.reply().text(), "hello");
  client.Inject(InjectedStatus{StatusCode::NOT_FOUND, "drill"});
  EXPECT_EQ(EagerReactor().Run(*stub).error_message(), "drill");
}

}  // namespace
}  // namespace fusebox_testing
