// SPDX-License-Identifier: Apache-2.0
//
// The file that the demo's circuits have their policy from, if it is built with fusebox::config.
#ifndef FUSEBOX_EXAMPLES_DEMO_POLICY_FILE_H_
#define FUSEBOX_EXAMPLES_DEMO_POLICY_FILE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"

namespace demo {

class PolicyFile {
 public:
  // In a folder of its own, which is gone with it. Null without fusebox::config.
  static absl::StatusOr<std::unique_ptr<PolicyFile>> Follow(
      const std::shared_ptr<fusebox::CircuitRegistry>& registry);

  PolicyFile() = default;
  PolicyFile(const PolicyFile&) = delete;
  PolicyFile& operator=(const PolicyFile&) = delete;
  virtual ~PolicyFile() = default;

  // Replaces the file. The circuits go by it a moment later.
  virtual absl::Status OpenAtFirstFailure() = 0;
  virtual absl::Status GoByDefault() = 0;
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_POLICY_FILE_H_
