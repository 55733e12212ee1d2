// SPDX-License-Identifier: Apache-2.0
//
// Who answered a call.
#ifndef FUSEBOX_INTERCEPTORS_PEER_H_
#define FUSEBOX_INTERCEPTORS_PEER_H_

#include <string>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

// What `grpc::ClientContext::peer` gives once there's a status, as people write it: the address of
// the server that answered, as in "10.0.0.7:50051" or "[2001:db8::7]:50051"; or, if none did, the
// channel's target, a whole list of addresses maybe.
std::string PeerText(absl::string_view peer);

}  // namespace fusebox::internal

#endif  // FUSEBOX_INTERCEPTORS_PEER_H_
