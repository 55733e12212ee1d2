// SPDX-License-Identifier: Apache-2.0
//
// The right to make one call (DESIGN R7), and the answer to asking for one.
#ifndef FUSEBOX_PERMIT_H_
#define FUSEBOX_PERMIT_H_

#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/outcome.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"

namespace fusebox {

class CircuitBreaker;

// Given back exactly once: by `Record`, or, if it is destroyed without, as ignored. Movable, so
// that it can travel with a call from thread to thread.
//
// Thread-safety: one thread at a time; the breaker behind it takes permits back from any thread.
// Ownership: refers to its breaker, which must outlive it.
class [[nodiscard]] Permit {
 public:
  // An empty permit: nothing to give back.
  Permit() = default;
  Permit(Permit&& other) noexcept
      : breaker_(std::exchange(other.breaker_, nullptr)), ticket_(other.ticket_) {}
  Permit& operator=(Permit&& other) noexcept;
  Permit(const Permit&) = delete;
  Permit& operator=(const Permit&) = delete;
  ~Permit() {
    if (breaker_ != nullptr) Ignore();
  }

  // Gives the permit back with what became of the call. Returns true if it was taken; false if this
  // permit is empty or was given back before, and then nothing has changed. A permit of an earlier
  // epoch is taken: it adds to the totals and moves nothing (DESIGN R7).
  bool Record(const Outcome& outcome);

  // The same for the plainest outcomes; the first and the last are cheaper than by `Record`.
  bool RecordSuccess();
  bool RecordFailure() { return Record(Outcome::Failure()); }
  bool Ignore();

  // Whether there is something left to give back.
  explicit operator bool() const { return breaker_ != nullptr; }

 private:
  friend class CircuitBreaker;
  friend class Admission;

  // What the breaker must know to take the permit back.
  struct Ticket {
    uint64_t epoch = 0;
    SteadyTime start;
    int32_t probe_place = -1;  // -1: no probe
  };

  Permit(CircuitBreaker* breaker, const Ticket& ticket) : breaker_(breaker), ticket_(ticket) {}

  CircuitBreaker* breaker_ = nullptr;
  Ticket ticket_;
};

// What `CircuitBreaker::TryAcquire` answers: a permit, or why there is none.
//
//   fusebox::Admission admission = breaker->TryAcquire();
//   if (!admission) return fusebox::ToStatus(admission.rejection());
//   admission.permit().Record(...);
class [[nodiscard]] Admission {
 public:
  bool admitted() const { return admitted_; }
  explicit operator bool() const { return admitted_; }

  // The permit; an empty one if the call was rejected. Keep it in this Admission, or move it out.
  Permit& permit() & { return permit_; }
  Permit&& permit() && { return std::move(permit_); }

  // For a rejected call (and without meaning for an admitted one). None of these allocates.
  RejectionReason reason() const { return reason_; }
  State state() const { return state_; }
  absl::Duration retry_after() const { return retry_after_; }

  // The same with the circuit's name, as a value that outlives the breaker.
  Rejection rejection() const;

 private:
  friend class CircuitBreaker;

  Admission(CircuitBreaker* breaker, const Permit::Ticket& ticket)
      : permit_(breaker, ticket), admitted_(true) {}
  Admission(const CircuitBreaker* breaker, RejectionReason reason, State state,
            absl::Duration retry_after)
      : breaker_(breaker), reason_(reason), state_(state), retry_after_(retry_after) {}

  Permit permit_;
  bool admitted_ = false;
  const CircuitBreaker* breaker_ = nullptr;
  RejectionReason reason_ = RejectionReason::kOpen;
  State state_ = State::kClosed;
  absl::Duration retry_after_ = absl::ZeroDuration();
};

}  // namespace fusebox

#endif  // FUSEBOX_PERMIT_H_
