// SPDX-License-Identifier: Apache-2.0
#include "interceptors/fault_injection_call.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "interceptors/hijacked_answer.h"

namespace fusebox::internal {
namespace {

using grpc::experimental::InterceptionHookPoints;

// A batch on its way back, or one that is asked to answer a hijacked call, waits for nothing. (One
// without any hook may be either and is taken for a start, which does no harm.)
bool IsPastItsStart(FaultyCall::Batch& batch) {
  using Hook = InterceptionHookPoints;
  const auto hooks = {
      Hook::PRE_RECV_INITIAL_METADATA, Hook::PRE_RECV_MESSAGE,           Hook::PRE_RECV_STATUS,
      Hook::POST_SEND_MESSAGE,         Hook::POST_RECV_INITIAL_METADATA, Hook::POST_RECV_MESSAGE,
      Hook::POST_RECV_STATUS};
  return std::any_of(hooks.begin(), hooks.end(),
                     [&](Hook hook) { return batch.QueryInterceptionHookPoint(hook); });
}

}  // namespace

FaultyCall::FaultyCall(FaultEngine& engine, std::shared_ptr<FaultRule> rule, CallType type,
                       absl::Time deadline)
    : engine_(engine),
      rule_(std::move(rule)),
      client_streams_(ClientStreams(type)),
      deadline_(deadline) {}

void FaultyCall::Pass(Batch& batch) {
  const grpc::Status* given = nullptr;
  {
    MutexLock lock(mutex_);
    if (stage_ == Stage::kUndecided) Decide();
    if (HoldsBatches() && !IsPastItsStart(batch)) {
      Queue(batch);
      if (stage_ == Stage::kDue) Leave();
      return;
    }
    given = answer();
  }
  if (given != nullptr) AnswerHijacked(batch, client_streams_, *given);
  batch.Proceed();
}

void FaultyCall::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  if (stage_ != Stage::kHeld) return;
  answer_ = grpc::Status::CANCELLED;
  // Not on this thread: the context is locked, and whoever hears of the end may destroy it.
  engine_.timer().Hasten(due_, *this);
}

void FaultyCall::Abandon() {
  MutexLock lock(mutex_);
  queue_.clear();
  stage_ = Stage::kLeft;
}

void FaultyCall::Wake() {
  MutexLock lock(mutex_);
  if (stage_ == Stage::kHeld) Leave();
}

absl::Duration FaultyCall::Inject(const InjectedStatus& status) {
  answer_.emplace(status.code, status.message);
  return absl::ZeroDuration();
}

absl::Duration FaultyCall::Inject(const InjectedDelay& delay) {
  const absl::Duration time_to_deadline = TimeToDeadline();
  if (delay.duration < time_to_deadline) return delay.duration;
  // gRPC would say the same, except for the race between its timer and ours.
  answer_.emplace(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded (injected delay)");
  return time_to_deadline;
}

absl::Duration FaultyCall::Inject(const InjectedHang& /*hang*/) {
  answer_.emplace(grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded (injected hang)");
  return std::min(TimeToDeadline(), engine_.max_hang());
}

absl::Duration FaultyCall::TimeToDeadline() const {
  return deadline_ - Clock::Real().WallNow();  // infinite less anything is infinite
}

void FaultyCall::Decide() {
  // What was cancelled before it started is left to gRPC.
  if (cancelled_ || !rule_->Draw()) {
    stage_ = Stage::kPasses;
    return;
  }
  const Fault& fault = rule_->fault();
  engine_.Count(fault);
  const absl::Duration wait = std::visit(
      [this](const auto& kind) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return Inject(kind); },
      fault.kind);
  if (wait <= absl::ZeroDuration()) {
    stage_ = Stage::kDue;
    return;
  }
  stage_ = Stage::kHeld;
  due_ = Clock::Real().Now() + wait;
  engine_.timer().Schedule(due_, shared_from_this());
}

bool FaultyCall::HoldsBatches() const {
  switch (stage_) {
    case Stage::kHeld:
    case Stage::kDue:
    case Stage::kLeaves:
      return true;
    case Stage::kUndecided:
    case Stage::kPasses:
    case Stage::kLeft:
      break;
  }
  return false;
}

void FaultyCall::Queue(Batch& batch) {
  // gRPC serialises messages when a batch proceeds. By then the caller, who has got back from
  // starting an asynchronous call, may have destroyed this one.
  if (!answer_ && batch.QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE)) {
    batch.GetSerializedSendMessage();
  }
  queue_.push_back(&batch);
}

void FaultyCall::Leave() {
  stage_ = Stage::kLeaves;
  const grpc::Status* const given = answer();
  bool hijack = given != nullptr;
  while (!queue_.empty()) {
    Batch& batch = *queue_.front();
    queue_.pop_front();
    MutexUnlock unlock(mutex_);
    if (given != nullptr) AnswerHijacked(batch, client_streams_, *given);
    if (hijack) {
      hijack = false;  // a second one would end the process
      batch.Hijack();  // comes back to Pass with this batch's PRE_RECV_* hooks
    } else {
      batch.Proceed();
    }
  }
  stage_ = Stage::kLeft;
}

FaultInjectionInterceptor::FaultInjectionInterceptor(std::shared_ptr<FaultEngine> engine,
                                                     std::shared_ptr<FaultRule> rule,
                                                     FaultyCall::CallType type, absl::Time deadline)
    : engine_(std::move(engine)),
      call_(std::make_shared<FaultyCall>(*engine_, std::move(rule), type, deadline)) {}

FaultInjectionInterceptor::~FaultInjectionInterceptor() { call_->Abandon(); }

void FaultInjectionInterceptor::Intercept(grpc::experimental::InterceptorBatchMethods* methods) {
  if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_CANCEL)) {
    call_->Cancel();
    methods->Proceed();
    return;
  }
  const std::shared_ptr<FaultyCall> call = call_;  // a batch that proceeds may end this
  call->Pass(*methods);
}

}  // namespace fusebox::internal
