// SPDX-License-Identifier: Apache-2.0
#include "src/admin/enum_conversion.h"

#include <cstddef>

namespace fusebox::internal {
namespace {

// An enumerator of the core's, and the protos' of the same name.
template <typename From, typename To>
struct Pair {
  From from;
  To to;
};

// The protos have no other values than those of the rows, except for UNSPECIFIED, which is what the
// core's have no row for.
template <std::size_t max, typename From, typename To, std::size_t rows>
To Look(const Pair<From, To> (&pairs)[rows], From value) {
  static_assert(rows == max, "the protos have a value that the core's table hasn't");
  for (const Pair<From, To>& pair : pairs) {
    if (pair.from == value) return pair.to;
  }
  return To{};
}

// A name that the protos don't have is one that circuit.proto lacks: scripts/update-docs writes it.
#define FUSEBOX_STATE(enumerator, number, name) {State::enumerator, v1::STATE_##name},
#define FUSEBOX_MODE(enumerator, number, name) {Mode::enumerator, v1::MODE_##name},
#define FUSEBOX_CAUSE(enumerator, number, name, ...) {Cause::enumerator, v1::CAUSE_##name},
#define FUSEBOX_KIND(enumerator, number, name, ...) {EventKind::enumerator, v1::EVENT_KIND_##name},
#define FUSEBOX_LAYER(enumerator, number, name) {PolicyLayer::enumerator, v1::POLICY_LAYER_##name},
#define FUSEBOX_ORDER(enumerator, number, name) {OrderAction::enumerator, v1::ORDER_ACTION_##name},
constexpr Pair<State, v1::State> kStates[] = {FUSEBOX_STATES(FUSEBOX_STATE)};
constexpr Pair<Mode, v1::Mode> kModes[] = {FUSEBOX_MODES(FUSEBOX_MODE)};
constexpr Pair<Cause, v1::Cause> kCauses[] = {FUSEBOX_CAUSES(FUSEBOX_CAUSE)};
constexpr Pair<EventKind, v1::EventKind> kEventKinds[] = {FUSEBOX_EVENT_KINDS(FUSEBOX_KIND)};
constexpr Pair<PolicyLayer, v1::PolicyLayer> kLayers[] = {FUSEBOX_POLICY_LAYERS(FUSEBOX_LAYER)};
constexpr Pair<OrderAction, v1::OrderAction> kOrderActions[] = {
    FUSEBOX_ORDER_ACTIONS(FUSEBOX_ORDER)};
#undef FUSEBOX_STATE
#undef FUSEBOX_MODE
#undef FUSEBOX_CAUSE
#undef FUSEBOX_KIND
#undef FUSEBOX_LAYER
#undef FUSEBOX_ORDER

}  // namespace

v1::State ToProto(State state) { return Look<v1::State_MAX>(kStates, state); }
v1::Mode ToProto(Mode mode) { return Look<v1::Mode_MAX>(kModes, mode); }
v1::Cause ToProto(Cause cause) { return Look<v1::Cause_MAX>(kCauses, cause); }
v1::EventKind ToProto(EventKind kind) { return Look<v1::EventKind_MAX>(kEventKinds, kind); }
v1::PolicyLayer ToProto(PolicyLayer layer) { return Look<v1::PolicyLayer_MAX>(kLayers, layer); }
v1::OrderAction ToProto(OrderAction action) {
  return Look<v1::OrderAction_MAX>(kOrderActions, action);
}

std::optional<OrderAction> FromProto(v1::OrderAction action) {
  for (const auto& pair : kOrderActions) {
    if (pair.to == action) return pair.from;
  }
  return std::nullopt;
}

}  // namespace fusebox::internal
