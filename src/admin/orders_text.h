// SPDX-License-Identifier: Apache-2.0
//
// Standing orders as a text: a line that says what follows, and a line of JSON for each. One whose
// change has others below it takes a line for each of those too, of the same number, in their
// order.
#ifndef FUSEBOX_SRC_ADMIN_ORDERS_TEXT_H_
#define FUSEBOX_SRC_ADMIN_ORDERS_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/standing_order.h"

namespace fusebox::internal {

// What became of orders.
struct OrdersWritten {
  std::string text;
  // "order 7: ...", and why: what would not be read as it is, is not in the text.
  std::vector<std::string> left_out;
};

// Remembers the lines of the orders that it has written last: of many orders a change is about few.
// Not thread-safe.
class OrdersWriter {
 public:
  OrdersWritten Write(const std::vector<StandingOrder>& orders);

 private:
  struct Known {
    StandingOrder order;
    absl::StatusOr<std::string> lines;
  };

  absl::flat_hash_map<uint64_t, Known> known_;
};

// The same, once.
OrdersWritten OrdersToText(const std::vector<StandingOrder>& orders);

// A text of these lines, whatever they say.
std::string OrdersTextOf(absl::string_view lines);

struct OrdersRead {
  std::vector<StandingOrder> orders;
  std::vector<std::string> left_out;  // lines that are no order that this version knows, and why
};

// DATA_LOSS, which says what is wrong, for what is not a whole text of orders, byte by byte.
absl::StatusOr<OrdersRead> OrdersFromText(absl::string_view text);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_ORDERS_TEXT_H_
