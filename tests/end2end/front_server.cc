// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/front_server.h"

#include <grpcpp/completion_queue.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/async_unary_call.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/slice.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <thread>
#include <utility>

#include "tests/support/echo.grpc.pb.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {

class FrontServer::Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  virtual void Register(grpc::ServerBuilder& builder) = 0;
  virtual void Start() {}
  virtual void Stop() {}  // when the server has been shut down
};

namespace {

using Handler = FrontServer::Handler;

grpc::Status HandleAndWait(const Handler& handler, const grpc::ServerContextBase& served) {
  Mailbox<grpc::Status> done;
  handler(served, [&](grpc::Status status) { done.Put(std::move(status)); });
  return done.Take();
}

// An EchoReply without a text. (A ByteBuffer that is made of nothing is no message.)
grpc::ByteBuffer EmptyMessage() {
  const grpc::Slice none;
  return grpc::ByteBuffer(&none, 1);
}

class SyncBackend final : public FrontServer::Backend {
 public:
  explicit SyncBackend(Handler handler) : service_(std::move(handler)) {}

  void Register(grpc::ServerBuilder& builder) override { builder.RegisterService(&service_); }

 private:
  class Service final : public Echo::Service {
   public:
    explicit Service(Handler handler) : handler_(std::move(handler)) {}

    grpc::Status Unary(grpc::ServerContext* context, const EchoRequest*, EchoReply*) override {
      return HandleAndWait(handler_, *context);
    }

   private:
    const Handler handler_;
  };

  Service service_;
};

class CallbackBackend final : public FrontServer::Backend {
 public:
  explicit CallbackBackend(Handler handler) : service_(std::move(handler)) {}

  void Register(grpc::ServerBuilder& builder) override { builder.RegisterService(&service_); }

 private:
  class Service final : public Echo::CallbackService {
   public:
    explicit Service(Handler handler) : handler_(std::move(handler)) {}

    grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, const EchoRequest*,
                                    EchoReply*) override {
      grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
      handler_(*context, [reactor](const grpc::Status& status) { reactor->Finish(status); });
      return reactor;
    }

   private:
    const Handler handler_;
  };

  Service service_;
};

// One call after the other, on a thread of its own. `Call` is one call of that style.
template <typename Call>
class QueueBackend final : public FrontServer::Backend {
 public:
  explicit QueueBackend(Handler handler) : handler_(std::move(handler)) {}

  void Register(grpc::ServerBuilder& builder) override {
    Call::Register(builder, service_);
    queue_ = builder.AddCompletionQueue();
  }
  void Start() override {
    thread_ = std::thread([this] {
      for (bool more = true; more;) {
        Call call;
        call.Request(service_, *queue_);
        more = Wait();
        if (more) call.Answer(HandleAndWait(handler_, call.context()), [this] { return Wait(); });
      }
    });
  }
  void Stop() override {
    thread_.join();  // since the server is shut down, no further call arrives
    queue_->Shutdown();
    while (Wait()) continue;
  }

 private:
  bool Wait() {
    void* tag = nullptr;
    bool ok = false;
    return queue_->Next(&tag, &ok) && ok;
  }

  const Handler handler_;
  typename Call::Service service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::thread thread_;
};

class AsyncCall {
 public:
  using Service = Echo::AsyncService;

  static void Register(grpc::ServerBuilder& builder, Service& service) {
    builder.RegisterService(&service);
  }
  void Request(Service& service, grpc::ServerCompletionQueue& queue) {
    service.RequestUnary(&context_, &request_, &responder_, &queue, &queue, this);
  }
  const grpc::ServerContextBase& context() const { return context_; }
  template <typename Wait>
  void Answer(const grpc::Status& status, Wait wait) {
    responder_.Finish(EchoReply(), status, this);
    wait();
  }

 private:
  grpc::ServerContext context_;
  EchoRequest request_;
  grpc::ServerAsyncResponseWriter<EchoReply> responder_{&context_};
};

class GenericAsyncCall {
 public:
  using Service = grpc::AsyncGenericService;

  static void Register(grpc::ServerBuilder& builder, Service& service) {
    builder.RegisterAsyncGenericService(&service);
  }
  void Request(Service& service, grpc::ServerCompletionQueue& queue) {
    service.RequestCall(&context_, &stream_, &queue, &queue, this);
  }
  const grpc::ServerContextBase& context() const { return context_; }
  template <typename Wait>
  void Answer(const grpc::Status& status, Wait wait) {
    if (status.ok()) {
      stream_.WriteAndFinish(EmptyMessage(), grpc::WriteOptions(), status, this);
    } else {
      stream_.Finish(status, this);
    }
    wait();
  }

 private:
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_{&context_};
};

class GenericCallbackBackend final : public FrontServer::Backend {
 public:
  explicit GenericCallbackBackend(Handler handler) : service_(std::move(handler)) {}

  void Register(grpc::ServerBuilder& builder) override {
    builder.RegisterCallbackGenericService(&service_);
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    void End(const grpc::Status& status) {
      if (!status.ok()) return Finish(status);
      StartWriteAndFinish(&reply_, grpc::WriteOptions(), status);
    }

   private:
    void OnDone() override { delete this; }

    const grpc::ByteBuffer reply_ = EmptyMessage();
  };

  class Service final : public grpc::CallbackGenericService {
   public:
    explicit Service(FrontServer::Handler handler) : handler_(std::move(handler)) {}

   private:
    grpc::ServerGenericBidiReactor* CreateReactor(
        grpc::GenericCallbackServerContext* context) override {
      auto* const reactor = new Reactor;
      handler_(*context, [reactor](const grpc::Status& status) { reactor->End(status); });
      return reactor;
    }

    const FrontServer::Handler handler_;  // the base has another Handler
  };

  Service service_;
};

std::unique_ptr<FrontServer::Backend> NewBackend(ServerStyle style, Handler handler) {
  switch (style) {
    case ServerStyle::kSync:
      return std::make_unique<SyncBackend>(std::move(handler));
    case ServerStyle::kAsync:
      return std::make_unique<QueueBackend<AsyncCall>>(std::move(handler));
    case ServerStyle::kCallback:
      return std::make_unique<CallbackBackend>(std::move(handler));
    case ServerStyle::kGenericAsync:
      return std::make_unique<QueueBackend<GenericAsyncCall>>(std::move(handler));
    case ServerStyle::kGenericCallback:
      return std::make_unique<GenericCallbackBackend>(std::move(handler));
  }
  return nullptr;
}

}  // namespace

std::string Name(ServerStyle style) {
  switch (style) {
    case ServerStyle::kSync:
      return "Sync";
    case ServerStyle::kAsync:
      return "Async";
    case ServerStyle::kCallback:
      return "Callback";
    case ServerStyle::kGenericAsync:
      return "GenericAsync";
    case ServerStyle::kGenericCallback:
      return "GenericCallback";
  }
  return "";
}

FrontServer::FrontServer(ServerStyle style, Handler handler)
    : backend_(NewBackend(style, std::move(handler))) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  backend_->Register(builder);
  server_ = builder.BuildAndStart();
  if (server_ == nullptr || port == 0) {
    std::cerr << "no port on 127.0.0.1\n";
    std::abort();
  }
  address_ = "127.0.0.1:" + std::to_string(port);
  backend_->Start();
}

FrontServer::~FrontServer() {
  server_->Shutdown(std::chrono::system_clock::now());
  backend_->Stop();
  server_->Wait();
}

}  // namespace fusebox_testing
