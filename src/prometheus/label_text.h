// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_PROMETHEUS_LABEL_TEXT_H_
#define FUSEBOX_SRC_PROMETHEUS_LABEL_TEXT_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fusebox {

// The text as a label's value: as it is if it is UTF-8, else with "\xFF" for each byte that isn't
// part of a character.
std::string LabelText(absl::string_view text);

// Whether a user's label may have that name (CollectorOptions::labels), but for the collector's
// own.
bool IsLabelName(absl::string_view name);

}  // namespace fusebox

#endif  // FUSEBOX_SRC_PROMETHEUS_LABEL_TEXT_H_
