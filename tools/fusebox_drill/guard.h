// SPDX-License-Identifier: Apache-2.0
//
// What stands between a client and the dependency: the breaker of Fusebox, nothing, or a rule of
// somebody else's.
#ifndef FUSEBOX_TOOLS_FUSEBOX_DRILL_GUARD_H_
#define FUSEBOX_TOOLS_FUSEBOX_DRILL_GUARD_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fusebox/clock.h"
#include "tools/fusebox_drill/world.h"

namespace fusebox_drill {

// How an attempt ended.
enum class Answer {
  kOk,
  kError,       // an answer that is an error (INTERNAL)
  kRefused,     // no connection (UNAVAILABLE)
  kOverloaded,  // the server has too much to do (RESOURCE_EXHAUSTED)
  kTimedOut,    // no answer within the deadline (DEADLINE_EXCEEDED)
};

struct Ended {
  Answer answer = Answer::kOk;
  Nanos latency = 0;
};

// What it does, for a plot.
enum class GuardState { kNone, kClosed, kRamping, kOpen, kHalfOpen };

// What a breaker of Fusebox has counted, of itself and of its policy's candidate.
struct GuardCounts {
  int64_t opened = 0;
  int64_t rejected = 0;

  // The candidate: times that it would have opened, calls of those admitted that it would have
  // rejected, and of those rejected that it would have admitted.
  int64_t would_open = 0;
  int64_t would_reject = 0;
  int64_t would_admit = 0;
};

// Whatever a guard has to remember of a call that it admitted.
using Ticket = uint64_t;

// One client's, for one method. Single-threaded.
class Guard {
 public:
  Guard() = default;
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  virtual ~Guard() = default;

  // Asks whether a call may be made; `attempt` is 0 unless it is tried again. Nothing: it is
  // rejected.
  virtual std::optional<Ticket> Admit(Nanos now, int attempt) = 0;

  // Once for each that was admitted.
  virtual void Record(Ticket ticket, const Ended& ended, Nanos now) = 0;

  virtual GuardState state() const { return GuardState::kNone; }
  virtual GuardCounts counts() const { return {}; }
};

struct GuardContext {
  const fusebox::Clock& clock;    // says the same as `now`; outlives the guard
  uint64_t seed = 0;              // of this guard
  std::optional<Nanos> deadline;  // of every call; absent if it isn't told
};

// A policy: what makes a guard for each client.
struct Protection {
  std::string name;
  std::function<std::unique_ptr<Guard>(const GuardContext&)> make;

  // The `shadow_policy` of a policy, as a policy in force; null: it has none.
  std::shared_ptr<const Protection> candidate = nullptr;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_TOOLS_FUSEBOX_DRILL_GUARD_H_
