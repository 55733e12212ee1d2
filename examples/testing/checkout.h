// SPDX-License-Identifier: Apache-2.0
//
// A small application: it takes orders, and reserves their items at an inventory service behind a
// protected channel. checkout_test.cc tests what it does while the circuit is open.
#ifndef FUSEBOX_EXAMPLES_TESTING_CHECKOUT_H_
#define FUSEBOX_EXAMPLES_TESTING_CHECKOUT_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "shop.grpc.pb.h"

namespace examples {

// What the customer is told.
struct OrderAnswer {
  enum class Kind {
    kReserved,  // here is your reservation
    kTryLater,  // we can't say just now; come back in `retry_after`
    kFailed,    // something went wrong
  };

  Kind kind = Kind::kFailed;
  std::string reservation;
  absl::Duration retry_after = absl::ZeroDuration();
};

// Thread-safety: any thread may order at any time.
class Checkout {
 public:
  // The policy of its calls to the inventory.
  static fusebox::Policy InventoryPolicy();

  // `inventory` is the service's address. The registry is the program's; a test's has a clock of
  // the test's.
  static absl::StatusOr<std::unique_ptr<Checkout>> Create(
      const std::string& inventory, std::shared_ptr<fusebox::CircuitRegistry> registry);

  OrderAnswer Order(const std::string& item);

 private:
  explicit Checkout(std::unique_ptr<shop::Inventory::Stub> inventory)
      : inventory_(std::move(inventory)) {}

  const std::unique_ptr<shop::Inventory::Stub> inventory_;
};

}  // namespace examples

#endif  // FUSEBOX_EXAMPLES_TESTING_CHECKOUT_H_
