// SPDX-License-Identifier: Apache-2.0
//
// A fallback at the call site, for a call that was rejected or has failed:
//
//   grpc::Status status = fusebox::WithFallback(
//       [&] { return stub->Reserve(&context, request, &reply); },
//       [&](const grpc::Status& failed) {
//         return cache->Find(request.item(), &reply) ? grpc::Status::OK : failed;
//       });
//
// An exception of one of the functions passes through: the fallback answers for results alone. For
// absl::Status and absl::StatusOr<T>, and with fusebox/grpc/run.h for grpc::Status. Nothing
// here touches a circuit: what is to go through one goes through it inside the first function.
#ifndef FUSEBOX_WITH_FALLBACK_H_
#define FUSEBOX_WITH_FALLBACK_H_

#include <type_traits>
#include <utility>

#include "fusebox/outcome.h"
#include "fusebox/run.h"

namespace fusebox {

// `call()`; and if `failed(result)` is true of its result, `fallback(result)` instead.
template <typename Call, typename Fallback, typename Failed>
std::invoke_result_t<Call> WithFallback(Call&& call, Fallback&& fallback, Failed&& failed) {
  std::invoke_result_t<Call> result = std::forward<Call>(call)();
  if (!std::forward<Failed>(failed)(std::as_const(result))) return result;
  return std::forward<Fallback>(fallback)(std::as_const(result));
}

// The same, where a result has failed if the standard reading of its status code says so
// (`DefaultOutcomeKind`): the dependency did not answer, or not as it should. NOT_FOUND, say, is an
// answer. A rejection is UNAVAILABLE, so it is covered.
template <typename Call, typename Fallback>
std::invoke_result_t<Call> WithFallback(Call&& call, Fallback&& fallback) {
  using Result = std::invoke_result_t<Call>;
  return WithFallback(std::forward<Call>(call), std::forward<Fallback>(fallback),
                      [](const Result& result) {
                        return RunTraits<Result>::ToOutcome(result).kind == OutcomeKind::kFailure;
                      });
}

}  // namespace fusebox

#endif  // FUSEBOX_WITH_FALLBACK_H_
