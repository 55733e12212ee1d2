// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_END2END_OWN_CONTEXT_CALL_H_
#define FUSEBOX_TESTS_END2END_OWN_CONTEXT_CALL_H_

#include <grpcpp/support/status.h>

#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

// Makes a callback call that owns its context, and destroys itself when it is done, as reactors
// often do. Writes and reads nothing: for a server that fails. Returns when it's destroyed.
grpc::Status MakeCallThatOwnsItsContext(Kind kind, ChannelRef channel);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_OWN_CONTEXT_CALL_H_
