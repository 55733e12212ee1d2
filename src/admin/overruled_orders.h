// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_OVERRULED_ORDERS_H_
#define FUSEBOX_SRC_ADMIN_OVERRULED_ORDERS_H_

#include <fusebox/v1/admin.pb.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fusebox/standing_order.h"
#include "src/admin/circuit_conversion.h"

namespace fusebox::internal {

// Which orders of others come to nothing by new ones, so that whoever gives those hears of it.
class OverruledOrders {
 public:
  // Those that stood before, and who gives the new ones.
  OverruledOrders(std::vector<StandingOrder> before, std::string who);

  // Adds those that the new order has ended, or overrules: for a circuit that there is, or since
  // one of the two patterns fits the other one.
  void Add(const StandingOrder& order, const GivenOrder& given);

  // The first ones, by number.
  void Tell(const Disclosure& disclosure,
            google::protobuf::RepeatedPtrField<v1::OverruledOrder>& to) const;

 private:
  std::vector<StandingOrder> others_;
  std::map<uint64_t, bool> ended_;  // of those that were added, by number
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_OVERRULED_ORDERS_H_
