// SPDX-License-Identifier: Apache-2.0
#include "fusebox/event.h"

#include "src/base/lower_case.h"

namespace fusebox {

using internal::LowerCase;

absl::string_view EventKindName(EventKind kind) {
  switch (kind) {
#define FUSEBOX_CASE(enumerator, number, name, ...) \
  case EventKind::enumerator: {                     \
    static constexpr LowerCase kName(#name);        \
    return kName.text();                            \
  }
    FUSEBOX_EVENT_KINDS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return "unknown";
}

absl::string_view CauseName(Cause cause) {
  switch (cause) {
#define FUSEBOX_CASE(enumerator, number, name, ...) \
  case Cause::enumerator: {                         \
    static constexpr LowerCase kName(#name);        \
    return kName.text();                            \
  }
    FUSEBOX_CAUSES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case Cause::kNone:
      return "none";
  }
  return "unknown";
}

}  // namespace fusebox
