// SPDX-License-Identifier: Apache-2.0
//
// What the admin service does for those who may move circuits. Needs no gRPC call. A request that
// is refused changes nothing.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_WRITES_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_WRITES_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/status.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fusebox/circuit_registry.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "fusebox/standing_order.h"
#include "src/admin/circuit_action.h"
#include "src/admin/circuit_conversion.h"
#include "src/admin/circuit_filter.h"
#include "src/admin/overruled_orders.h"

namespace fusebox::internal {

// Thread-safe. `who` is who asks.
class CircuitWrites {
 public:
  CircuitWrites(std::shared_ptr<CircuitRegistry> registry, std::string instance,
                Disclosure disclosure);

  // Which process this is: every answer says so.
  const std::string& instance() const { return instance_; }

  using Overruled = google::protobuf::RepeatedPtrField<v1::OverruledOrder>;

  // Does it to the circuit of that name, and shows the circuit as it then is. NOT_FOUND if there is
  // none, or it was taken out of the registry meanwhile and there is none any more.
  grpc::Status Apply(const CircuitAction& action, const std::string& name, const Operator& by,
                     v1::Circuit& circuit, Overruled& overruled) const;

  grpc::Status UpdatePolicy(const v1::UpdatePolicyRequest& request, const std::string& who,
                            v1::UpdatePolicyResponse& response) const;

  // A circuit that goes meanwhile has no result. `given_up` says whether nobody waits for the
  // answer any more. It is asked until the first circuit is touched: then all are, so that nobody
  // has to guess which.
  using GivenUp = std::function<bool()>;
  grpc::Status ApplyToMany(
      const v1::ApplyToCircuitsRequest& request, const std::string& who,
      v1::ApplyToCircuitsResponse& response, const GivenUp& given_up = [] { return false; }) const;

  grpc::Status GiveOrder(
      const v1::GiveOrderRequest& request, const std::string& who, v1::GiveOrderResponse& response,
      const GivenUp& given_up = [] { return false; }) const;

  grpc::Status RevokeOrder(const v1::RevokeOrderRequest& request, const std::string& who,
                           v1::RevokeOrderResponse& response) const;

 private:
  using Circuits = std::vector<std::shared_ptr<CircuitBreaker>>;

  // What became of one circuit.
  struct Written {
    grpc::Status status;
    // As the circuit then is; or was, if the registry has let go of it since, and has none of that
    // name. Absent if nothing was done for that.
    std::optional<CircuitSnapshot> snapshot;
    Policy policy;     // which it then has, or would have
    GivenOrder given;  // of the order that came of it
  };

  // What became of those of which a request for many is.
  using Reached = std::map<std::string, grpc::Status>;

  // The circuit of that name, if there is one and the request to it is sound.
  grpc::Status Find(const CircuitAction& action, const std::string& name, const Operator& by,
                    std::shared_ptr<CircuitBreaker>& breaker) const;

  // What would become of it.
  static Written Try(const CircuitAction& action, const CircuitBreaker& circuit);

  // Gives the circuit's name the order. One that the registry lets go of meanwhile comes back with
  // it.
  Written Write(const CircuitAction& action, const Operator& by,
                std::shared_ptr<CircuitBreaker> circuit) const;

  // Resets it; and if the registry has let go of it by then, the one that has its name.
  grpc::Status Reset(const Operator& by, std::shared_ptr<CircuitBreaker> circuit) const;

  struct Many;

  // What would become of a request for many. Not OK if no order could be given.
  grpc::Status PreviewMany(Many& many) const;

  // Does it: by an order for each pattern; or circuit by circuit, if there is none, or one of the
  // circuits can't have the policy.
  grpc::Status WriteMany(Many& many) const;
  void WriteEach(Many& many, std::vector<GivenOrder>& given) const;

  // Gives an order for each pattern. Not OK if not even the first could be given. Of those that
  // have matched and that no order has reached, the reason why is in `reached`.
  grpc::Status GiveOrders(const CircuitAction& action, const std::vector<std::string>& patterns,
                          const Operator& by, const Circuits& matched, Reached& reached,
                          std::vector<GivenOrder>& given, OverruledOrders& overruled) const;

  // Resets those that were reached. One that has gone is taken out.
  void ResetReached(const Operator& by, Reached& reached) const;

  // Adds the orders that would be given for the patterns. Not OK if not even the first could be.
  grpc::Status PreviewOrders(const CircuitAction& action, const std::vector<std::string>& patterns,
                             const Operator& by, OverruledOrders& overruled,
                             v1::ApplyToCircuitsResponse& response) const;

  // Adds the orders that stand.
  void Describe(const std::vector<GivenOrder>& given, v1::ApplyToCircuitsResponse& response) const;
  void Describe(const StandingOrder& order, const GivenOrder& given, v1::GivenOrder& told) const;

  // Not OK if there are too many, or if it was given up.
  grpc::Status Match(const CircuitFilter& filter, const GivenUp& given_up,
                     Circuits& circuits) const;

  const std::shared_ptr<CircuitRegistry> registry_;
  const std::string instance_;
  const Disclosure disclosure_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_WRITES_H_
