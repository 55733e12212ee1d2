// SPDX-License-Identifier: Apache-2.0
//
// What can be done to a circuit, whoever asked for it and to however many.
#ifndef FUSEBOX_SRC_ADMIN_CIRCUIT_ACTION_H_
#define FUSEBOX_SRC_ADMIN_CIRCUIT_ACTION_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/status.h>

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_breaker.h"
#include "src/admin/request_errors.h"
#include "src/base/operator_verbs.h"

namespace fusebox::internal {

// A value. `Check` first: `Apply` is for what is sound.
class CircuitAction {
 public:
  // Of a request to many circuits. One that says nothing has no action.
  static CircuitAction Of(const v1::ApplyToCircuitsRequest& request);

  // Of the requests to one circuit.
#define FUSEBOX_OF(verb, ...) static CircuitAction Of(const v1::verb##CircuitRequest& request);
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_OF)
#undef FUSEBOX_OF
  static CircuitAction Of(const v1::UpdatePolicyRequest& request);

  // What is wrong with it whatever circuit it is for.
  void Check(RequestErrors& errors) const;

  bool changes_policy() const { return action_.has_update_policy(); }

  // INVALID_ARGUMENT, with each bad field, if the resulting policy is invalid; ABORTED if
  // the policy is not the one that it was made for.
  grpc::Status Apply(CircuitBreaker& circuit, const Operator& by) const;

  // The same, but that nothing is done. `policy` becomes what it would be.
  grpc::Status Try(CircuitBreaker& circuit, Policy& policy) const;

 private:
  grpc::Status ApplyPolicyChange(CircuitBreaker& circuit, const Operator& by) const;
  grpc::Status ChangedPolicy(const Policy& policy, Policy& changed) const;

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
