// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_FUZZ_ANSWER_H_
#define FUSEBOX_TESTS_FUZZ_ANSWER_H_

#include <google/protobuf/message.h>
#include <grpcpp/support/status.h>

namespace fusebox_testing {

// Holds an answer to what any language can read: it is parsed as it was written, and is JSON too,
// so that its times and texts are what protobuf takes for such.
void RequireReadable(const google::protobuf::Message& answer);

// Holds a status to what gets through gRPC: a code that the protos name for requests to circuits,
// and a message and details that fit into the trailing metadata.
void RequireDeliverable(const grpc::Status& status);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_FUZZ_ANSWER_H_
