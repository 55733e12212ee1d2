// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/fallback.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "fusebox/policy_table.h"

namespace fusebox {

void FallbackTable::Add(absl::string_view method, std::shared_ptr<const Fallback> fallback) {
  if (!IsMethodName(method)) {
    errors_.push_back(
        absl::StrCat("method = \"", method, "\", must be \"package.Service/Method\""));
  } else if (fallback == nullptr) {
    errors_.push_back(absl::StrCat(method, ": no function, must be one"));
  } else if (!fallbacks_.emplace(method, std::move(fallback)).second) {
    errors_.push_back(absl::StrCat(method, ": given twice"));
  }
}

absl::Status FallbackTable::Validate() const {
  if (errors_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invalid fallbacks: ", absl::StrJoin(errors_, "; ")));
}

const Fallback* FallbackTable::Find(absl::string_view method) const {
  const auto found = fallbacks_.find(absl::StripPrefix(method, "/"));
  return found == fallbacks_.end() ? nullptr : found->second.get();
}

std::vector<std::string> FallbackTable::Names() const {
  std::vector<std::string> names;
  names.reserve(fallbacks_.size());
  for (const auto& entry : fallbacks_) names.push_back(entry.first);
  return names;
}

}  // namespace fusebox
