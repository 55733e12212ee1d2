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

Rejection Admission::rejection() const {
  Rejection rejection;
  rejection.reason = reason_;
  if (breaker_ != nullptr) rejection.circuit = breaker_->name();
  rejection.state = state_;
  rejection.retry_after = retry_after_;
  return rejection;
}

}  // namespace fusebox
