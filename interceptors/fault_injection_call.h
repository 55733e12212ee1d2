// SPDX-License-Identifier: Apache-2.0
//
// One call that may get a fault, and its hooks.
#ifndef FUSEBOX_INTERCEPTORS_FAULT_INJECTION_CALL_H_
#define FUSEBOX_INTERCEPTORS_FAULT_INJECTION_CALL_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/interceptor.h>
#include <grpcpp/support/status.h>

#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/fault_injection.h"
#include "interceptors/fault_injection_rules.h"
#include "interceptors/fault_injection_timer.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// What becomes of it, and of a batch that starts, in each stage:
//
//   stage      | a batch that starts     | and then
//   -----------+-------------------------+-----------------------------------------------------
//   kUndecided | decides: draws a number | kPasses: no fault; kHeld: one that takes time; kDue
//   kPasses    | goes its way            | stays
//   kHeld      | is queued               | kLeaves, once the timer says so or it is cancelled
//   kDue       | is queued, and leaves   | kLeaves
//   kLeaves    | is queued               | kLeft, once the queue is empty
//   kLeft      | goes its way            | stays
//
// Abandoned in any of them: kLeft. A batch's way is to the network, or to the answer that the call
// gets in place of one. A batch that is past its start goes its way in each stage.
//
// A call is held by keeping its batches from proceeding. gRPC allows that from any thread, and
// waits for held batches before it shuts a completion queue down; a blocking caller waits for its
// batch as usual. A batch must never overtake an earlier one, so that those which come in the
// meantime queue up: the callback API starts its reads and writes without waiting for the start.
//
// Thread-safety: any thread may use it at any time.
// Ownership: shared by the interceptor and, while it's held, the timer. The engine must outlive the
// interceptor, and is not touched after its destruction.
class FaultyCall final : public Sleeper, public std::enable_shared_from_this<FaultyCall> {
 public:
  using CallType = grpc::experimental::ClientRpcInfo::Type;
  using Batch = grpc::experimental::InterceptorBatchMethods;

  // `deadline` is absl::InfiniteFuture() if there is none.
  FaultyCall(FaultEngine& engine, std::shared_ptr<FaultRule> rule, CallType type,
             absl::Time deadline);

  // Sees to it that a batch of this call proceeds, now or later. That may end the call, and the
  // interceptor with it: whoever calls this shares in its ownership meanwhile.
  void Pass(Batch& batch);

  // The call is being cancelled. It still has to leave.
  void Cancel();

  // The call's batches are gone.
  void Abandon();

  // On the timer's thread.
  void Wake() override;

 private:
  enum class Stage {
    kUndecided,
    kPasses,
    kHeld,
    kDue,
    kLeaves,  // one thread lets the batches go, outside the lock
    kLeft,
  };

  // How long to hold a call that got this fault, which may set `answer_`.
  absl::Duration Inject(const InjectedStatus& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration Inject(const InjectedDelay& delay) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration Inject(const InjectedHang& hang) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Duration TimeToDeadline() const;

  void Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HoldsBatches() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Queue(Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Leave() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What the call gets in place of the server's answer; null: it goes its way. Constant once it
  // leaves or passes, and may then be read without the lock.
  const grpc::Status* answer() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return answer_ ? &*answer_ : nullptr;
  }

  // Constant.
  FaultEngine& engine_;
  const std::shared_ptr<FaultRule> rule_;
  const bool client_streams_;
  const absl::Time deadline_;

  // Guarded.
  Mutex mutex_;
  Stage stage_ ABSL_GUARDED_BY(mutex_) = Stage::kUndecided;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> answer_ ABSL_GUARDED_BY(mutex_);
  SteadyTime due_ ABSL_GUARDED_BY(mutex_);
  std::deque<Batch*> queue_ ABSL_GUARDED_BY(mutex_);
};

// Owned by gRPC, which destroys it with the call's ClientContext.
class FaultInjectionInterceptor final : public grpc::experimental::Interceptor {
 public:
  FaultInjectionInterceptor(std::shared_ptr<FaultEngine> engine, std::shared_ptr<FaultRule> rule,
                            FaultyCall::CallType type, absl::Time deadline);
  FaultInjectionInterceptor(const FaultInjectionInterceptor&) = delete;
  FaultInjectionInterceptor& operator=(const FaultInjectionInterceptor&) = delete;
  ~FaultInjectionInterceptor() override;

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override;

 private:
  const std::shared_ptr<FaultEngine> engine_;
  const std::shared_ptr<FaultyCall> call_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_FAULT_INJECTION_CALL_H_
