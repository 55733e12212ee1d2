// SPDX-License-Identifier: Apache-2.0
//
// Where a call comes from.
#ifndef FUSEBOX_SRC_ADMIN_PEER_H_
#define FUSEBOX_SRC_ADMIN_PEER_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// `peer` is what `grpc::ServerContextBase::peer` gives. For one on this machine a name to know it
// by, as in "local 127.0.0.1" or "local unix socket"; else empty.
std::optional<std::string> LocalPeerName(absl::string_view peer);

// Where it is, as far as a caller can't choose it: "10.0.0.7", whatever port it has; of an IPv6
// address "2001:db8::/64"; "local" for this machine, whatever loopback address or socket it has.
// For sharing out, and not for people.
std::string PeerPlace(absl::string_view peer);

// Whether nobody else can read along: a caller on this machine, or a connection whose transport
// says of its security level that it keeps what it carries private, as TLS does.
bool IsPrivate(absl::string_view peer, absl::string_view security_level);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_PEER_H_
