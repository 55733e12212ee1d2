// SPDX-License-Identifier: Apache-2.0
//
// What can be done to a circuit, whoever asked for it and to however many.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_ACTION_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_ACTION_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/status.h>

#include <string>

#include "fusebox/circuit_breaker.h"
#include "fusebox/policy.h"
#include "fusebox/standing_order.h"
#include "src/admin/request_errors.h"
#include "src/base/operator_verbs.h"

namespace fusebox::internal {

// A value. `Check` first: all else is for what is sound.
class CircuitAction {
 public:
  // Of a request to many circuits. One that says nothing has no action.
  static CircuitAction Of(const v1::ApplyToCircuitsRequest& request);

  // Of the requests to one circuit.
#define FUSEBOX_OF(verb, ...) static CircuitAction Of(const v1::verb##CircuitRequest& request);
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_OF)
#undef FUSEBOX_OF
  static CircuitAction Of(const v1::UpdatePolicyRequest& request);

  // Of a request for an order, if it is about the policy; else of no action.
  static CircuitAction Of(const v1::GiveOrderRequest& request);

  // What is wrong with it whatever circuit it is for.
  void Check(RequestErrors& errors) const;

  bool changes_policy() const { return action_.has_update_policy(); }

  // Whether there is more to do to the circuits once the order is given.
  bool resets() const { return action_.has_reset(); }

  // What it is as a standing order: of a reset, that the circuits are automatic.
  StandingOrder Order(std::string pattern, const Operator& by) const;

  // Whether it can be done to that circuit. INVALID_ARGUMENT, with each bad field, if the resulting
  // policy is invalid; ABORTED if the policy is not the one that it was made for. `policy` is the
  // one in force, and becomes what it would be.
  grpc::Status Try(Policy& policy) const;

 private:
  v1::ApplyToCircuitsRequest action_;  // nothing but its action
  std::string etag_;                   // that a policy change was made for; empty: any

  // What errors call the ttl and the policy change.
  std::string ttl_path_ = "ttl";
  std::string change_path_ = "change";
};

// Adds what is wrong with a reason.
void CheckReason(const std::string& reason, RequestErrors& errors);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CIRCUIT_ACTION_H_
