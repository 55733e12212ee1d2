// SPDX-License-Identifier: Apache-2.0
//
// The breaker of one circuit, usable for any kind of call:
//
//   absl::StatusOr<std::shared_ptr<fusebox::CircuitBreaker>> breaker =
//       fusebox::CircuitBreaker::Create("payments", fusebox::Policy::ExternalApi());
//   ...
//   fusebox::Admission admission = (*breaker)->TryAcquire();
//   if (!admission) return fusebox::ToStatus(admission.rejection());
//   absl::Status status = Charge(card);
//   admission.permit().Record(fusebox::Outcome::FromStatus(status));
//   return status;
//
// `Run` (fusebox/run.h) says this in one line, and the interceptor
// (fusebox/grpc/circuit_breaker_interceptor.h) does it for every call of a gRPC channel.
#ifndef FUSEBOX_CIRCUIT_BREAKER_H_
#define FUSEBOX_CIRCUIT_BREAKER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"

namespace fusebox {

// Who does something to a circuit by hand, and why: both end up in the event.
struct Operator {
  std::string who;
  std::string why;
};

// Thread-safety: every method may be called from any thread at any time.
// Ownership: held by shared_ptr, so that a circuit that is taken out of its registry lives on until
// the last call that it permitted has ended. It must outlive its permits.
class CircuitBreaker {
 public:
  struct Options {
    // Must outlive the breaker.
    const Clock* clock = &Clock::Real();

    // Decides the jitter, together with the circuit's name. Absent: a random one.
    std::optional<uint64_t> seed;

    // May be empty.
    EventListener listener;
  };

  // A circuit in state CLOSED. INVALID_ARGUMENT if the name is empty or the policy invalid; the
  // message names each bad field, its value and its range.
  static absl::StatusOr<std::shared_ptr<CircuitBreaker>> Create(absl::string_view name,
                                                                const Policy& policy,
                                                                Options options);
  static absl::StatusOr<std::shared_ptr<CircuitBreaker>> Create(absl::string_view name,
                                                                const Policy& policy = Policy());

  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  ~CircuitBreaker();

  // Asks for the right to make one call, at this moment (DESIGN R1-R5). Never waits.
  Admission TryAcquire();

  // The state at this moment: an OPEN circuit whose time is up reports HALF_OPEN (DESIGN R1).
  State state();

  // Everything there is to know at this moment (DESIGN R9).
  CircuitSnapshot Snapshot();

  // CLOSED, with an empty window, the backoff starting over and the totals kept, from any state
  // (DESIGN R8). Calls that are out become stale: their results can't open the circuit.
  void Reset(const Operator& by);

  const std::string& name() const;
  const Clock& clock() const;

 private:
  friend class Permit;
  class Impl;

  explicit CircuitBreaker(std::unique_ptr<Impl> impl);

  void Return(const Permit::Ticket& ticket, const Outcome& outcome);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_CIRCUIT_BREAKER_H_
