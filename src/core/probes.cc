// SPDX-License-Identifier: Apache-2.0
#include "src/core/probes.h"

#include <algorithm>
#include <cstddef>
#include <variant>

#include "src/base/dcheck.h"

namespace fusebox::internal {
namespace {

std::optional<int64_t> AdmissionsLimit(const HalfOpenPolicy& policy) {
  if (const auto* fixed = std::get_if<ProbeCalls>(&*policy.verdict)) return fixed->calls;
  return std::nullopt;
}

}  // namespace

Probes::Probes(const HalfOpenPolicy& policy)
    : timeout_(policy.probe_timeout),
      admissions_limit_(AdmissionsLimit(policy)),
      places_(static_cast<std::size_t>(*policy.max_concurrent)),
      guard_(policy.probe_timeout) {}

std::optional<int32_t> Probes::Admit(SteadyTime now) {
  if (admissions_limit_ && admissions_ >= *admissions_limit_) return std::nullopt;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    if (places_[i]) continue;
    places_[i] = now;
    ++out_;
    ++admissions_;
    return static_cast<int32_t>(i);
  }
  return std::nullopt;
}

void Probes::Return(int32_t place, bool counts) {
  FUSEBOX_DCHECK(IsTaken(place));
  FUSEBOX_DCHECK(out_ > 0 && admissions_ > 0);
  places_[static_cast<std::size_t>(place)].reset();
  --out_;
  if (!counts) --admissions_;
}

bool Probes::CheckTimeout(SteadyTime now) {
  if (timeout_ == absl::ZeroDuration()) return false;
  const bool hung = std::any_of(places_.begin(), places_.end(), [&](const auto& since) {
    return since && now - *since >= timeout_;
  });
  return guard_.Look(now, hung);
}

}  // namespace fusebox::internal
