// SPDX-License-Identifier: Apache-2.0
#include "interceptors/method_settings.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace fusebox::internal {
namespace {

// What UnusedPolicy calls them.
constexpr char kPolicy[] = "policy";
constexpr char kUnprotected[] = "unprotected";
constexpr char kStreams[] = "stream options";
constexpr char kFallback[] = "fallback";

}  // namespace

MethodTable::MethodTable(PolicyTable policies, FallbackTable fallbacks, StreamOptions streams,
                         std::map<std::string, StreamOptions> method_streams)
    : policies_(std::move(policies)),
      fallbacks_(std::move(fallbacks)),
      streams_(streams),
      method_streams_(method_streams.begin(), method_streams.end()) {}

MethodSettings MethodTable::Resolve(absl::string_view method) const {
  MethodSettings settings;
  settings.policy = policies_.Resolve(method);
  settings.fallback = fallbacks_.Find(method);
  const auto streams = method_streams_.find(absl::StripPrefix(method, "/"));
  settings.streams = streams == method_streams_.end() ? streams_ : streams->second;
  return settings;
}

std::vector<PolicyUse::Entry> MethodTable::Entries() const {
  std::vector<PolicyUse::Entry> entries;
  for (const std::string& name : policies_.Names()) {
    const bool is_method = absl::StrContains(name, '/');
    const bool is_protected =
        policies_.Resolve(is_method ? name : absl::StrCat(name, "/")) != nullptr;
    entries.emplace_back(is_protected ? kPolicy : kUnprotected, name);
  }
  for (const auto& streams : method_streams_) entries.emplace_back(kStreams, streams.first);
  for (const std::string& name : fallbacks_.Names()) entries.emplace_back(kFallback, name);
  return entries;
}

void MethodTable::NoteUse(absl::string_view method, PolicyUse& use) const {
  const PolicyTable::Matched matched = policies_.Match(method);
  use.Note(matched.policy != nullptr ? kPolicy : kUnprotected, matched.entry);
  use.Note(kStreams, absl::StripPrefix(method, "/"));
  use.Note(kFallback, absl::StripPrefix(method, "/"));
}

}  // namespace fusebox::internal
