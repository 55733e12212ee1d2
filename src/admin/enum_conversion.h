// SPDX-License-Identifier: Apache-2.0
//
// Enums of the core's, and what mirrors them in the protos.
#ifndef FUSEBOX_SRC_ADMIN_ENUM_CONVERSION_H_
#define FUSEBOX_SRC_ADMIN_ENUM_CONVERSION_H_

#include <fusebox/v1/circuit.pb.h>

#include <optional>

#include "fusebox/event.h"
#include "fusebox/policy_patch.h"
#include "fusebox/standing_order.h"
#include "fusebox/state.h"

namespace fusebox::internal {

v1::State ToProto(State state);
v1::Mode ToProto(Mode mode);
v1::Cause ToProto(Cause cause);
v1::EventKind ToProto(EventKind kind);
v1::PolicyLayer ToProto(PolicyLayer layer);
v1::OrderAction ToProto(OrderAction action);

// Empty for one that says nothing, or that isn't known here.
std::optional<OrderAction> FromProto(v1::OrderAction action);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_ENUM_CONVERSION_H_
