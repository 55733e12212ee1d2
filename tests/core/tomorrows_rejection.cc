// SPDX-License-Identifier: Apache-2.0
//
// Of a newer version of the library, which knows one more reason and one more state: writes the
// bytes of a rejection to its standard output.
#include <iostream>

#include "fusebox/rejection.h"

int main() {
  fusebox::Rejection rejection;
  rejection.reason = fusebox::RejectionReason::kOverQuota;
  rejection.circuit = "inventory/shop.Inventory/Reserve";
  rejection.state = fusebox::State::kQuarantined;
  rejection.retry_after = absl::Seconds(7);
  std::cout << fusebox::EncodeRejection(rejection);
}
