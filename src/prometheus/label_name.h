// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_PROMETHEUS_LABEL_NAME_H_
#define FUSEBOX_SRC_PROMETHEUS_LABEL_NAME_H_

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// Whether a user's label may have that name (CollectorOptions::labels), except for the collector's
// own.
bool IsLabelName(absl::string_view name);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_PROMETHEUS_LABEL_NAME_H_
