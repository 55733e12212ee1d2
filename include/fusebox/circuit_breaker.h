// SPDX-License-Identifier: Apache-2.0
//
// The breaker of one circuit, usable for any kind of call:
//
//   absl::StatusOr<std::shared_ptr<fusebox::CircuitBreaker>> breaker =
//       fusebox::CircuitBreaker::Create("payments", fusebox::Policy::ExternalApi());
//   ...
//   fusebox::Admission admission = (*breaker)->TryAcquire();
//   if (!admission) return fusebox::ToStatus(admission.rejection());
//   absl::StatusOr<Receipt> receipt = Charge(card);
//   admission.permit().Record(fusebox::Outcome::FromStatus(receipt.status()));
//   return receipt.status();
//
// `Run` (fusebox/run.h) says this in one line, and the interceptor
// (fusebox/grpc/circuit_breaker_interceptor.h) does it for every call of a gRPC channel.
#ifndef FUSEBOX_CIRCUIT_BREAKER_H_
#define FUSEBOX_CIRCUIT_BREAKER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/export.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"
#include "fusebox/user_code.h"

namespace fusebox {

namespace internal {
class CircuitCore;
}  // namespace internal

// What is kept of an operator's name and reason, in bytes.
inline constexpr std::size_t kMaxWhoBytes = 256;
inline constexpr std::size_t kMaxWhyBytes = 500;

// Who does something to a circuit by hand, and why: both end up in the event. Kept as text that can
// be shown: a control character, one that turns the direction of writing or can't be seen, and a
// byte that is not UTF-8 are written as "\x1b", "\u202e" and "\xff"; what is longer is cut.
//
//   breaker->Reset(fusebox::Operator("oncall").Because("the inventory is back"));
struct Operator {
  // Nobody in particular.
  Operator() = default;
  explicit Operator(std::string name) : who(std::move(name)) {}

  Operator Because(std::string reason) const {
    Operator same = *this;
    same.why = std::move(reason);
    return same;
  }

  std::string who;
  std::string why;
};

// What a caller knows of the way to the dependency when its call may become a probe.
enum class Reach {
  kNone,  // the call would fail without reaching it (rule R20)
  kCall,  // the call may reach it
  kAsk,   // so it may, and the caller can have it asked whether it is well (rule R21)
};

// Thread-safety: every method may be called from any thread at any time.
// Ownership: held by shared_ptr, so that a circuit that is taken out of its registry lives on until
// the last call that it permitted has ended. It must outlive its permits.
class FUSEBOX_EXPORT CircuitBreaker {
 public:
  struct Options {
    // Must outlive the breaker. Null: the real one.
    const Clock* clock = &Clock::Real();

    // Decides the jitter, together with the circuit's name. Absent: a random one, and processes
    // that are forked off draw others.
    std::optional<uint64_t> seed;

    // May be empty.
    EventListener listener;
  };

  // A circuit in state CLOSED. INVALID_ARGUMENT if the name (see `ValidateCircuitName` in
  // fusebox/circuit_name.h) or the policy is invalid; the message names each bad field, its value
  // and its range. Without a policy it is the one that needs no numbers.
  static absl::StatusOr<std::shared_ptr<CircuitBreaker>> Create(absl::string_view name,
                                                                const Policy& policy,
                                                                Options options);
  static absl::StatusOr<std::shared_ptr<CircuitBreaker>> Create(absl::string_view name,
                                                                const Policy& policy = Policy());

  CircuitBreaker(const CircuitBreaker&) = delete;
  CircuitBreaker& operator=(const CircuitBreaker&) = delete;
  // NOLINTNEXTLINE(performance-trivially-destructible): in the library, as it may come to do more.
  ~CircuitBreaker();

  // Asks for the right to make one call, at this moment (docs/rules.md). Never waits.
  Admission TryAcquire();

  // The same for a caller that can tell whether the dependency is connected (rule R20). A call that
  // is due as a probe, but would fail without reaching the dependency, is rejected with
  // kNotConnected, and the circuit is OPEN until a call comes that is connected, or none for as
  // long as an opening lasts, or for a minute. `connected` is called on this thread, with no lock
  // held, and only if the call may become a probe: a look at the state of a pool of connections,
  // say, which makes none. What it throws comes out of here, and nothing has changed.
  Admission TryAcquire(absl::FunctionRef<bool()> connected);

  // The same for a caller that can also have the dependency asked, off this thread, whether it is
  // well: under a policy with `health_probe` the first call that comes when a probe is due is
  // rejected with kOpen then, and brings the permit to ask.
  //
  //   fusebox::Admission admission = breaker->TryAcquire([&] { return fusebox::Reach::kAsk; });
  //   if (fusebox::Permit probe = admission.TakeProbe()) {
  //     executor.Run([kept = breaker, probe = std::move(probe)]() mutable {
  //       probe.Record(fusebox::Outcome::FromStatus(Ping(kept->health_probe_timeout())));
  //     });
  //   }
  Admission TryAcquire(absl::FunctionRef<Reach()> reach);

