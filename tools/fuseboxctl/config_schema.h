// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_CONFIG_SCHEMA_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_CONFIG_SCHEMA_H_

#include "absl/strings/string_view.h"

namespace fuseboxctl {

// docs/config.schema.json, as it was when the program was built.
absl::string_view ConfigSchema();

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_CONFIG_SCHEMA_H_
