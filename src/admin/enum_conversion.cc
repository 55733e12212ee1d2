// SPDX-License-Identifier: Apache-2.0
#include "src/admin/enum_conversion.h"

#include <cstddef>

namespace fusebox::internal {
namespace {

// Each value of the core's has one of its name in the protos, since it is named below; and the
// protos have no other, except for UNSPECIFIED.
constexpr int kEventKinds = CountRows({FUSEBOX_EVENT_KINDS(FUSEBOX_COUNT_ROW)});
constexpr int kCauses = CountRows({FUSEBOX_CAUSES(FUSEBOX_COUNT_ROW)});
static_assert(v1::State_MAX == static_cast<int>(kStateCount));
static_assert(v1::Mode_MAX == static_cast<int>(kModeCount));
static_assert(v1::EventKind_MAX == kEventKinds);
static_assert(v1::Cause_MAX == kCauses);

}  // namespace

v1::State ToProto(State state) {
  switch (state) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case State::enumerator:                      \
    return v1::STATE_##name;
    FUSEBOX_STATES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case State::kUnknown:
      break;
  }
  return v1::STATE_UNSPECIFIED;
}

v1::Mode ToProto(Mode mode) {
  switch (mode) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case Mode::enumerator:                       \
    return v1::MODE_##name;
    FUSEBOX_MODES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return v1::MODE_UNSPECIFIED;
}

v1::Cause ToProto(Cause cause) {
  switch (cause) {
#define FUSEBOX_CASE(enumerator, number, name, ...) \
  case Cause::enumerator:                           \
    return v1::CAUSE_##name;
    FUSEBOX_CAUSES(FUSEBOX_CASE)
#undef FUSEBOX_CASE
    case Cause::kNone:
      break;
  }
  return v1::CAUSE_UNSPECIFIED;
}

v1::EventKind ToProto(EventKind kind) {
  switch (kind) {
#define FUSEBOX_CASE(enumerator, number, name) \
  case EventKind::enumerator:                  \
    return v1::EVENT_KIND_##name;
    FUSEBOX_EVENT_KINDS(FUSEBOX_CASE)
#undef FUSEBOX_CASE
  }
  return v1::EVENT_KIND_UNSPECIFIED;
}

}  // namespace fusebox::internal
