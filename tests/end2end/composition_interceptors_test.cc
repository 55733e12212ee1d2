// SPDX-License-Identifier: Apache-2.0
//
// The application's own interceptors before and after the breaker. Who sees which calls:
// channel_test.cc.
#include <gmock/gmock.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/client_interceptor.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/spy_interceptor.h"
#include "tests/support/mailbox.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::experimental::ClientInterceptorFactoryInterface;
using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

// Makes an interceptor for each call by a function.
template <typename Make>
class Factory final : public ClientInterceptorFactoryInterface {
 public:
  explicit Factory(Make make) : make_(std::move(make)) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo*) override { return make_(); }

 private:
  const Make make_;
};

template <typename Make>
std::unique_ptr<ClientInterceptorFactoryInterface> NewFactory(Make make) {
  return std::make_unique<Factory<Make>>(std::move(make));
}

// ---- Metadata.

class Labeller final : public Interceptor {
 public:
  explicit Labeller(std::string key) : key_(std::move(key)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_INITIAL_METADATA)) {
      methods->GetSendInitialMetadata()->emplace(key_, "here");
    }
    methods->Proceed();
  }

 private:
  const std::string key_;
};

// Notes what metadata calls arrive with, and has them fail with NOT_FOUND.
class MetadataServer final : public grpc::CallbackGenericService {
 public:
  MetadataServer() {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterCallbackGenericService(this);
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
  }
  ~MetadataServer() override { server_->Shutdown(); }

  const std::string& address() const { return address_; }

  // Of the next call, the keys among those two.
  std::string TakeLabels() { return labels_.Take(); }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor() { Finish(grpc::Status(grpc::StatusCode::NOT_FOUND, "")); }
    void OnDone() override { delete this; }
  };

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    std::string labels;
    for (const char* const label : {"outer", "inner"}) {
      const auto found = context->client_metadata().find(label);
      if (found == context->client_metadata().end()) continue;
      labels += std::string(label) + "=" + std::string(found->second.data(), found->second.size());
    }
    labels_.Put(std::move(labels));
    return new Reactor;
  }

  Mailbox<std::string> labels_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

class OwnInterceptorsTest : public CompositionTest {};

TEST_P(OwnInterceptorsTest, MetadataOfBothSidesArrives) {
  MetadataServer server;
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.outer_interceptors.push_back(NewFactory([] { return new Labeller("outer"); }));
  options.inner_interceptors.push_back(NewFactory([] { return new Labeller("inner"); }));
  const auto channel = MustCreateChannel(server.address(), std::move(options));
  MakeCall(style(), kind(), channel);
  EXPECT_EQ(server.TakeLabels(), "outer=hereinner=here");
  EXPECT_EQ(Calls(), Successes(1));
}

// ---- Calls that another interceptor answers. FaultInjector, which does so to streams as well, has
// fault_injection_test.cc.

// Answers unary calls, without a message unless the status is OK.
class Answerer final : public Interceptor {
 public:
  explicit Answerer(grpc::Status status) : status_(std::move(status)) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    using Hook = InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Hook::PRE_RECV_MESSAGE) && !status_.ok()) {
      methods->FailHijackedRecvMessage();
    }
    if (methods->QueryInterceptionHookPoint(Hook::PRE_RECV_STATUS)) {
      *methods->GetRecvStatus() = status_;
    }
    if (!methods->QueryInterceptionHookPoint(Hook::PRE_SEND_INITIAL_METADATA)) {
      methods->Proceed();
    } else {
      methods->Hijack();
    }
  }

 private:
  const grpc::Status status_;
};

class AnsweringInterceptorTest : public CompositionTest {
 protected:
  ScriptedEcho server_;
  Seen behind_;
};

TEST_P(AnsweringInterceptorTest, TheAnswerOfAnInnerOneIsAnOutcome) {
  for (const auto& [code, calls] : {std::pair(grpc::StatusCode::OK, Tally{1, 0, 0, 0, 0}),
                                    std::pair(grpc::StatusCode::INTERNAL, Tally{1, 1, 0, 0, 0}),
                                    std::pair(grpc::StatusCode::CANCELLED, Tally{1, 1, 1, 0, 0})}) {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.inner_interceptors.push_back(
        NewFactory([code = code] { return new Answerer(grpc::Status(code, "")); }));
    const auto channel = MustCreateChannel(server_.address(), std::move(options));
    EXPECT_EQ(MakeCall(style(), kind(), channel).status.error_code(), code);
    EXPECT_EQ(Calls(), calls);
  }
  EXPECT_EQ(server_.calls(), 0);
}

