// SPDX-License-Identifier: Apache-2.0
//
// The right to make one call (rule R7), and the answer to asking for one.
#ifndef FUSEBOX_PERMIT_H_
#define FUSEBOX_PERMIT_H_

#include <cstdint>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/export.h"
#include "fusebox/outcome.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"

namespace fusebox {

namespace internal {
class CircuitCore;
class ShadowMachine;
class StateMachine;
}  // namespace internal

class CircuitBreaker;

// What `Permit::RecordFirstMessage` leaves behind: where the success of that first message went, so
// that `CircuitBreaker::ReportFailure` can take it back if the stream fails later. A plain value
// for one circuit, to be kept for as long as the stream lives; it refers to nothing. Reported to
// another circuit, even one of the same name, it is just a failure.
class FirstMessage {
 public:
  // Of no stream: the failure that is reported with it is one that belongs to no permit.
  FirstMessage() = default;

 private:
  friend class internal::CircuitCore;
  friend class internal::ShadowMachine;
  friend class internal::StateMachine;

  enum class Recorded : int8_t {
    kNowhere,  // no permit, or a stale one
    kKeptOut,  // granted by Disable or Shadow alone: for the totals alone
    kProbe,    // among the probes
    kCall,     // in the window and in the run of failures
  };

  struct Place {
    uint64_t epoch = 0;
    int64_t window = 0;
    int64_t run = 0;
    Recorded recorded = Recorded::kNowhere;
  };

  uint64_t instance_ = 0;       // of the circuit
  uint32_t shadow_number_ = 0;  // of its policy's candidate; 0: there was none
  Place live_;
  Place shadow_;
};

// Given back exactly once: by `Record`, or, if it is destroyed without, as when an exception passes
// by, as ignored (but see `Run` in fusebox/run.h). Movable, so
// that it can travel with a call from thread to thread.
//
// Thread-safety: not thread-safe; callers synchronise. The breaker takes permits back on any
// thread.
// Ownership: refers to its breaker, which must outlive it.
class [[nodiscard]] FUSEBOX_EXPORT Permit {
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
  // epoch is taken: it adds to the totals and moves nothing (rule R7).
  bool Record(const Outcome& outcome);

  // The same for the plainest outcomes; the first and the last are cheaper than by `Record`.
  bool RecordSuccess();
  bool RecordFailure() { return Record(Outcome::Failure()); }
  bool Ignore();

  // Lets go of it for good without giving it back: for whoever has held it longer than its breaker
  // lived. To a breaker that lives, a call that never ends.
  void Abandon() { breaker_ = nullptr; }

  // For streams, whose permit is out for long: the server has sent a message, so the call does not
  // hang. `hung_calls` and `half_open.probe_timeout` leave it alone from now on (R5, R14); a probe
  // has succeeded by this and frees its place, and becomes a failed one if the stream fails in the
  // same HALF_OPEN. The permit stays out, and `max_in_flight` still counts it.
  //
  //   permit.ReceiveMessage();               // at the first message; later ones have no effect
  //   permit.Record(outcome);                // at the final status
  //
  // Of `message` only `latency` (to this message), `timed` and `peer` are looked at. Takes no lock
  // while the circuit is CLOSED without `hung_calls`. Nothing on an empty permit.
  void ReceiveMessage(const Outcome& message = Outcome::Success());

  // Gives the permit back as a success at the first message of a stream that may live for hours
  // (C6). Keep what this returns, and if the stream fails in the end hand it to `ReportFailure`:
  //
  //   fusebox::FirstMessage first = permit.RecordFirstMessage();
  //   ...
  //   breaker->ReportFailure(fusebox::Outcome::Failure(14, "stream broke"), first);
  //
  // Of `message` only `latency` (to this message), `timed` and `peer` are looked at. An empty
  // permit returns FirstMessage(), and nothing has changed. After `ReceiveMessage` it counts as
  // `Record` does.
  FirstMessage RecordFirstMessage(const Outcome& message = Outcome::Success());

  // Whether there is something left to give back.
  explicit operator bool() const { return breaker_ != nullptr; }

 private:
  friend class CircuitBreaker;
  friend class internal::CircuitCore;
  friend class internal::ShadowMachine;
  friend class internal::StateMachine;
  friend class Admission;

  // What the breaker must know to take the permit back.
  struct Ticket {
    static constexpr uint8_t kTimed = 1;     // `start` counts for the slow-call rules, `hung_calls`
    static constexpr uint8_t kSampled = 2;   // what the call takes is to be noted
    static constexpr uint8_t kAnswered = 4;  // `ReceiveMessage` was told of its first message,
    static constexpr uint8_t kFailed = 8;    // which was recorded as a failure
    static constexpr uint8_t kAsks = 16;     // no call's: a probe that asks the dependency (R21)
    static constexpr uint8_t kHasPlace = 32;  // under `max_in_flight`, to be given back

    bool Is(uint8_t flag) const { return (flags & flag) != 0; }

    uint64_t epoch = 0;
    SteadyTime start;          // if timed or sampled
    uint32_t shadow = 0;       // what the policy's candidate knows it by; 0: by nothing
    int16_t probe_place = -1;  // -1: no probe; at most 1,000 are out
    uint8_t flags = 0;
  };

  bool RecordAnySuccess();

  Permit(CircuitBreaker* breaker, const Ticket& ticket) : breaker_(breaker), ticket_(ticket) {}

  CircuitBreaker* breaker_ = nullptr;
  Ticket ticket_;
};

// What `CircuitBreaker::TryAcquire` answers: a permit, or why there is none.
//
//   fusebox::Admission admission = breaker->TryAcquire();
//   if (!admission) return fusebox::ToStatus(admission.rejection());
//   admission.permit().Record(fusebox::Outcome::FromStatus(Charge(card).status()));
class [[nodiscard]] FUSEBOX_EXPORT Admission {
 public:
  bool admitted() const { return admitted_; }
  explicit operator bool() const { return admitted_; }

  // The permit; an empty one if the call was rejected, unless that left a probe (`TakeProbe`). Keep
  // it in this Admission, or move it out.
  Permit& permit() & { return permit_; }
  Permit&& permit() && { return std::move(permit_); }

  // Of a call that was rejected although a probe is due, since its caller can have the dependency
  // asked (`Reach::kAsk`, rule R21): the permit to do so, which is the probe. Any thread may hand
  // in the answer, at any time: a success if the dependency says that it is well; else a failure,
  // with the status code if there is one. Code 12 (UNIMPLEMENTED), or three times in a row 5, 7 or
  // 16 (NOT_FOUND, PERMISSION_DENIED, UNAUTHENTICATED), means that it can't be asked: then calls
  // are the probes from now on. Dropped or ignored, it leaves the probe to the next call. Empty in
  // all other cases.
  Permit TakeProbe() { return admitted_ ? Permit() : std::move(permit_); }

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
  void LeaveProbe(CircuitBreaker* breaker, const Permit::Ticket& ticket) {
    permit_ = Permit(breaker, ticket);
  }

  Permit permit_;
  bool admitted_ = false;
  const CircuitBreaker* breaker_ = nullptr;
  RejectionReason reason_ = RejectionReason::kOpen;
  State state_ = State::kClosed;
  absl::Duration retry_after_ = absl::ZeroDuration();
};

}  // namespace fusebox

#endif  // FUSEBOX_PERMIT_H_
