// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_INTERCEPTORS_LATE_BATCH_H_
#define FUSEBOX_TESTS_INTERCEPTORS_LATE_BATCH_H_

#include <grpcpp/support/interceptor.h>
#include <grpcpp/support/status.h>

#include <string>

#include "tests/support/fake_batch.h"
#include "tests/support/mailbox.h"

namespace fusebox_testing {

// The first half of a batch, up to where gRPC would send it, for an interceptor that may hold it
// and let it go on another thread.
//
// Thread-safety: not thread-safe, except that another thread may let the batch go.
class LateBatch {
 public:
  LateBatch(grpc::experimental::Interceptor& interceptor, const FakeOps& ops)
      : sending_(ops.send), answering_(AnswerHooks(ops)) {
    sending_.on_proceed = [this] { gone_.Put(true); };
    sending_.on_hijack = [this, &interceptor] { interceptor.Intercept(&answering_); };
    answering_.on_proceed = sending_.on_proceed;
    interceptor.Intercept(&sending_);
  }

  void WaitUntilGone() { gone_.Take(); }

  // What the interceptor has done with it, and how it was answered if it was hijacked. To be asked
  // while it's held, or when it's gone.
  std::string log() const { return sending_.log(); }
  const grpc::Status& status() const { return answering_.status; }

 private:
  static Hooks AnswerHooks(const FakeOps& ops) {
    return ops.recv.empty() ? Hooks() : Hooks{Hook::PRE_RECV_MESSAGE, Hook::PRE_RECV_STATUS};
  }

  FakeBatch sending_;
  FakeBatch answering_;
  Mailbox<bool> gone_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_INTERCEPTORS_LATE_BATCH_H_
