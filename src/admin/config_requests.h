// SPDX-License-Identifier: Apache-2.0
//
// What the admin service answers to those who ask for the configuration file. Needs no gRPC call.
#ifndef FUSEBOX_SRC_ADMIN_CONFIG_REQUESTS_H_
#define FUSEBOX_SRC_ADMIN_CONFIG_REQUESTS_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <memory>
#include <string>

#include "fusebox/circuit_registry.h"
#include "src/admin/circuit_conversion.h"

namespace fusebox::internal {

// Thread-safe. `who` is who asks.
class ConfigRequests {
 public:
  // The largest request of DiffConfig.
  static constexpr std::size_t kMaxDiffBytes = std::size_t{1} << 20;

  ConfigRequests(std::shared_ptr<CircuitRegistry> registry, std::string instance);

  // `disclosure` is what may be shown to who asks.
  grpc::Status Get(const Disclosure& disclosure, v1::GetConfigResponse& response) const;
  grpc::Status Diff(const v1::DiffConfigRequest& request, v1::DiffConfigResponse& response) const;
  grpc::Status Reload(const v1::ReloadConfigRequest& request, const std::string& who,
                      v1::ReloadConfigResponse& response) const;

 private:
  const std::shared_ptr<CircuitRegistry> registry_;
  const std::string instance_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CONFIG_REQUESTS_H_
