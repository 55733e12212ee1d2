// SPDX-License-Identifier: Apache-2.0
#include "src/core/opening_traces.h"

#include <iterator>

#include "absl/hash/hash.h"

namespace fusebox::internal {
namespace {

uint64_t HashOf(absl::string_view name) { return absl::Hash<absl::string_view>()(name); }

}  // namespace

bool OpeningTraces::Keep(absl::string_view name, const Opening& opening, SteadyTime now) {
  if (capacity_ == 0) return opening.until > now;
  const uint64_t hash = HashOf(name);
  if (const auto known = by_hash_.find(hash); known != by_hash_.end()) Forget(known->second);
  bool forgotten = false;
  if (by_hash_.size() == capacity_) {
    const auto oldest = ListToShorten(now).begin();
    forgotten = oldest->opening.until > now;
    Forget(oldest);
  }
  Traces& traces = ListOf(opening);
  traces.push_back({hash, opening});
  by_hash_.emplace(hash, std::prev(traces.end()));
  return forgotten;
}

std::optional<Opening> OpeningTraces::Take(absl::string_view name, SteadyTime now) {
  if (by_hash_.empty()) return std::nullopt;  // without a hash
  const auto found = by_hash_.find(HashOf(name));
  if (found == by_hash_.end()) return std::nullopt;
  const Opening opening = found->second->opening;
  Forget(found->second);
  if (now - opening.until > kKept) return std::nullopt;
  return opening;
}

void OpeningTraces::Clear() {
  by_hash_.clear();
  once_.clear();
  came_back_.clear();
}

OpeningTraces::Traces& OpeningTraces::ListToShorten(SteadyTime now) {
  const bool long_ago = !came_back_.empty() && now - came_back_.front().opening.until > kPreferred;
  return once_.empty() || long_ago ? came_back_ : once_;
}

void OpeningTraces::Forget(Traces::iterator trace) {
  by_hash_.erase(trace->hash);
  ListOf(trace->opening).erase(trace);
}

}  // namespace fusebox::internal
