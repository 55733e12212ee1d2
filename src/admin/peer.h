// SPDX-License-Identifier: Apache-2.0
//
// Where a call comes from.
#ifndef FUSEBOX_SRC_ADMIN_PEER_H_
#define FUSEBOX_SRC_ADMIN_PEER_H_

#include <grpcpp/server_context.h>

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fusebox {

// `peer` is what `grpc::ServerContextBase::peer` gives. For one on this machine a name to know it
// by, as in "local 127.0.0.1" or "local unix socket"; else empty.
std::optional<std::string> LocalPeerName(absl::string_view peer);

// Whether nobody else can read along: TLS or the like, or a caller on this machine.
bool IsPrivate(const grpc::ServerContextBase& caller);

}  // namespace fusebox

#endif  // FUSEBOX_SRC_ADMIN_PEER_H_
