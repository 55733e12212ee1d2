// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_INTERCEPTORS_CALL_PERMIT_H_
#define FUSEBOX_INTERCEPTORS_CALL_PERMIT_H_

#include <atomic>
#include <memory>
#include <utility>

#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "src/base/dcheck.h"

namespace fusebox::internal {

// The permit of one call, from its grant to its outcome.
//
// Thread-safety: `ReceiveMessage` and `End` may run at the same time, since gRPC delivers a
// stream's first message and its status so. None of them waits: whoever comes second leaves the end
// to the first. All else is ordered before and after those two. Ownership: the breaker and the
// registry outlive it.
class CallPermit {
 public:
  CallPermit() = default;

  // `registry` is the breaker's. No other permit is out.
  void Take(CircuitBreaker* breaker, const CircuitRegistry& registry, Permit permit) {
    FUSEBOX_DCHECK(!is_out());
    breaker_ = breaker;
    registry_ = &registry;
    permit_ = std::move(permit);
  }

  // The first message of a stream is here. `gives_back`: it is the call's success, and gives the
  // permit back. To be called once at most.
  void ReceiveMessage(const Outcome& message, bool gives_back);

  // The call has ended. No effect a second time.
  void End(const Outcome& outcome);

  // Whether nothing has given the permit back. Not to be asked beside the two above.
  bool is_out() const { return static_cast<bool>(permit_); }

 private:
  enum class Step {
    kOut,             // the permit is out
    kAtMessage,       // its message is being told
    kGivenBack,       // the message gave it back
    kEnded,           // nothing is left to do
    kEndedAtMessage,  // nothing but what End left to ReceiveMessage
  };

  void GiveBack(Step before, const Outcome& outcome);
  void ReportFailure(const Outcome& outcome);

  CircuitBreaker* breaker_ = nullptr;
  const CircuitRegistry* registry_ = nullptr;

  // Whoever moves it from kOut to kAtMessage or to kEnded has the permit to itself (acquire), until
  // it moves on (release). What comes with a step is written before it, and read after.
  std::atomic<Step> step_{Step::kOut};
  Permit permit_;
  FirstMessage first_message_;               // with kGivenBack
  std::unique_ptr<const Outcome> left_end_;  // with kEndedAtMessage
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_CALL_PERMIT_H_
