// SPDX-License-Identifier: Apache-2.0
//
// Asks servers whether they are well, in place of sending them calls as probes (rule R21).
#ifndef FUSEBOX_INTERCEPTORS_HEALTH_CHECKER_H_
#define FUSEBOX_INTERCEPTORS_HEALTH_CHECKER_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "interceptors/process_thread.h"

namespace fusebox::internal {

// A grpc.health.v1.HealthCheckRequest and what a HealthCheckResponse says, by hand: no descriptor
// is registered, since the application may have its own.
std::string HealthCheckRequest(absl::string_view service);
Outcome OutcomeOfHealthCheck(absl::string_view response);

// What is to be asked, and who wants to know.
struct HealthQuestion {
  std::weak_ptr<grpc::Channel> channel;
  std::string service;  // empty: the server as a whole
  absl::Duration timeout;
  // Weak, as the channel has it kept: the application's clock may be gone once all its owners are.
  std::weak_ptr<CircuitBreaker> circuit;
  Permit probe;
};

// A thread that sends the checks and hands in the answers, which may call the application: its
// listeners, and the interceptors of its channels. The time of a check is the machine's.
//
// Thread-safe. No lock is held while gRPC or the application is called.
// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): there is none
class HealthChecker final : private ProcessThread {
 public:
  // The process'. It is never destroyed: calls may come until the very end.
  static HealthChecker& Get();

  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;
  ~HealthChecker() = delete;

  // Of each question, the probe is given back: with the answer, or as ignored if there is none.
  void Ask(HealthQuestion question);

  // False while the thread is held up, by code of the application's that it calls: then calls have
  // to be the probes. What has waited so long is given back here.
  bool KeepsUp();

  // Whether it is the context of a check that this thread is starting: no call of the
  // application's.
  static bool IsCheck(const grpc::ClientContext& context);

 private:
  class Checks;

  HealthChecker();

  bool HasWork() const override ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !questions_.empty();
  }
  void Work() override;

  // Of the thread: what is to be asked next; none, too, if it is stopped.
  std::optional<HealthQuestion> TakeQuestion();
  bool IsStopped();

  std::deque<HealthQuestion> questions_ ABSL_GUARDED_BY(mutex_);

  // Since when the first question waits that the thread has not taken, though it may have been
  // given back since; 0: none does. Relaxed: a time alone.
  std::atomic<int64_t> waits_since_{0};
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_HEALTH_CHECKER_H_
