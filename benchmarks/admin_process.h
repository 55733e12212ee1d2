// SPDX-License-Identifier: Apache-2.0
//
// A registry with many circuits, and the server by which they are administered.
#ifndef FUSEBOX_BENCHMARKS_ADMIN_PROCESS_H_
#define FUSEBOX_BENCHMARKS_ADMIN_PROCESS_H_

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server.h>

#include <cstdint>
#include <memory>
#include <string>

#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"

namespace fusebox_benchmarks {

// Ends the program if something doesn't hold without which its figures mean nothing.
void Check(bool holds, const char* what);

class AdminProcess {
 public:
  // With that many circuits, each of which has been called once. Beside the admin service it serves
  // echoes, to compare with.
  explicit AdminProcess(int circuits);
  AdminProcess(const AdminProcess&) = delete;
  AdminProcess& operator=(const AdminProcess&) = delete;
  ~AdminProcess();

  const std::string& address() const { return address_; }
  std::shared_ptr<fusebox::CircuitBreaker> Circuit(int i) const;

  // How many events there have been.
  uint64_t events() const { return registry_->EventsSince(0, 0).last; }

 private:
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
  std::unique_ptr<grpc::Service> admin_;
  std::unique_ptr<grpc::Service> echo_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_ADMIN_PROCESS_H_
