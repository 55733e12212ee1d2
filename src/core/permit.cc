// SPDX-License-Identifier: Apache-2.0
#include "fusebox/permit.h"

#include "fusebox/circuit_breaker.h"

namespace fusebox {

Permit& Permit::operator=(Permit&& other) noexcept {
  if (this != &other) {
    Ignore();
    breaker_ = std::exchange(other.breaker_, nullptr);
    ticket_ = other.ticket_;
  }
  return *this;
}

Permit::~Permit() { Ignore(); }

bool Permit::Record(const Outcome& outcome) {
  CircuitBreaker* const breaker = std::exchange(breaker_, nullptr);
  if (breaker == nullptr) return false;
  breaker->Return(ticket_, outcome);
  return true;
}

Rejection Admission::rejection() const {
  Rejection rejection;
  rejection.reason = reason_;
  if (breaker_ != nullptr) rejection.circuit = breaker_->name();
  rejection.state = state_;
  rejection.retry_after = retry_after_;
  return rejection;
}

}  // namespace fusebox
