// SPDX-License-Identifier: Apache-2.0
//
// A real gRPC server with the admin service of a registry on a clock that the test moves, and stubs
// to it.
//
//   AdminServer server;                    // whoever calls from this machine may write
//   server.Add("inventory/shop.Inventory/Reserve");
//   server.stub().ListCircuits(...)
#ifndef FUSEBOX_TESTS_ADMIN_ADMIN_SERVER_H_
#define FUSEBOX_TESTS_ADMIN_ADMIN_SERVER_H_

#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fusebox/admin/circuit_admin.h"
#include "fusebox/testing/fake_clock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "gtest/gtest.h"

namespace fusebox_testing {

// Nothing random: 3 failures in a row open the circuit for 10 s.
inline fusebox::Policy AdminTestPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = 3;
  policy.open_duration = absl::Seconds(10);
  policy.jitter = 0;
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  return policy;
}

// A registry on a fake clock, with the circuits of a test.
class TestCircuits {
 public:
  explicit TestCircuits(std::size_t event_capacity = 1'024) {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock_;
    options.seed = 1;
    options.event_capacity = event_capacity;
    options.max_circuits = 0;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
  }

  FakeClock& clock() { return clock_; }
  const std::shared_ptr<fusebox::CircuitRegistry>& registry() { return registry_; }

  fusebox::CircuitBreaker& Add(const std::string& name, const std::string& target = "") {
    return *registry_->GetOrCreate(name, AdminTestPolicy(), target).value();
  }
  static void Open(fusebox::CircuitBreaker& circuit) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(circuit.TryAcquire().permit().Record(
          fusebox::Outcome::Failure(14, "the password is 1234")));
    }
    EXPECT_EQ(circuit.state(), fusebox::State::kOpen);
  }

  // The same by what two peers answered.
  static void OpenByTwoPeers(fusebox::CircuitBreaker& circuit) {
    fusebox::Outcome refused = fusebox::Outcome::Failure(14, "refused");
    refused.peer = "10.0.0.7:50051";
    fusebox::Outcome late = fusebox::Outcome::Failure(4, "the password is 1234");
    late.peer = "10.0.0.8:50051";
    for (const fusebox::Outcome& outcome : {refused, refused, late}) {
      EXPECT_TRUE(circuit.TryAcquire().permit().Record(outcome));
    }
    EXPECT_EQ(circuit.state(), fusebox::State::kOpen);
  }

 private:
  FakeClock clock_;
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
};

class AdminServer : public TestCircuits {
 public:
  using Change = std::function<void(fusebox::CircuitAdminOptions&)>;

  // `change` is for what a test wants otherwise.
  explicit AdminServer(const Change& change = {},
                       std::shared_ptr<grpc::ServerCredentials> credentials = nullptr,
                       std::size_t event_capacity = 1'024)
      : TestCircuits(event_capacity) {
    fusebox::CircuitAdminOptions options;
    options.registry = registry();
    options.instance = "test-1";
    options.allow_writes = true;
    options.write_authorizer = fusebox::AllowLocalCallers();
    if (change) change(options);
    service_ = fusebox::CreateCircuitAdmin(options).value();
    if (credentials == nullptr) credentials = grpc::InsecureServerCredentials();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddListeningPort("127.0.0.1:0", credentials, &port);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    address_ = "127.0.0.1:" + std::to_string(port);
    stub_ = NewStub(grpc::InsecureChannelCredentials());
  }
  ~AdminServer() { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  std::unique_ptr<fusebox::v1::CircuitAdmin::Stub> NewStub(
      const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    return fusebox::v1::CircuitAdmin::NewStub(grpc::CreateChannel(address_, credentials));
  }
  fusebox::v1::CircuitAdmin::Stub& stub() { return *stub_; }
  grpc::Server& server() { return *server_; }

  // The names of a listing's one page.
  std::vector<std::string> List(const fusebox::v1::CircuitFilter& filter = {}) {
    fusebox::v1::ListCircuitsRequest request;
    *request.mutable_filter() = filter;
    fusebox::v1::ListCircuitsResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub().ListCircuits(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<std::string> names;
    for (const auto& circuit : response.circuits()) names.push_back(circuit.name());
    return names;
  }

 private:
  std::unique_ptr<grpc::Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  std::unique_ptr<fusebox::v1::CircuitAdmin::Stub> stub_;
};

// Calls a method of the stub's: `status = Call(&Stub::GetCircuit, stub, request, response)`.
template <typename Stub, typename Request, typename Response>
grpc::Status Call(Stub& stub,
                  grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  return (stub.*method)(&context, request, &response);
}

// The fields that a refused request's google.rpc.BadRequest names.
inline std::vector<std::string> ViolatedFields(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), status.error_code());
  EXPECT_EQ(details.message(), status.error_message());
  std::vector<std::string> fields;
  google::rpc::BadRequest bad_request;
  for (const auto& detail : details.details()) {
    EXPECT_TRUE(detail.UnpackTo(&bad_request));
    for (const auto& violation : bad_request.field_violations()) {
      EXPECT_NE(violation.description(), "");
      fields.push_back(violation.field());
    }
  }
  return fields;
}

// The reason of the ErrorInfo in its details, which must be the admin service's; empty if there is
// none.
inline std::string ReasonOf(const grpc::Status& status) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::ErrorInfo error_info;
  for (const auto& detail : details.details()) {
    if (!detail.UnpackTo(&error_info)) continue;
    EXPECT_EQ(details.code(), status.error_code());
    EXPECT_EQ(details.message(), status.error_message());
    EXPECT_EQ(error_info.domain(), "admin.fusebox");
  }
  return error_info.reason();
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_ADMIN_ADMIN_SERVER_H_
