// SPDX-License-Identifier: Apache-2.0
//
// The standing orders of a registry (rule P6), as a value: each change makes another one.
#ifndef FUSEBOX_SRC_CORE_STANDING_ORDERS_H_
#define FUSEBOX_SRC_CORE_STANDING_ORDERS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/standing_order.h"

namespace fusebox::internal {

// OK, or INVALID_ARGUMENT with all that is wrong with it by itself.
absl::Status CheckOrder(const StandingOrder& order);

// Whether it is about the mode of circuits.
inline bool IsOfMode(OrderAction action) { return action != OrderAction::kSetPolicy; }

// One that stands, and until when by the clock that nobody sets.
struct HeldOrder {
  StandingOrder order;
  SteadyTime until = SteadyTime::FromNanos(INT64_MAX);

  bool Fits(absl::string_view circuit) const;
  bool HasEnded(SteadyTime now) const { return until <= now; }
};

// What stands about one circuit.
struct OrdersOfCircuit {
  const HeldOrder* mode = nullptr;       // that says its mode; null: none does
  std::vector<const HeldOrder*> policy;  // about its policy, a later one on top

  // The number of the last of those; 0: there is none.
  uint64_t latest_policy() const { return policy.empty() ? 0 : policy.back()->order.id; }
};

// Of CircuitRegistry::kMaxBytesOfGlobs, what the pattern takes.
int64_t BytesOfGlobs(absl::string_view pattern);

// Orders by the circuits that they fit. Valid as long as the orders.
class OrderIndex {
 public:
  using Held = std::shared_ptr<const HeldOrder>;

  OrderIndex() = default;
  explicit OrderIndex(const std::vector<Held>& orders);

  // Of all of them, in the order of their numbers.
  std::vector<const HeldOrder*> Fitting(absl::string_view circuit) const;
  bool AnyFits(absl::string_view circuit) const;

 private:
  struct Glob {
    absl::string_view prefix;  // which each name that fits begins with
    const HeldOrder* order = nullptr;
  };

  // Until it answers false.
  template <typename Visit>
  void VisitGlobs(absl::string_view circuit, Visit visit) const;

  // Of many orders most are for one name each.
  absl::flat_hash_map<std::string, std::vector<const HeldOrder*>> by_name_;
  std::vector<Glob> globs_;
};

// A value, of which copies are cheap.
class StandingOrders {
 public:
  using Held = OrderIndex::Held;

  std::size_t size() const { return orders_.size(); }
  bool empty() const { return orders_.empty(); }

  // By number.
  const std::vector<Held>& all() const { return orders_; }
  Held Find(uint64_t id) const;

  // Those that have not ended by then. Valid as long as this.
  OrdersOfCircuit Of(absl::string_view circuit, SteadyTime now) const;

  int64_t bytes_of_globs() const { return bytes_of_globs_; }

  // The first of their ends; INT64_MAX nanoseconds if none ends.
  SteadyTime next_end() const { return next_end_; }

  // With one more, which has the highest number, and without those that it takes the place of.
  struct Added;
  Added With(Held order) const;
  StandingOrders Without(uint64_t id) const;
  StandingOrders WithoutEnded(SteadyTime now) const;
  static StandingOrders Make(std::vector<Held> orders);

 private:
  template <typename Goes>
  StandingOrders WithoutThose(Goes goes) const;
  void Put(std::vector<Held> orders);
  void DropIdle();

  std::vector<Held> orders_;
  OrderIndex index_;
  int64_t bytes_of_globs_ = 0;
  SteadyTime next_end_ = SteadyTime::FromNanos(INT64_MAX);
};

struct StandingOrders::Added {
  StandingOrders orders;
  bool stands = true;  // the new one
  std::vector<uint64_t> replaced;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_STANDING_ORDERS_H_
