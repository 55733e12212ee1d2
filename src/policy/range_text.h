// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_POLICY_RANGE_TEXT_H_
#define FUSEBOX_SRC_POLICY_RANGE_TEXT_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/base/text.h"
#include "src/policy/field.h"

namespace fusebox::internal {

inline std::string ValueText(absl::Duration value) { return absl::FormatDuration(value); }

// "from 1 to 1000", "greater than 0 and at most 1".
template <typename T>
std::string RangeText(const Range<T>& range) {
  const std::string min = ValueText(range.min);
  const std::string max = ValueText(range.max);
  switch (range.ends) {
    case Ends::kMaxOnly:
      return absl::StrCat("greater than ", min, " and at most ", max);
    case Ends::kMinOnly:
      return absl::StrCat("at least ", min, " and less than ", max);
    case Ends::kBoth:
      break;
  }
  return absl::StrCat("from ", min, " to ", max);
}

// Of a field by itself: with a 0 that is apart.
template <typename Owner, typename Member>
std::string RangeText(const ValueField<Owner, Member>& field) {
  return absl::StrCat(field.has_zero_apart() ? "0, or " : "", RangeText(field.range));
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_POLICY_RANGE_TEXT_H_
