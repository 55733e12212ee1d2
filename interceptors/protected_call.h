// SPDX-License-Identifier: Apache-2.0
//
// One call through a protected channel, from its start to its outcome. It knows no hooks and no
// batches: interceptor.h translates those.
#ifndef FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_
#define FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_

#include <grpcpp/support/status.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/permit.h"

namespace fusebox {

// Undecided, until Start; then admitted, until Finish or destruction; or rejected, for good.
//
// Thread-safety: gRPC orders the hooks that call these one after the other; a rejected call may be
// read by several threads at a time.
class ProtectedCall {
 public:
  // `deadline` is absl::InfiniteFuture() if there is none. What latencies say of a streaming call
  // depends on its caller: `timed` is false for those (DESIGN C6).
  ProtectedCall(std::shared_ptr<CircuitBreaker> breaker,
                std::shared_ptr<const StatusClassifier> classifier, std::string method,
                absl::Time deadline, bool timed)
      : breaker_(std::move(breaker)),
        classifier_(std::move(classifier)),
        method_(std::move(method)),
        deadline_(deadline),
        timed_(timed) {}

  // Asks for the permit. To be called once.
  void Start();

  bool rejected() const { return rejection_.has_value(); }

  // The answer to a rejected call.
  const grpc::Status& rejection() const { return *rejection_; }

  // The final status of an admitted call is here. Of no effect on any other.
  void Finish(const grpc::Status& status, const CallResult::Metadata& trailing_metadata);

 private:
  const std::shared_ptr<CircuitBreaker> breaker_;
  const std::shared_ptr<const StatusClassifier> classifier_;
  const std::string method_;
  const absl::Time deadline_;
  const bool timed_;

  std::optional<grpc::Status> rejection_;
  SteadyTime start_;
  std::optional<absl::Duration> time_to_deadline_;
  Permit permit_;  // after breaker_: it is destroyed first
};

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_