TEST_P(AnsweringInterceptorTest, AnInnerOneIsNotAskedWhileOpen) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.inner_interceptors.push_back(NewFactory([] { return new Answerer(grpc::Status::OK); }));
  const auto channel = MustCreateChannel(server_.address(), std::move(options));
  Open();
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(Calls(), Rejections(1));
}

TEST_P(AnsweringInterceptorTest, WhatAnOuterOneAnswersIsNoCall) {
  fusebox::ChannelOptions options = TestOptions(shared_);
  options.outer_interceptors.push_back(
      NewFactory([] { return new Answerer(grpc::Status(grpc::StatusCode::INTERNAL, "")); }));
  options.inner_interceptors.push_back(std::make_unique<SpyFactory>(behind_));
  const auto channel = MustCreateChannel(server_.address(), std::move(options));
  Open();
  const Report report = MakeCall(style(), kind(), channel);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(Calls(), Tally());
  EXPECT_EQ(behind_.starts, 0);
}

// ---- A tracer in front of the breaker.

// What a tracer knows when a call ends.
struct Span {
  std::string method;
  int starts = 0;
  int messages = 0;  // received
  grpc::Status status;
  std::string peer;
  bool has_metadata = false;  // of the server's, trailing or not
};

class Tracer final : public Interceptor {
 public:
  Tracer(ClientRpcInfo& info, Mailbox<Span>& spans)
      : context_(*info.client_context()), spans_(spans) {
    span_.method = info.method();
  }

  void Intercept(InterceptorBatchMethods* methods) override {
    using Hook = InterceptionHookPoints;
    // gRPC shows some starts twice.
    if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_INITIAL_METADATA)) span_.starts = 1;
    if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_MESSAGE) &&
        methods->GetRecvMessage() != nullptr) {
      ++span_.messages;
    }
    if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_STATUS)) {
      span_.status = *methods->GetRecvStatus();
      span_.peer = context_.peer();
      span_.has_metadata |= !methods->GetRecvTrailingMetadata()->empty();
      spans_.Put(span_);
    }
    methods->Proceed();
  }

 private:
  const grpc::ClientContext& context_;
  Mailbox<Span>& spans_;
  Span span_;
};

class TracerFactory final : public ClientInterceptorFactoryInterface {
 public:
  explicit TracerFactory(Mailbox<Span>& spans) : spans_(spans) {}
  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    return new Tracer(*info, spans_);
  }

 private:
  Mailbox<Span>& spans_;
};

class TracerTest : public CompositionTest {
 protected:
  std::shared_ptr<grpc::Channel> Channel() {
    fusebox::ChannelOptions options = TestOptions(shared_);
    options.outer_interceptors.push_back(std::make_unique<TracerFactory>(spans_));
    return MustCreateChannel(server_.address(), std::move(options));
  }

  ScriptedEcho server_;
  Mailbox<Span> spans_;
};

TEST_P(TracerTest, SeesARejectedCallAsOneThatEndsWithoutTheNetwork) {
  const auto channel = Channel();
  Open();
  const Report report = MakeCall(style(), kind(), channel);
  const Span span = spans_.Take();
  EXPECT_EQ(span.method, MethodOf(kind()));
  EXPECT_EQ(span.starts, 1);
  EXPECT_EQ(span.messages, 0);
  EXPECT_FALSE(span.has_metadata);
  EXPECT_EQ(span.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(span.status.error_message(), report.status.error_message());
  const auto rejection = fusebox::GetRejection(span.status);
  ASSERT_TRUE(rejection);
  EXPECT_EQ(rejection->circuit, CircuitName(kind()));
  EXPECT_EQ(rejection->reason, fusebox::RejectionReason::kOpen);
  EXPECT_EQ(rejection->retry_after, absl::Seconds(30));
  EXPECT_EQ(server_.calls(), 0);
  EXPECT_EQ(channel->GetState(/*try_to_connect=*/false), GRPC_CHANNEL_IDLE);
}

TEST_P(TracerTest, SeesAFailedCallWithItsServer) {
  server_.Play(Script::Fail({grpc::StatusCode::UNAVAILABLE, "broken"}));
  MakeCall(style(), kind(), Channel());
  const Span span = spans_.Take();
  EXPECT_EQ(span.status.error_message(), "broken");
  EXPECT_FALSE(fusebox::GetRejection(span.status));
  EXPECT_THAT(span.peer, testing::HasSubstr(server_.address()));
}

FUSEBOX_FOR_EVERY_CALL(TracerTest);
FUSEBOX_FOR_EVERY_CALL(OwnInterceptorsTest);
INSTANTIATE_TEST_SUITE_P(EveryCall, AnsweringInterceptorTest,
                         testing::Combine(testing::ValuesIn(kStyles),
                                          testing::Values(Kind::kUnary)),
                         EveryCallName);

}  // namespace
}  // namespace fusebox_testing
