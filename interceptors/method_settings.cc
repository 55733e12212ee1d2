// SPDX-License-Identifier: Apache-2.0
#include "interceptors/method_settings.h"

#include <utility>

#include "absl/strings/strip.h"

namespace fusebox {

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

}  // namespace fusebox
