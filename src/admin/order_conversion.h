// SPDX-License-Identifier: Apache-2.0
//
// Standing orders as the protos have them.
#ifndef FUSEBOX_SRC_ADMIN_ORDER_CONVERSION_H_
#define FUSEBOX_SRC_ADMIN_ORDER_CONVERSION_H_

#include <fusebox/v1/admin.pb.h>
#include <google/protobuf/duration.pb.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/standing_order.h"
#include "src/admin/circuit_conversion.h"
#include "src/admin/request_errors.h"

namespace fusebox::internal {

// All but the number of circuits.
void ToProto(const StandingOrder& order, const Disclosure& disclosure, v1::StandingOrder& proto);

// An order that is kept somewhere. INVALID_ARGUMENT for what can't be read as one; whether it is a
// sound one is the registry's to say.
absl::StatusOr<StandingOrder> FromProto(const v1::StandingOrder& proto);

// An order that somebody wants to give; the caller says who that is. What is wrong with it whatever
// circuit it is for is added to `errors`; then the answer is of no use.
StandingOrder OrderOf(const v1::GiveOrderRequest& request, RequestErrors& errors);

// Adds what is wrong with the ttl of a forced opening or an order, which errors call `field`.
void CheckTtl(const google::protobuf::Duration& ttl, absl::string_view field,
              RequestErrors& errors);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_ORDER_CONVERSION_H_
