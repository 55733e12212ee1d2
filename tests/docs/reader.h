// SPDX-License-Identifier: Apache-2.0
//
// What the documentation's examples use without declaring it: the reader's own program. Of
// Fusebox's types there are only the names, so that an example which needs a header has to show it.
#ifndef FUSEBOX_TESTS_DOCS_READER_H_
#define FUSEBOX_TESTS_DOCS_READER_H_

#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "shop.grpc.pb.h"

namespace fusebox {
struct ChannelOptions;
struct Event;
class CircuitBreaker;
class CircuitRegistry;
class Permit;
class PolicyTable;
struct Outcome;
struct Policy;
}  // namespace fusebox
namespace prometheus {
class Exposer;
}  // namespace prometheus

namespace reader {

// Of a server.
extern grpc::ServerBuilder builder;
extern std::unique_ptr<grpc::Server> server;
extern std::chrono::system_clock::time_point deadline;
extern grpc::ServerContext* server_context;

// Of a client.
extern std::shared_ptr<grpc::ChannelCredentials> credentials;
extern std::unique_ptr<shop::Inventory::Stub> stub;
extern grpc::ClientContext context;
extern shop::ReserveRequest request;
extern shop::ReserveReply reply;
extern shop::ReserveReply response;
extern shop::ReserveReply reservation;
extern grpc::Status status;

class Cache {
 public:
  bool Find(const std::string& item, shop::ReserveReply* reply) const;
};

// Of any program.
struct Card {};
struct Receipt {};
extern Card card;
absl::StatusOr<Receipt> Charge(const Card& card);
absl::Status Ping(absl::Duration timeout);
struct Executor {
  template <typename Work>
  void Run(Work work) {
    work();
  }
};
extern Executor executor;
void Warn(const std::string& text);
extern std::string method;
extern std::string service_config;
extern std::string token;
extern std::string orders_path;
extern uint64_t last_seen;

// What an earlier line of the reader's has made.
extern std::shared_ptr<fusebox::CircuitRegistry> registry;
extern std::shared_ptr<fusebox::CircuitBreaker> breaker;
extern fusebox::ChannelOptions options;
extern fusebox::Policy policy;
extern fusebox::Policy strict;
extern fusebox::PolicyTable table;
extern fusebox::Event event;
extern fusebox::Outcome outcome;
extern fusebox::Permit permit;
extern prometheus::Exposer exposer;

}  // namespace reader

#endif  // FUSEBOX_TESTS_DOCS_READER_H_
