// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_REASON_FLAG_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_REASON_FLAG_H_

#include <string>

#include "absl/status/status.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11's
class App;
}  // namespace CLI

namespace fuseboxctl {

// --reason, of commands that move circuits.
struct ReasonFlag {
  std::string text;

  void AddTo(CLI::App& app);

  // Takes FUSEBOX_REASON if the flag wasn't given. INVALID_ARGUMENT without a reason.
  absl::Status Complete();
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_REASON_FLAG_H_
