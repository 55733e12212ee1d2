// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/admin_process.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "fusebox/admin/circuit_admin.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "tests/support/echo.grpc.pb.h"

namespace fusebox_benchmarks {
namespace {

class EchoService final : public fusebox_testing::Echo::Service {
 public:
  grpc::Status Unary(grpc::ServerContext* /*context*/, const fusebox_testing::EchoRequest* request,
                     fusebox_testing::EchoReply* reply) override {
    reply->set_text(request->text());
    return grpc::Status::OK;
  }
};

std::string NameOf(int i) { return absl::StrCat("inventory/shop.Inventory/Method", i); }

}  // namespace

void Check(bool holds, const char* what) {
  if (holds) return;
  std::cerr << "admin_benchmark: " << what << '\n';
  std::_Exit(EXIT_FAILURE);
}

AdminProcess::AdminProcess(int circuits) : echo_(std::make_unique<EchoService>()) {
  fusebox::CircuitRegistry::Options options;
  options.max_circuits = 0;
  registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
  for (int i = 0; i < circuits; ++i) {
    const auto circuit = registry_->GetOrCreate(NameOf(i), fusebox::Policy(), "inventory");
    Check(circuit.ok(), "no circuit");
    (*circuit)->TryAcquire().permit().RecordSuccess();
  }
  fusebox::CircuitAdminOptions admin_options;
  admin_options.registry = registry_;
  admin_options.instance = "benchmark";
  admin_ = fusebox::CreateCircuitAdmin(admin_options).value();

  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(admin_.get());
  builder.RegisterService(echo_.get());
  server_ = builder.BuildAndStart();
  Check(server_ != nullptr && port != 0, "no port on 127.0.0.1");
  address_ = absl::StrCat("127.0.0.1:", port);
}

AdminProcess::~AdminProcess() { server_->Shutdown(std::chrono::system_clock::now()); }

std::shared_ptr<fusebox::CircuitBreaker> AdminProcess::Circuit(int i) const {
  return registry_->Find(NameOf(i));
}

}  // namespace fusebox_benchmarks
