// SPDX-License-Identifier: Apache-2.0
//
// Statuses that this process' own gRPC makes, without the server (rule C2). They say nothing of the
// dependency, but a server can send the same code and the same text.
//
// What tells them apart is `grpc::ClientContext::peer()` together with the status: the address of a
// server if the status came from one, and the channel's target if it didn't. (Measured with gRPC
// 1.51 and 1.83, in every style of stub; initial and trailing metadata tell nothing.) An
// application's own interceptors behind the breaker answer with the target for a peer, too, and
// are as good as the server: so it takes the text as well.
#ifndef FUSEBOX_INTERCEPTORS_LOCAL_FAILURE_H_
#define FUSEBOX_INTERCEPTORS_LOCAL_FAILURE_H_

#include <grpcpp/support/status.h>

#include <array>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

struct LocalFailure {
  grpc::StatusCode code = grpc::StatusCode::OK;
  absl::string_view text;  // that the message begins with, after "CLIENT: " in newer versions
};

// In docs/composition.md for users. What isn't here is the dependency's doing, or may be: among the
// statuses from the target, UNAVAILABLE for a name that can't be resolved or an address that can't
// be reached; INTERNAL (1.83) or UNKNOWN (1.51) for a message that can't be decompressed. CANCELLED
// is ignored anyway, and DEADLINE_EXCEEDED has either peer, as it happens: there the clock decides
// (C3).
inline constexpr std::array kLocalFailures = {
    // GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, or a service config's.
    LocalFailure{grpc::StatusCode::RESOURCE_EXHAUSTED, "Sent message larger than max ("},
    LocalFailure{grpc::StatusCode::RESOURCE_EXHAUSTED, "Received message larger than max ("},

    // Call credentials that could not be obtained, from a plugin, a token service or a key.
    LocalFailure{grpc::StatusCode::UNAVAILABLE, "Getting metadata from plugin failed with error: "},
    LocalFailure{grpc::StatusCode::UNAVAILABLE, "Error occurred when fetching oauth2 token."},
    LocalFailure{grpc::StatusCode::UNAUTHENTICATED, "Could not generate JWT."},
    LocalFailure{grpc::StatusCode::INTERNAL, "Illegal status code from call credentials"},

    // Call credentials that must not be sent: over this channel, with the channel's own, or to a
    // host of this name.
    LocalFailure{grpc::StatusCode::UNAUTHENTICATED, "Established channel does not have "},
    LocalFailure{grpc::StatusCode::UNAUTHENTICATED, "Incompatible credentials set on channel"},
    LocalFailure{grpc::StatusCode::UNAUTHENTICATED, "call host does not match SSL server name"},

    // Metadata that can't be sent: from a plugin, or the application's (on which 1.51 aborts).
    LocalFailure{grpc::StatusCode::UNAVAILABLE, "Illegal metadata"},
    LocalFailure{grpc::StatusCode::INTERNAL, "Illegal metadata"},
    LocalFailure{grpc::StatusCode::INTERNAL, "Illegal header "},
    LocalFailure{grpc::StatusCode::INTERNAL, "Metadata keys cannot "},

    // A channel that can't work at all ("lame"): a service config that can't be read, a target or
    // credentials that are invalid. Its code is what was wrong.
    LocalFailure{grpc::StatusCode::INVALID_ARGUMENT, "Failed to create secure client channel"},
    LocalFailure{grpc::StatusCode::UNKNOWN, "Failed to create secure client channel"},
    LocalFailure{grpc::StatusCode::INTERNAL, "Failed to create secure client channel"},
    LocalFailure{grpc::StatusCode::INVALID_ARGUMENT, "Failed to create client channel"},
    LocalFailure{grpc::StatusCode::UNKNOWN, "Failed to create client channel"},
    LocalFailure{grpc::StatusCode::INTERNAL, "Failed to create client channel"},
    LocalFailure{grpc::StatusCode::INVALID_ARGUMENT, "Failed to create channel to '"},  // 1.83
    LocalFailure{grpc::StatusCode::UNKNOWN, "Failed to create channel to '"},
    LocalFailure{grpc::StatusCode::INTERNAL, "Failed to create channel to '"},
    LocalFailure{grpc::StatusCode::INVALID_ARGUMENT, "Invalid credentials."},
};

// Whether such a status is in the table. `peer` is what `peer()` gives with the status; `target`
// what it gave before the channel's calls had a peer, empty if that isn't known.
//
// A target that is an address ("ipv4:10.0.0.7:50051", "unix:/run/x", a channel inside of the
// process) looks like the peer that answers. Then the code and the text decide alone. In doubt the
// status is the server's.
bool IsLocalFailure(const grpc::Status& status, absl::string_view peer, absl::string_view target);

// Whether a call failed since the channel has no connection: by the channel itself, and not by a
// server that says so of its own. As it becomes connected, gRPC fails calls from memory for another
// moment: its state is told before its picker is changed. `peer` and `target` as above.
bool IsUnconnected(const grpc::Status& status, absl::string_view peer, absl::string_view target);

// Whether it says that a message is larger than the channel or the server lets through.
bool IsMessageLimit(const grpc::Status& status);

// Whether a bidirectional stream has run into the channel's own limit on what it sends, of that
// many bytes. The callback interface waits for the status of such a stream from its start, and so
// may get the peer with a status that isn't the peer's (1.51): here the limit decides, which the
// text names.
bool IsOwnSendLimit(const grpc::Status& status, int limit);

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_LOCAL_FAILURE_H_
