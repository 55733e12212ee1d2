// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/fusebox_guard.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"

namespace fusebox_drill {
namespace {

absl::StatusCode CodeOf(Answer answer) {
  switch (answer) {
    case Answer::kOk:
      break;
    case Answer::kError:
      return absl::StatusCode::kInternal;
    case Answer::kRefused:
      return absl::StatusCode::kUnavailable;
    case Answer::kOverloaded:
      return absl::StatusCode::kResourceExhausted;
    case Answer::kTimedOut:
      return absl::StatusCode::kDeadlineExceeded;
  }
  return absl::StatusCode::kOk;
}

// HALF_OPEN, with good probes behind it.
bool LetsMoreThrough(const fusebox::CircuitSnapshot& snapshot) {
  return snapshot.ramping || snapshot.limit.has_value();
}

class FuseboxGuard final : public Guard {
 public:
  explicit FuseboxGuard(std::shared_ptr<fusebox::CircuitBreaker> breaker)
      : breaker_(std::move(breaker)) {}

  std::optional<Ticket> Admit(Nanos /*now*/, int /*attempt*/) override {
    fusebox::Admission admission = breaker_->TryAcquire();
    if (!admission) return std::nullopt;
    if (free_.empty()) {
      free_.push_back(permits_.size());
      permits_.emplace_back();
    }
    const std::size_t place = free_.back();
    free_.pop_back();
    permits_[place] = std::move(admission).permit();
    return place;
  }

  void Record(Ticket ticket, const Ended& ended, Nanos /*now*/) override {
    // How long the call took, the breaker sees on its clock.
    fusebox::Permit& permit = permits_[ticket];
    if (ended.answer == Answer::kOk) {
      permit.RecordSuccess();
    } else {
      const absl::StatusCode code = CodeOf(ended.answer);
      fusebox::Outcome outcome = fusebox::Outcome::Failure(static_cast<int>(code));
      outcome.kind = fusebox::DefaultOutcomeKind(code);
      permit.Record(outcome);
    }
    free_.push_back(ticket);
  }

  GuardState state() const override {
    switch (breaker_->state()) {
      case fusebox::State::kOpen:
        return GuardState::kOpen;
      case fusebox::State::kHalfOpen:
        return LetsMoreThrough(breaker_->Snapshot()) ? GuardState::kRamping : GuardState::kHalfOpen;
      case fusebox::State::kClosed:
      case fusebox::State::kUnknown:
        break;
    }
    return GuardState::kClosed;
  }

  GuardCounts counts() const override {
    const fusebox::CircuitSnapshot now = breaker_->Snapshot();
    GuardCounts counts;
    counts.opened = now.totals.opened;
    counts.rejected = now.totals.rejected + now.totals.too_many_calls;
    if (now.shadow) {
      counts.would_open = now.shadow->would_open;
      counts.would_reject = now.shadow->would_reject;
      counts.would_admit = now.shadow->would_admit;
    }
    return counts;
  }

 private:
  const std::shared_ptr<fusebox::CircuitBreaker> breaker_;
  std::vector<fusebox::Permit> permits_;  // that are out; given back before the breaker goes
  std::vector<std::size_t> free_;         // places among them
};

class NoGuard final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos /*now*/, int /*attempt*/) override { return 0; }
  void Record(Ticket /*ticket*/, const Ended& /*ended*/, Nanos /*now*/) override {}
};

}  // namespace

absl::StatusOr<Protection> ProtectBy(std::string name, const fusebox::Policy& policy) {
  if (absl::Status valid = fusebox::Validate(policy); !valid.ok()) return valid;
  Protection protection;
  protection.name = std::move(name);
  if (policy.shadow_policy) {
    absl::StatusOr<Protection> candidate =
        ProtectBy(absl::StrCat(protection.name, "'s candidate"), *policy.shadow_policy);
    if (!candidate.ok()) return candidate.status();
    protection.candidate = std::make_shared<const Protection>(*std::move(candidate));
  }
  protection.make = [policy](const GuardContext& context) -> std::unique_ptr<Guard> {
    fusebox::CircuitBreaker::Options options;
    options.clock = &context.clock;
    options.seed = context.seed;
    // Can't fail: the policy is valid, and so is the name.
    auto breaker = fusebox::CircuitBreaker::Create("drill", policy, std::move(options));
    return std::make_unique<FuseboxGuard>(*std::move(breaker));
  };
  return protection;
}

Protection ProtectByNothing() {
  return {"nothing", [](const GuardContext& /*context*/) -> std::unique_ptr<Guard> {
            return std::make_unique<NoGuard>();
          }};
}

}  // namespace fusebox_drill
