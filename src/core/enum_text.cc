// SPDX-License-Identifier: Apache-2.0
//
// The enums of the public headers as text for streams. Their tables are where they are declared.
#include <ostream>

#include "fusebox/event.h"
#include "fusebox/outcome.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "fusebox/user_code.h"

namespace fusebox {

std::ostream& operator<<(std::ostream& out, State state) { return out << StateName(state); }
std::ostream& operator<<(std::ostream& out, Mode mode) { return out << ModeName(mode); }
std::ostream& operator<<(std::ostream& out, OutcomeKind kind) {
  return out << OutcomeKindName(kind);
}
std::ostream& operator<<(std::ostream& out, EventKind kind) { return out << EventKindName(kind); }
std::ostream& operator<<(std::ostream& out, Cause cause) { return out << CauseName(cause); }
std::ostream& operator<<(std::ostream& out, UserCode code) { return out << UserCodeName(code); }
std::ostream& operator<<(std::ostream& out, RejectionReason reason) {
  return out << RejectionReasonName(reason);
}

absl::string_view UserCodeName(UserCode code) {
  switch (code) {
#define FUSEBOX_CASE(enumerator, number, name, title) \
  case UserCode::enumerator:                          \
    return #name;
    FUSEBOX_USER_CODES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "unknown";
}

}  // namespace fusebox
