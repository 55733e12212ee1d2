// SPDX-License-Identifier: Apache-2.0
//
// The causes of transitions as the machine reads them: who is behind each, and what it does in
// which phase (rules R2, R4-R6, R8, R10, R14, R20). They are written down in fusebox/event.h.
#ifndef FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_
#define FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_

#include <cstddef>
#include <iterator>
#include <optional>

#include "fusebox/event.h"
#include "fusebox/state.h"
#include "src/core/phase.h"

namespace fusebox::internal {

// Whether it is about a policy's candidate (R23), and not about the circuit.
constexpr bool IsOfShadow(EventKind kind) {
  return kind == EventKind::kShadowOpened || kind == EventKind::kShadowClosed;
}

// Who is behind a cause.
enum class By { kNobody, kFailures, kSlowCalls, kHungCalls, kItself, kOperator };

// What the table allows.
struct Transition {
  Phase to;
  std::optional<Mode> mode;  // absent: as before
};

// Phases, one bit each.
class PhaseSet {
 public:
  template <typename... Phases>
  explicit constexpr PhaseSet(Phases... phases) : bits_((0U | ... | Bit(phases))) {}

  constexpr bool Has(Phase phase) const { return (bits_ & Bit(phase)) != 0; }

 private:
  static constexpr unsigned Bit(Phase phase) { return 1U << static_cast<unsigned>(phase); }

  unsigned bits_;
};

// A row of FUSEBOX_CAUSES.
struct CauseRow {
  // What its columns say.
  struct From {
    static constexpr PhaseSet kNone{};
    static constexpr PhaseSet kWatching{Phase::kClosed, Phase::kRamping, Phase::kSlowStart};
    static constexpr PhaseSet kOpen{Phase::kOpen};
    static constexpr PhaseSet kAnyOpen{Phase::kOpen, Phase::kRetrying};
    static constexpr PhaseSet kProbing{Phase::kProbing, Phase::kRetrying};
    static constexpr PhaseSet kRamping{Phase::kRamping};
    static constexpr PhaseSet kSlowStart{Phase::kSlowStart};
    static constexpr PhaseSet kAny{Phase::kClosed,  Phase::kOpen,    Phase::kRetrying,
                                   Phase::kProbing, Phase::kRamping, Phase::kSlowStart};
  };
  struct To {
    static constexpr std::optional<Phase> kSame = std::nullopt;
    static constexpr std::optional<Phase> kClosed = Phase::kClosed;
    static constexpr std::optional<Phase> kOpen = Phase::kOpen;
    static constexpr std::optional<Phase> kProbing = Phase::kProbing;
  };
  struct Into {
    static constexpr std::optional<Mode> kSame = std::nullopt;
#define FUSEBOX_INTO(enumerator, number, name) \
  static constexpr std::optional<Mode> enumerator = Mode::enumerator;
    FUSEBOX_MODES(FUSEBOX_INTO)
#undef FUSEBOX_INTO
  };

  Cause cause = Cause::kNone;
  By by = By::kNobody;
  PhaseSet from = PhaseSet();
  std::optional<Phase> to;
  std::optional<Mode> mode;
};

inline constexpr CauseRow kCauses[] = {
    {Cause::kNone, By::kNobody, CauseRow::From::kNone, CauseRow::To::kSame, CauseRow::Into::kSame},
#define FUSEBOX_ROW(enumerator, number, name, by, from, to, mode) \
  {Cause::enumerator, By::by, CauseRow::From::from, CauseRow::To::to, CauseRow::Into::mode},
    FUSEBOX_CAUSES(FUSEBOX_ROW)
#undef FUSEBOX_ROW
};

// A cause's row is found by its number.
constexpr bool NumbersCountUp() {
  for (std::size_t i = 0; i < std::size(kCauses); ++i) {
    if (static_cast<std::size_t>(kCauses[i].cause) != i) return false;
  }
  return true;
}
static_assert(NumbersCountUp());

constexpr const CauseRow& RowOf(Cause cause) { return kCauses[static_cast<std::size_t>(cause)]; }

// What a cause does in a phase; empty if it can't occur there.
constexpr std::optional<Transition> TransitionFor(Cause cause, Phase from) {
  const CauseRow& row = RowOf(cause);
  if (!row.to || !row.from.Has(from)) return std::nullopt;
  return Transition{*row.to, row.mode};
}

// Whether somebody did it, and is named in the event.
constexpr bool IsOperatorCause(Cause cause) { return RowOf(cause).by == By::kOperator; }

// Whether it is a rule of the policy's that opens the circuit.
constexpr bool IsRule(Cause cause) {
  switch (RowOf(cause).by) {
    case By::kFailures:
    case By::kSlowCalls:
    case By::kHungCalls:
      return true;
    case By::kNobody:
    case By::kItself:
    case By::kOperator:
      break;
  }
  return false;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_TRANSITION_TABLE_H_
