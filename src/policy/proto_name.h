// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_POLICY_PROTO_NAME_H_
#define FUSEBOX_SRC_POLICY_PROTO_NAME_H_

#include <string>
#include <type_traits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "fusebox/policy.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"

namespace fusebox::internal {

// A field of a FieldError, as circuit.proto and files have it. The core knows a choice by its own
// name, they by the alternative's: "window.size" is "count_window.size".
inline std::string FieldInProto(const std::string& field, const Policy& policy) {
  constexpr absl::string_view kInCandidate = "shadow_policy.";
  if (policy.shadow_policy && absl::StartsWith(field, kInCandidate)) {
    const std::string rest(absl::StripPrefix(field, kInCandidate));
    return absl::StrCat(kInCandidate, FieldInProto(rest, *policy.shadow_policy));
  }
  std::string in_proto = field;
  const auto rename = [&](const auto& row, const auto& value) {
    if constexpr (IsChoice<std::decay_t<decltype(row)>>::value) {
      const std::string prefix = absl::StrCat(row.name, ".");
      if (!absl::StartsWith(field, prefix)) return;
      VisitChosen(row, value, [&](const auto& alternative, const auto& /*chosen*/) {
        const std::string in_place = absl::StrCat(alternative.name, ".");
        in_proto = absl::StrCat(in_place, absl::StripPrefix(field, prefix));
        // "window.duration / window.buckets"
        in_proto = absl::StrReplaceAll(
            in_proto, {{absl::StrCat(" / ", prefix), absl::StrCat(" / ", in_place)}});
      });
    }
  };
  VisitFields(policy, rename);
  return in_proto;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_POLICY_PROTO_NAME_H_
