// SPDX-License-Identifier: Apache-2.0
//
// One call behind a breaker, in one line, for anything that returns a status:
//
//   absl::StatusOr<Receipt> receipt = fusebox::Run(breaker, [&] { return Charge(card); });
//
// A rejected call returns UNAVAILABLE without running the function; `GetRejection` tells it from
// the dependency's own. absl::Status and absl::StatusOr work as they are; fusebox/grpc/run.h adds
// grpc::Status; another type takes part by a specialisation of `RunTraits`.
#ifndef FUSEBOX_RUN_H_
#define FUSEBOX_RUN_H_

#include <exception>
#include <memory>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/rejection.h"

namespace fusebox {

// How a result type tells an outcome, and how a rejection looks in it.
template <typename Result>
struct RunTraits;

template <>
struct RunTraits<absl::Status> {
  static Outcome ToOutcome(const absl::Status& status) { return Outcome::FromStatus(status); }
  static absl::Status FromRejection(const Rejection& rejection) { return ToStatus(rejection); }
};

template <typename T>
struct RunTraits<absl::StatusOr<T>> {
  static Outcome ToOutcome(const absl::StatusOr<T>& result) {
    return Outcome::FromStatus(result.status());
  }
  static absl::StatusOr<T> FromRejection(const Rejection& rejection) { return ToStatus(rejection); }
};

// `fn()`, under that permit. If it throws, the permit is given back as a failure, and the exception
// passes through.
template <typename Fn>
std::invoke_result_t<Fn> RunPermitted([[maybe_unused]] Permit& permit, Fn&& fn) {
#ifdef __cpp_exceptions
  try {
    return std::forward<Fn>(fn)();
  } catch (const std::exception& exception) {
    permit.Record(Outcome::Failure(static_cast<int>(absl::StatusCode::kUnknown), exception.what()));
    throw;
  } catch (...) {
    permit.RecordFailure();
    throw;
  }
#else
  return std::forward<Fn>(fn)();
#endif
}

// Runs `fn()` if the breaker permits, and records what `to_outcome(result)` makes of its result.
//
// If `fn` throws, the exception passes through and the call counts as a failure: of code UNKNOWN,
// with what a std::exception says as its message. To count an exception otherwise, catch it inside
// `fn` and return a status. If `to_outcome` throws, the exception passes through as well, and the
// call counts as ignored: there was an answer, and nobody can say what it means.
//
//   absl::Status status = fusebox::Run(breaker, [&]() -> absl::Status {
//     try {
//       return Charge(card).status();
//     } catch (const std::invalid_argument& error) {  // the card's fault, not the dependency's
//       return absl::InvalidArgumentError(error.what());
//     }
//   });
//
// Thread-safety: like the breaker's; no lock is held while `fn` runs.
template <typename Fn, typename ToOutcome>
std::invoke_result_t<Fn> Run(CircuitBreaker& breaker, Fn&& fn, ToOutcome&& to_outcome) {
  using Result = std::invoke_result_t<Fn>;
  Admission admission = breaker.TryAcquire();
  if (!admission) return RunTraits<Result>::FromRejection(admission.rejection());
  Result result = RunPermitted(admission.permit(), std::forward<Fn>(fn));
  admission.permit().Record(std::forward<ToOutcome>(to_outcome)(std::as_const(result)));
  return result;
}

// The same with the standard reading of the result's status code (`DefaultOutcomeKind`).
template <typename Fn>
std::invoke_result_t<Fn> Run(CircuitBreaker& breaker, Fn&& fn) {
  return Run(breaker, std::forward<Fn>(fn), RunTraits<std::invoke_result_t<Fn>>::ToOutcome);
}

// Both for a breaker as `CircuitBreaker::Create` and the registry give it.
template <typename Fn, typename... ToOutcome>
std::invoke_result_t<Fn> Run(const std::shared_ptr<CircuitBreaker>& breaker, Fn&& fn,
                             ToOutcome&&... to_outcome) {
  return Run(*breaker, std::forward<Fn>(fn), std::forward<ToOutcome>(to_outcome)...);
}

}  // namespace fusebox

#endif  // FUSEBOX_RUN_H_
