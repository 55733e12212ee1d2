// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_PROXY_CHECK_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_PROXY_CHECK_H_

#include "absl/status/status.h"

namespace fuseboxctl {

// Whether the variables name a proxy that gRPC can use. It would go without one otherwise, and not
// say so. INVALID_ARGUMENT names the variable, and what to write.
absl::Status CheckProxy();

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_PROXY_CHECK_H_
