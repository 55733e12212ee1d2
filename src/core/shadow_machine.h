// SPDX-License-Identifier: Apache-2.0
//
// What a policy's candidate would have done (rule R23).
#ifndef FUSEBOX_SRC_CORE_SHADOW_MACHINE_H_
#define FUSEBOX_SRC_CORE_SHADOW_MACHINE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "src/core/jitter.h"
#include "src/core/state_machine.h"

namespace fusebox::internal {

// A second machine, beside the one that decides. It is asked about each call as that one is, and of
// the calls that both admit it sees what they come to. It only counts.
//
// A change that it makes is a kShadowOpened or kShadowClosed; what it says of the circuit itself is
// for the caller to fill in. Not thread-safe.
class ShadowMachine {
 public:
  using Ticket = StateMachine::Ticket;

  // `counter` is the circuit's: no two of its candidates, and no two calls of theirs, have the same
  // number. The circuit's name, and the counter, must outlive this.
  ShadowMachine(std::shared_ptr<const Policy> policy, Seed seed, absl::string_view circuit,
                SteadyTime now, uint32_t& counter);
  ShadowMachine(const ShadowMachine&) = delete;
  ShadowMachine& operator=(const ShadowMachine&) = delete;
  ~ShadowMachine() = default;

  // A call has come, and was admitted or not. Notes in the ticket of one that was if it sees more
  // of it. Nobody is asked for a candidate (R21).
  void Acquire(SteadyTime now, bool connected, bool admitted, Ticket& ticket, Changes& changes);

  // What happens to a call; to one of which it sees nothing: nothing. All that was due by then has
  // been done (`AdvanceTo`).
  void Return(const Ticket& ticket, const Outcome& outcome, absl::Duration usual_latency,
              SteadyTime now, Changes& changes);
  void ReceiveMessage(const Ticket& ticket, const Outcome& message, SteadyTime now,
                      Changes& changes);
  void RecordFirstMessage(const Ticket& ticket, const Outcome& message, SteadyTime now,
                          Changes& changes, FirstMessage& first);
  void Report(const Outcome& failure, const FirstMessage& first, SteadyTime now, Changes& changes);

  // An operator begins anew, and so does this; what it has counted stays.
  void Reset(absl::string_view why, SteadyTime now, Changes& changes);

  // What time alone does, and when it does so next.
  void AdvanceTo(SteadyTime now, Changes& changes);
  std::optional<SteadyTime> due() const { return machine_.due(); }

  bool may_probe() { return machine_.fast_path().may_probe; }
  const Policy& policy() const { return *machine_.policy(); }
  ShadowCounts counts() const;

 private:
  // What it would have counted itself, for its machine.
  class Counts {
   public:
    explicit Counts(const ShadowMachine& shadow) : shadow_(shadow) {}
    StateMachine::CallCounts operator()() const;

   private:
    const ShadowMachine& shadow_;
  };

  // A call that is out, which it would have admitted.
  using Calls = absl::flat_hash_map<uint32_t, Ticket>;

  bool IsSlow(const Ticket& ticket, const Outcome& outcome, SteadyTime now) const;
  void Keep(Changes& made, Changes& changes);

  uint32_t& counter_;
  const uint32_t number_;
  Calls calls_;
  int64_t refused_ = 0;  // all that it would have rejected
  const Counts counted_;
  StateMachine machine_;
  ShadowCounts counts_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_SHADOW_MACHINE_H_
