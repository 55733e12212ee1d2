// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_breaker.h"

#include <utility>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_name.h"
#include "src/base/time_limits.h"
#include "src/core/circuit_core.h"
#include "src/core/policy_in_force.h"

namespace fusebox {

using internal::CircuitCore;
using internal::EventDelivery;
using internal::PolicyInForce;
using internal::PrintableOperator;
using internal::Seed;
using internal::UserCodeFailures;

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitBreaker::Create(absl::string_view name,
                                                                       const Policy& policy,
                                                                       Options options) {
  if (absl::Status valid = ValidateCircuitName(name); !valid.ok()) return valid;
  absl::StatusOr<std::shared_ptr<const Policy>> in_force = PolicyInForce(policy);
  if (!in_force.ok()) return in_force.status();
  CircuitCore::Options core;
  core.failures =
      std::make_shared<UserCodeFailures>(options.clock == nullptr ? Clock::Real() : *options.clock);
  core.seed = options.seed ? Seed(*options.seed) : Seed::Random();
  if (options.listener != nullptr) {
    core.events =
        std::make_shared<EventDelivery>(core.failures, std::move(options.listener), nullptr);
  }
  return CircuitCore::MakeBreaker(name, *std::move(in_force), std::move(core));
}

absl::StatusOr<std::shared_ptr<CircuitBreaker>> CircuitBreaker::Create(absl::string_view name,
                                                                       const Policy& policy) {
  return Create(name, policy, Options());
}

CircuitBreaker::~CircuitBreaker() = default;

Admission CircuitBreaker::TryAcquire() {
  if (Permit::Ticket ticket; core_->AdmitPlainly(ticket)) return Admission(this, ticket);
  return Acquire(nullptr);
}

Admission CircuitBreaker::TryAcquire(absl::FunctionRef<bool()> connected) {
  return TryAcquire([&] { return connected() ? Reach::kCall : Reach::kNone; });
}

Admission CircuitBreaker::TryAcquire(absl::FunctionRef<Reach()> reach) {
  if (Permit::Ticket ticket; core_->AdmitPlainly(ticket)) return Admission(this, ticket);
  return Acquire(&reach);
}

ABSL_ATTRIBUTE_NOINLINE Admission CircuitBreaker::Acquire(const absl::FunctionRef<Reach()>* reach) {
  if (Permit::Ticket ticket; core_->AdmitWithoutLock(ticket)) return Admission(this, ticket);
  // Made in its place at once: an Admission that is changed or copied costs more than the rest.
  if (CircuitCore::Rejected rejected; core_->RejectWithoutLock(rejected)) {
    return Admission(this, rejected.reason, rejected.state, rejected.retry_after);
  }
  return AcquireLocked(reach);
}

ABSL_ATTRIBUTE_NOINLINE Admission
CircuitBreaker::AcquireLocked(const absl::FunctionRef<Reach()>* reach) {
  // Asked for no more than once.
  std::optional<Reach> known;
  const auto known_or_asked = [&] {
    if (!known) known = reach == nullptr ? Reach::kCall : (*reach)();
    return *known;
  };
  const absl::FunctionRef<Reach()> once(known_or_asked);
  if (CircuitCore::Rejected rejected; core_->RejectWhileFull(once, rejected)) {
    return Admission(this, rejected.reason, rejected.state, rejected.retry_after);
  }
  const CircuitCore::Grant grant = core_->Acquire(once);
  if (grant.admitted) return Admission(this, grant.ticket);
  Admission admission(this, grant.reason, grant.state, grant.retry_after);
  if (grant.asks) admission.LeaveProbe(this, grant.ticket);
  return admission;
}

// Here, and not with its class, so that the whole way of a call is in one place for the compiler.
bool Permit::Record(const Outcome& outcome) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return false;
  CircuitCore::Of(*breaker).Return(ticket_, outcome);
  return true;
}

bool Permit::RecordSuccess() {
  if (breaker_ == nullptr) return false;
  if (!CircuitCore::Of(*breaker_).ReturnSuccessPlainly(ticket_)) return RecordAnySuccess();
  breaker_ = nullptr;
  return true;
}

