// SPDX-License-Identifier: Apache-2.0
//
// A gRPC server of fusebox_testing.Echo in a process of its own, which can therefore be stopped,
// or killed in the middle of a call. All its calls hang.
#ifndef FUSEBOX_TESTS_SUPPORT_CHILD_SERVER_H_
#define FUSEBOX_TESTS_SUPPORT_CHILD_SERVER_H_

#include <string>

#include "tests/support/child_process.h"

namespace fusebox_testing {

// Thread-safety: not thread-safe; callers synchronise.
// Ownership: its destructor kills the process, if `Kill` has not, and reaps it; should the test
// itself die, the process sees the end of its standard input and ends too.
class ChildServer {
 public:
  // Runs the program, which is fusebox_test_echo_server, and waits until it serves.
  explicit ChildServer(const std::string& program);
  ChildServer(const ChildServer&) = delete;
  ChildServer& operator=(const ChildServer&) = delete;

  // "127.0.0.1:port".
  const std::string& address() const { return address_; }

  // Waits until one more call has arrived there.
  void WaitForCall();

  // SIGSTOP. Returns when the process has stopped: its connections stand, and nothing is read from
  // them.
  void Stop() const;

  // SIGKILL. Returns when the process is gone.
  void Kill();

 private:
  ChildProcess process_;
  const std::string address_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_CHILD_SERVER_H_
