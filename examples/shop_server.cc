// SPDX-License-Identifier: Apache-2.0
#include "examples/shop_server.h"

#include <chrono>

namespace examples {
namespace {

constexpr int kStock = 3;

// Answers nothing. gRPC tells it when the caller has given up or its deadline has passed.
template <typename Reactor>
class HangingCall final : public Reactor {
 public:
  void OnCancel() override { this->Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

// Sends `count` stock levels, one after the other, and then the status.
class WatchCall final : public grpc::ServerWriteReactor<shop::StockLevel> {
 public:
  WatchCall(const std::string& item, int count, const grpc::Status& status)
      : left_(count), status_(status) {
    level_.set_item(item);
    Next();
  }

  void OnWriteDone(bool ok) override {
    if (!ok) left_ = 0;  // nobody listens any more
    Next();
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_ == 0) {
      Finish(status_);
      return;
    }
    level_.set_available(left_--);
    StartWrite(&level_);
  }

  int left_;
  const grpc::Status status_;
  shop::StockLevel level_;
};

grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext& context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

}  // namespace

int64_t ShopService::calls() const {
  int64_t all = 0;
  for (const auto& [client, count] : calls_by_client()) all += count;
  return all;
}

std::map<std::string, int64_t> ShopService::calls_by_client() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return calls_;
}

grpc::ServerUnaryReactor* ShopService::Reserve(grpc::CallbackServerContext* context,
                                               const shop::ReserveRequest* request,
                                               shop::ReserveReply* reply) {
  const Health health = Receive(*context);
  if (health.mood == Mood::kHang) return new HangingCall<grpc::ServerUnaryReactor>;
  reply->set_reservation("R-" + request->item());
  return Answer(*context, health.status);
}

grpc::ServerUnaryReactor* ShopService::Release(grpc::CallbackServerContext* context,
                                               const shop::ReleaseRequest* /*request*/,
                                               shop::ReleaseReply* /*reply*/) {
  const Health health = Receive(*context);
  if (health.mood == Mood::kHang) return new HangingCall<grpc::ServerUnaryReactor>;
  return Answer(*context, health.status);
}

grpc::ServerWriteReactor<shop::StockLevel>* ShopService::Watch(grpc::CallbackServerContext* context,
                                                               const shop::WatchRequest* request) {
  const Health health = Receive(*context);
  if (health.mood == Mood::kHang) {
    return new HangingCall<grpc::ServerWriteReactor<shop::StockLevel>>;
  }
  return new WatchCall(request->item(), health.mood == Mood::kWork ? kStock : 0, health.status);
}

void ShopService::Set(const Health& health) {
  const std::lock_guard<std::mutex> lock(mutex_);
  health_ = health;
}

ShopService::Health ShopService::Receive(const grpc::CallbackServerContext& context) {
  const auto header = context.client_metadata().find(kClientHeader);
  std::string client;
  if (header != context.client_metadata().end()) {
    client.assign(header->second.data(), header->second.size());
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  ++calls_[client];
  return health_;
}

ShopServer::ShopServer() {
  int port = 0;
  grpc::ServerBuilder builder;
  // Or the kernel may pick a port that a server of another process has, and share out the calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&shop_);
  server_ = builder.BuildAndStart();
  address_ = "127.0.0.1:" + std::to_string(port);
}

ShopServer::~ShopServer() {
  // Calls that hang are cancelled at this deadline.
  server_->Shutdown(std::chrono::system_clock::now());
}

}  // namespace examples
