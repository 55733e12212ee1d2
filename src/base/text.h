// SPDX-License-Identifier: Apache-2.0
//
// Numbers and texts as people read them.
#ifndef FUSEBOX_SRC_BASE_TEXT_H_
#define FUSEBOX_SRC_BASE_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace fusebox::internal {

// Rounded up to a millisecond: "27.4s", "1m30s", "0". Never shows 0 for what isn't over yet.
std::string DurationText(absl::Duration duration);
void AppendDurationText(absl::Duration duration, std::string& text);

// As few digits as tell it from every other number: "0.1", "1.0000001".
std::string NumberText(double number);

// With that many digits that count: 3 of 124.96 are "125", of 0.01234 "0.0123", of 12'345 "12345".
std::string RoundedText(double number, int digits);

// What a field is set to: "100", "0.1", "true".
std::string ValueText(int64_t value);
std::string ValueText(double value);
std::string ValueText(bool value);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_TEXT_H_
