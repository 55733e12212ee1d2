// SPDX-License-Identifier: Apache-2.0
//
// Standing orders as a text: a line that says what follows, and a line of JSON for each.
#ifndef FUSEBOX_SRC_ADMIN_ORDERS_TEXT_H_
#define FUSEBOX_SRC_ADMIN_ORDERS_TEXT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/standing_order.h"

namespace fusebox::internal {

std::string OrdersToText(const std::vector<StandingOrder>& orders);

struct OrdersRead {
  std::vector<StandingOrder> orders;
  std::vector<std::string> left_out;  // lines that are no order that this version knows, and why
};

// DATA_LOSS, which says what is wrong, for what is not a whole text of orders, byte by byte.
absl::StatusOr<OrdersRead> OrdersFromText(absl::string_view text);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_ORDERS_TEXT_H_