ABSL_ATTRIBUTE_NOINLINE bool Permit::RecordAnySuccess() {
  if (!CircuitCore::Of(*breaker_).ReturnSuccessWithoutLock(ticket_)) {
    return Record(Outcome::Success());
  }
  breaker_ = nullptr;
  return true;
}

void Permit::ReceiveMessage(const Outcome& message) {
  if (breaker_ != nullptr) CircuitCore::Of(*breaker_).ReceiveMessage(ticket_, message);
}

FirstMessage Permit::RecordFirstMessage(const Outcome& message) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return FirstMessage();
  return CircuitCore::Of(*breaker).ReturnFirstMessage(ticket_, message);
}

bool Permit::Ignore() {
  if (breaker_ == nullptr) return false;
  if (!CircuitCore::Of(*breaker_).ReturnIgnoredWithoutLock(ticket_))
    return Record(Outcome::Ignored());
  breaker_ = nullptr;
  return true;
}

void CircuitBreaker::ReportFailure(const Outcome& outcome) {
  core_->ReportFailure(outcome, FirstMessage());
}
void CircuitBreaker::ReportFailure(const Outcome& outcome, const FirstMessage& first_message) {
  core_->ReportFailure(outcome, first_message);
}
bool CircuitBreaker::IsSlow(absl::Duration latency) const { return core_->IsSlow(latency); }
absl::Duration CircuitBreaker::health_probe_timeout() const { return core_->HealthProbeTimeout(); }
State CircuitBreaker::state() const { return core_->state(); }
CircuitSnapshot CircuitBreaker::Snapshot() const { return core_->Snapshot(); }

void CircuitBreaker::Reset(const Operator& by) {
  core_->Operate(Cause::kReset, PrintableOperator(by));
}
void CircuitBreaker::Disable(const Operator& by) {
  core_->Operate(Cause::kDisabled, PrintableOperator(by));
}
void CircuitBreaker::Shadow(const Operator& by) {
  core_->Operate(Cause::kShadowed, PrintableOperator(by));
}
void CircuitBreaker::Automate(const Operator& by) {
  core_->Operate(Cause::kAutomated, PrintableOperator(by));
}

absl::Status CircuitBreaker::ForceOpen(const Operator& by, std::optional<absl::Duration> ttl) {
  if (ttl && (*ttl < internal::kShortestTime || *ttl > internal::kYear)) {
    return absl::InvalidArgumentError(absl::StrCat("ttl = ", absl::FormatDuration(*ttl),
                                                   ", must be from ",
                                                   absl::FormatDuration(internal::kShortestTime),
                                                   " to ", absl::FormatDuration(internal::kYear)));
  }
  core_->ForceOpen(PrintableOperator(by), ttl);
  return absl::OkStatus();
}

absl::Status CircuitBreaker::SetPolicy(const Policy& policy, const Operator& by) {
  absl::StatusOr<std::shared_ptr<const Policy>> in_force = PolicyInForce(policy);
  if (!in_force.ok()) return in_force.status();
  core_->SetPolicy(*std::move(in_force), PrintableOperator(by));
  return absl::OkStatus();
}

absl::Status CircuitBreaker::ReplacePolicy(const Policy& expected, const Policy& policy,
                                           const Operator& by) {
  absl::StatusOr<std::shared_ptr<const Policy>> in_force = PolicyInForce(policy);
  if (!in_force.ok()) return in_force.status();
  if (core_->ReplacePolicy(expected.InForce(), *std::move(in_force), PrintableOperator(by))) {
    return absl::OkStatus();
  }
  return absl::AbortedError(
      absl::StrCat("another policy than the expected one is in force for \"", name(), "\""));
}

void CircuitBreaker::ReportUserCodeFailure(UserCode code, absl::string_view exception) {
  core_->ReportUserCodeFailure(code, exception);
}

bool CircuitBreaker::removed() const { return core_->removed(); }
const std::string& CircuitBreaker::name() const { return core_->name(); }
absl::string_view CircuitBreaker::target() const { return core_->target(); }
const Clock& CircuitBreaker::clock() const { return core_->clock(); }

}  // namespace fusebox
