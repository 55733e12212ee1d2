// SPDX-License-Identifier: Apache-2.0
//
// What most breakers are: closed until a rule trips them, open for a while, then some probes.
#ifndef FUSEBOX_BENCHMARKS_PROTECTION_TRIP_GUARD_H_
#define FUSEBOX_BENCHMARKS_PROTECTION_TRIP_GUARD_H_

#include <cstdint>
#include <optional>

#include "tools/fusebox_drill/guard.h"

namespace fusebox_drill {

constexpr Nanos kNanosPerSecond = 1'000'000'000;

constexpr Nanos Seconds(double seconds) {
  return static_cast<Nanos>(seconds * static_cast<double>(kNanosPerSecond));
}

inline bool IsGood(const Ended& ended) { return ended.answer == Answer::kOk; }

class TripGuard : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos now, int attempt) override;
  void Record(Ticket ticket, const Ended& ended, Nanos now) override;
  GuardState state() const override { return state_; }

 protected:
  // Looks at one more result in CLOSED: true opens it.
  virtual bool Trips(const Ended& ended, Nanos now) = 0;
  // Forgets all results.
  virtual void Clear() = 0;
  // How long it opens for, the `times`th time in a row, from 1 on.
  virtual Nanos OpenFor(int times) = 0;

  // How many probes are admitted, and how many of them may fail.
  virtual int probes() const { return 1; }
  virtual int failures_to_reopen() const { return 1; }

  // Whether the wait is over at its very end, or only after that.
  virtual bool IsOver(Nanos now, Nanos until) const { return now > until; }

  // Whether results of calls that were admitted in an earlier state count like those of this one.
  // While it is open, none does.
  virtual bool CountsLateResults() const { return true; }

 private:
  void MoveTo(GuardState state, Nanos now);

  GuardState state_ = GuardState::kClosed;
  Ticket generation_ = 0;  // of the state
  Nanos until_ = 0;        // while OPEN
  int times_open_ = 0;     // in a row
  int admitted_ = 0;       // while HALF_OPEN
  int recorded_ = 0;
  int failed_ = 0;
};

}  // namespace fusebox_drill

#endif  // FUSEBOX_BENCHMARKS_PROTECTION_TRIP_GUARD_H_
