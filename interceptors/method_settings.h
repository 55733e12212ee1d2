// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_METHOD_SETTINGS_H_
#define FUSEBOX_INTERCEPTORS_METHOD_SETTINGS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "fusebox/grpc/fallback.h"
#include "fusebox/grpc/stream_options.h"
#include "fusebox/policy.h"
#include "fusebox/policy_table.h"
#include "fusebox/policy_use.h"

namespace fusebox::internal {

// What a channel's options say of one method.
struct MethodSettings {
  const Policy* policy = nullptr;      // null: unprotected
  const Fallback* fallback = nullptr;  // null: none
  StreamOptions streams;
};

// What they say of all. Thread-safe, as it never changes.
class MethodTable {
 public:
  MethodTable(PolicyTable policies, FallbackTable fallbacks, StreamOptions streams,
              std::map<std::string, StreamOptions> method_streams);

  // `method` as "/package.Service/Method". Refers to what the table holds.
  MethodSettings Resolve(absl::string_view method) const;

  // Every setting that is for one service or method.
  std::vector<PolicyUse::Entry> Entries() const;

  // Notes those of them that a call of that method matches.
  void NoteUse(absl::string_view method, PolicyUse& use) const;

 private:
  const PolicyTable policies_;
  const FallbackTable fallbacks_;
  const StreamOptions streams_;
  const std::map<std::string, StreamOptions, std::less<>> method_streams_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_METHOD_SETTINGS_H_
