// SPDX-License-Identifier: Apache-2.0
//
// Calls that their caller forgets: which can be, and how.
#ifndef FUSEBOX_TESTS_END2END_PREPARED_CALL_H_
#define FUSEBOX_TESTS_END2END_PREPARED_CALL_H_

#include <vector>

#include "tests/end2end/echo_call.h"
#include "tests/end2end/ending.h"

namespace fusebox_testing {

// The calls that can be prepared and not started. Not so those of synchronous stubs, which start
// when they are made. A callback stub's unary call does too; its streams wait for StartCall, but
// gRPC frees one only when it has ended, so that to never start it is a leak. So it is with the
// request of a completion-queue unary call, which is serialised when the call is prepared.
std::vector<Cell> PreparedCells(Ending ending);

// The calls that can be started and dropped without `Finish`. Not so a reactor, which always hears
// OnDone, and must live until then; nor a unary call: a synchronous or a callback one is one
// function, and one with a completion queue starts with `Finish`.
std::vector<Cell> DroppedCells(Ending ending);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_PREPARED_CALL_H_
