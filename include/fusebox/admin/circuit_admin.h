// SPDX-License-Identifier: Apache-2.0
//
// The admin service: see and move the circuits of this process from outside, in any language, by
// fuseboxctl or by the stubs of proto/fusebox/v1/admin.proto. Nothing is served unless it is
// registered with a server, and then it only reads:
//
//   fusebox::CircuitAdminOptions options;
//   options.registry = registry;
//   absl::StatusOr<std::unique_ptr<grpc::Service>> admin =
//       fusebox::CreateCircuitAdmin(options);
//   if (!admin.ok()) return admin.status();
//   builder.RegisterService(admin->get());
//
// Writes take two more lines, and say who may make them:
//
//   options.allow_writes = true;
//   options.write_authorizer = fusebox::AllowLocalCallers();
#ifndef FUSEBOX_ADMIN_CIRCUIT_ADMIN_H_
#define FUSEBOX_ADMIN_CIRCUIT_ADMIN_H_

#include <grpcpp/impl/service_type.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "fusebox/admin/authorizer.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"

namespace fusebox {

struct CircuitAdminOptions {
  // Whose circuits. Required.
  std::shared_ptr<CircuitRegistry> registry;

  // What callers are told of which process this is: "checkout-7f9c", "host:port". May be empty.
  // UTF-8, of characters that can be seen or are spaces.
  std::string instance;

  // Who may read. Null: whoever can reach the server. Those who may write may read too, and
  // `write_authorizer` is asked who a reader is, so that callers without a name don't come before
  // those with.
  std::shared_ptr<const Authorizer> read_authorizer;

  // Both, or neither: that circuits may be moved, and who may do so. Who it was and why they did it
  // is in the circuits' events, and shown to callers with a name by one of the authorizers alone.
  bool allow_writes = false;
  std::shared_ptr<const Authorizer> write_authorizer;

  // Whether to show what a dependency said with its last failure, and with the last one before an
  // opening. It may hold what a request held. Status codes and peers are shown anyway.
  bool show_failure_messages = false;

  // How many WatchCircuits calls there may be at the same time. One more is RESOURCE_EXHAUSTED,
  // unless its caller has a name by an authorizer and others have none, or another one with a name
  // has more: then one of those ends with that code, the oldest. One whose reader doesn't take what
  // is written holds some 90 KiB for a minute, of which 64 are gRPC's write buffer
  // (GRPC_ARG_HTTP2_WRITE_BUFFER_SIZE of the server); after that it is hung up on.
  int max_watchers = 1'000;  // 1 to 100,000
};

// The service, for `grpc::ServerBuilder::RegisterService`. It must outlive the server. Since
// watchers never hang up by themselves, shut that server down with a deadline:
// `server->Shutdown(deadline)`.
//
// Thread-safety: the service may be called as gRPC does. On gRPC's threads it does no more than ask
// the authorizers. What is asked for is done by three threads of its own, each from when it is
// first needed on: one for reads, in which callers take turns, one for writes, and one that hears
// events. How much one request has done for it is bounded, and so is how many may wait: 128 of a
// caller's, and 512 of all callers without a name, of whom a newcomer takes a place from whoever
// has most. What is refused, or loses its place, is RESOURCE_EXHAUSTED. None of this makes a call
// of the circuits' wait; a watcher that doesn't read misses events, and is told so.
//
// INVALID_ARGUMENT, with each bad field named, for a null registry, an `instance` with characters
// that can't be shown, `allow_writes` without
// `write_authorizer` or the other way round, or `max_watchers` out of range.
FUSEBOX_EXPORT absl::StatusOr<std::unique_ptr<grpc::Service>> CreateCircuitAdmin(
    const CircuitAdminOptions& options);

}  // namespace fusebox

#endif  // FUSEBOX_ADMIN_CIRCUIT_ADMIN_H_
