// SPDX-License-Identifier: Apache-2.0
//
// The context of a call that a server makes while it serves one:
//
//   // In a method of a server, with `server_context` as gRPC gives it.
//   const auto context = fusebox::ClientContextFor(*server_context);
//   const grpc::Status status = stub->Reserve(context.get(), request, &reply);
#ifndef FUSEBOX_GRPC_CLIENT_CONTEXT_H_
#define FUSEBOX_GRPC_CLIENT_CONTEXT_H_

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <chrono>
#include <memory>

#include "fusebox/export.h"

namespace fusebox {

// As `grpc::ClientContext::FromServerContext`, which it calls: cancellation, census and deadline
// are passed on, or what `options` says. But the deadline can also be seen: `context->deadline()`
// is the earlier of `deadline`, the call's own, and the served call's.
//
// That is what `StatusClassifier::Options::min_deadline` needs, and the rule that ignores a call
// whose deadline had passed before it started. gRPC alone applies a propagated deadline where no
// interceptor can see it: then calls whose callers gave them hardly any time fail through no fault
// of the dependency, and open its circuit for callers with all the time in the world.
//
// A deadline that is set on the context later replaces this one, for interceptors; gRPC goes by the
// earlier of the two.
//
// `server_context` may be that of a synchronous, an asynchronous, a callback or a generic server,
// and must live until the call has been started. Thread-safe.
FUSEBOX_EXPORT std::unique_ptr<grpc::ClientContext> ClientContextFor(
    const grpc::ServerContextBase& server_context,
    std::chrono::system_clock::time_point deadline = std::chrono::system_clock::time_point::max(),
    grpc::PropagationOptions options = grpc::PropagationOptions());

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_CLIENT_CONTEXT_H_
