// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/policy_file.h"

namespace demo {

absl::StatusOr<std::unique_ptr<PolicyFile>> PolicyFile::Follow(
    const std::shared_ptr<fusebox::CircuitRegistry>& /*registry*/) {
  return nullptr;
}

}  // namespace demo
