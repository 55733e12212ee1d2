// SPDX-License-Identifier: Apache-2.0
//
// One call through a protected channel, from its start to its outcome. It knows no hooks and no
// batches: interceptor.h translates those.
#ifndef FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_
#define FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_

#include <grpcpp/support/status.h>

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/circuit_breaker_interceptor.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/permit.h"
#include "interceptors/circuit_finder.h"

namespace fusebox {

// What the calls of a channel share. It outlives them, since each call's ClientContext keeps its
// channel: nothing of it needs a reference count, which the calls of all threads would contend for.
struct ProtectedChannel {
  CircuitFinder circuits;
  StatusClassifier classifier;
};

// Undecided, until Start; then admitted, until Finish or destruction; or rejected, for good.
//
// Thread-safety: gRPC orders the hooks that call these one after the other; a rejected call may be
// read by several threads at a time.
class ProtectedCall {
 public:
  // `deadline` is absl::InfiniteFuture() if there is none. What latencies say of a streaming call
  // depends on its caller: `timed` is false for those (DESIGN C6).
  ProtectedCall(ProtectedChannel& channel, ProtectedMethod method, absl::Time deadline, bool timed)
      : channel_(channel), method_(std::move(method)), deadline_(deadline), timed_(timed) {}

  // Whether Start must be given the call's first metadata.
  bool needs_metadata() const { return channel_.circuits.needs_metadata(); }

  // Finds the circuit, and asks it for the permit. To be called once.
  void Start(const CallInfo::Metadata* metadata);

  bool rejected() const { return rejection_.has_value(); }

  // The answer to a rejected call.
  const grpc::Status& rejection() const { return *rejection_; }

  // The final status of an admitted call is here. Of no effect on any other.
  void Finish(const grpc::Status& status, const CallResult::Metadata& trailing_metadata);

 private:
  ProtectedChannel& channel_;
  const ProtectedMethod method_;
  const absl::Time deadline_;
  const bool timed_;

  FoundCircuit circuit_;
  std::optional<grpc::Status> rejection_;
  SteadyTime start_;
  std::optional<absl::Duration> time_to_deadline_;
  Permit permit_;  // after circuit_: it is destroyed first
};

}  // namespace fusebox

#endif  // FUSEBOX_INTERCEPTORS_PROTECTED_CALL_H_