  // How long the dependency may take to say whether it is well: `health_probe.timeout` of the
  // policy in force, or its default.
  absl::Duration health_probe_timeout() const;

  // A failure that belongs to no permit, such as a health check's. It counts as one more failed
  // call, in the epoch in which it arrives: CLOSED, and on the ramp, the trip rules take it like
  // any other; while probes decide it is counted alone, since the verdict is over probes. Only
  // `code`, `message`, `peer` and `pushback` of the outcome are looked at.
  void ReportFailure(const Outcome& outcome);

  // The failure of a stream whose first message was a success (`Permit::RecordFirstMessage`). In
  // the epoch of that success it takes the success back (C6): the run of failures goes on as if the
  // success had not been, and is one longer; in the window, and among the probes of a HALF_OPEN,
  // the success becomes a failure, or a failure is added if the window has let go of it. In a later
  // epoch it counts as a failure that belongs to no permit. Of the lifetime totals both the success
  // and the failure are part. At most once for one stream.
  void ReportFailure(const Outcome& outcome, const FirstMessage& first_message);

  // Whether a call that took that long is slow by the policy in force: for callers that have
  // something to find out about slow calls, like their peer, before it records them.
  bool IsSlow(absl::Duration latency) const;

  // The state at this moment: an OPEN circuit whose time is up reports HALF_OPEN (rule R1).
  State state() const;

  // Everything there is to know at this moment (rule R9).
  CircuitSnapshot Snapshot() const;

  // What an operator does (rule R8). Each makes the calls that are out stale: their results add
  // to the totals and move nothing. Asking for the mode that is on changes nothing.

  // Automatic mode, CLOSED, with an empty window, the backoff starting over and the totals kept,
  // from any mode and state.
  void Reset(const Operator& by);

  // Rejects everything until released by `Automate` or until `ttl` has passed; then HALF_OPEN,
  // since an operator's word is checked by probes before full traffic returns. So that it doesn't
  // end for a whole fleet in one instant, it ends up to min(ttl / 10, 30 s) late, by a random time
  // that `CircuitSnapshot::next_probe` includes; with a `jitter` of 0 it ends to the nanosecond.
  // Asked for again, it takes the new ttl. INVALID_ARGUMENT, and nothing changes, for a ttl that
  // isn't from 1 ms to 365 days.
  absl::Status ForceOpen(const Operator& by, std::optional<absl::Duration> ttl = std::nullopt);

  // Admits every call, whatever its outcome; the totals go on. The state is CLOSED.
  void Disable(const Operator& by);

  // Runs the state machine, from CLOSED on, but rejects nothing: a call that it would have rejected
  // is admitted, counted as `would_reject`, and its outcome is kept from the machine.
  void Shadow(const Operator& by);

  // Back to automatic mode: from forced open HALF_OPEN, from the others CLOSED with an empty
  // window.
  void Automate(const Operator& by);

  // Another policy, whole (rule R10): totals, mode and state stay, the window is emptied. A
  // running opening keeps its length; a HALF_OPEN starts anew with its first probe.
  // INVALID_ARGUMENT, as from `Create`, leaves the old one in force.
  absl::Status SetPolicy(const Policy& policy, const Operator& by);

  // The same, against lost updates: ABORTED, and nothing changes, if another policy than
  // `expected.InForce()` is in force at that moment.
  absl::Status ReplacePolicy(const Policy& expected, const Policy& policy, const Operator& by);

  // For code that calls the application's functions on behalf of this circuit: one has thrown
  // something of that type. It is counted, and an event of this circuit (fusebox/user_code.h) says
  // so; there is at most one a second for each kind of code.
  void ReportUserCodeFailure(UserCode code, absl::string_view exception);

  // Whether its registry has let go of it (`CircuitRegistry::Remove`, or the registry's bound). It
  // still works for whoever holds it, and makes no more events; the next call under its
  // name should get the registry's new one. Asked after an operator's action: if it is removed, the
  // action may have come too late, and is to be done again on the circuit that the registry has by
  // then; if not, the mode holds the circuit.
  bool removed() const;

  const std::string& name() const;
  // The part of the name that is the channel's target, as given to `CircuitRegistry::GetOrCreate`;
  // `CircuitName::target` makes one.
  absl::string_view target() const;
  // Goes by the clock of the options, and throws nothing. Lives as long as the breaker.
  const Clock& clock() const;

 private:
  friend class internal::CircuitCore;

  explicit CircuitBreaker(internal::CircuitCore* core) : core_(core) {}

  Admission Acquire(const absl::FunctionRef<Reach()>* reach);
  Admission AcquireLocked(const absl::FunctionRef<Reach()>* reach);

  internal::CircuitCore* const core_;  // which it is a part of
};

}  // namespace fusebox

#endif  // FUSEBOX_CIRCUIT_BREAKER_H_
