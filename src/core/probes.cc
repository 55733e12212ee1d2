// SPDX-License-Identifier: Apache-2.0
#include "src/core/probes.h"

#include <cstddef>
#include <limits>
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
      guard_(policy.probe_timeout) {
  // A permit's ticket has no room for more, and no policy allows it.
  FUSEBOX_DCHECK(places_.size() <= std::numeric_limits<int16_t>::max());
  for (std::size_t i = 0; i + 1 < places_.size(); ++i) {
    places_[i].later = static_cast<int16_t>(i + 1);
  }
}

std::optional<int32_t> Probes::Admit(SteadyTime now) {
  if (admissions_limit_ && admissions_ >= *admissions_limit_) return std::nullopt;
  if (free_ == kNone) return std::nullopt;
  const int16_t place = free_;
  free_ = At(place).later;
  At(place) = {now, last_, kNone, /*taken=*/true};
  (last_ == kNone ? first_ : At(last_).later) = place;
  last_ = place;
  ++out_;
  ++admissions_;
  return place;
}

void Probes::Return(int32_t place, bool counts) {
  FUSEBOX_DCHECK(IsTaken(place));
  FUSEBOX_DCHECK(out_ > 0 && admissions_ > 0);
  Place& left = At(place);
  (left.earlier == kNone ? first_ : At(left.earlier).later) = left.later;
  (left.later == kNone ? last_ : At(left.later).earlier) = left.earlier;
  left = Place();
  left.later = free_;
  free_ = static_cast<int16_t>(place);
  --out_;
  if (!counts) --admissions_;
}

std::optional<SteadyTime> Probes::FullUntil(SteadyTime now) const {
  const bool full = free_ == kNone || (admissions_limit_ && admissions_ >= *admissions_limit_);
  // A look that finds none disarms the guard: then it takes one.
  if (!full || first_ == kNone || guard_.armed()) return std::nullopt;
  if (timeout_ == absl::ZeroDuration()) return kForever;
  const SteadyTime until = At(first_).since + timeout_;
  return until > now ? std::optional(until) : std::nullopt;
}

bool Probes::CheckTimeout(SteadyTime now) {
  if (timeout_ == absl::ZeroDuration()) return false;
  const bool hung = first_ != kNone && now - At(first_).since >= timeout_;
  return guard_.Look(now, hung);
}

}  // namespace fusebox::internal
