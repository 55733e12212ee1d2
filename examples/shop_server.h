// SPDX-License-Identifier: Apache-2.0
//
// The dependency of the examples: a real gRPC server in the same process, whose health an example
// sets by hand.
//
//   examples::ShopServer server;                       // works
//   server.shop().Fail(grpc::Status(grpc::StatusCode::INTERNAL, "disk full"));
//   server.shop().Hang();                              // answers nothing until the caller gives up
//   server.shop().Work();
#ifndef FUSEBOX_EXAMPLES_SHOP_SERVER_H_
#define FUSEBOX_EXAMPLES_SHOP_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "shop.grpc.pb.h"

namespace examples {

// Callers may say who they are with this header; see `calls_by_client`.
inline constexpr char kClientHeader[] = "shop-client";

// The service, in the callback API: a call that hangs holds no thread.
//
// Thread-safety: its health may be set, and its calls counted, from any thread at any time.
class ShopService final : public shop::Inventory::CallbackService {
 public:
  // What happens to calls from now on. Those that hang already go on hanging.
  void Work() { Set({Mood::kWork, grpc::Status::OK}); }
  void Fail(const grpc::Status& status) { Set({Mood::kFail, status}); }
  void Hang() { Set({Mood::kHang, grpc::Status::OK}); }

  // How many calls have reached the service: in all, and by client.
  int64_t calls() const;
  std::map<std::string, int64_t> calls_by_client() const;

  grpc::ServerUnaryReactor* Reserve(grpc::CallbackServerContext* context,
                                    const shop::ReserveRequest* request,
                                    shop::ReserveReply* reply) override;
  grpc::ServerUnaryReactor* Release(grpc::CallbackServerContext* context,
                                    const shop::ReleaseRequest* request,
                                    shop::ReleaseReply* reply) override;
  grpc::ServerWriteReactor<shop::StockLevel>* Watch(grpc::CallbackServerContext* context,
                                                    const shop::WatchRequest* request) override;

 private:
  enum class Mood { kWork, kFail, kHang };
  struct Health {
    Mood mood = Mood::kWork;
    grpc::Status status;
  };

  void Set(const Health& health);

  // Counts a call, and says what is to become of it.
  Health Receive(const grpc::CallbackServerContext& context);

  mutable std::mutex mutex_;
  Health health_;
  std::map<std::string, int64_t> calls_;  // by client
};

// Serves a ShopService on a free port of 127.0.0.1 until it is destroyed.
class ShopServer {
 public:
  ShopServer();
  ShopServer(const ShopServer&) = delete;
  ShopServer& operator=(const ShopServer&) = delete;
  ~ShopServer();

  ShopService& shop() { return shop_; }
  const std::string& address() const { return address_; }

 private:
  ShopService shop_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace examples

#endif  // FUSEBOX_EXAMPLES_SHOP_SERVER_H_
