// SPDX-License-Identifier: Apache-2.0
//
// What the admin service answers to those who look. Needs no gRPC call.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_READS_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_READS_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>

#include "fusebox/circuit_registry.h"
#include "src/admin/circuit_conversion.h"

namespace fusebox::internal {

// Thread-safe.
class CircuitReads {
 public:
  CircuitReads(std::shared_ptr<CircuitRegistry> registry, std::string instance,
               Disclosure disclosure);

  const Disclosure& disclosure() const { return disclosure_; }

  void DescribeInstance(v1::Instance& instance) const;
  grpc::Status List(const v1::ListCircuitsRequest& request,
                    v1::ListCircuitsResponse& response) const;
  grpc::Status Get(const v1::GetCircuitRequest& request, v1::GetCircuitResponse& response) const;
  grpc::Status ListOrders(const v1::ListOrdersRequest& request,
                          v1::ListOrdersResponse& response) const;

 private:
  const std::shared_ptr<CircuitRegistry> registry_;
  const std::string instance_;
  const Disclosure disclosure_;
};

// Of a name that no circuit has.
grpc::Status NoSuchCircuit(const std::string& name);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_READS_H_
