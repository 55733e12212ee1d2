// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_END2END_MORTAL_SERVER_H_
#define FUSEBOX_TESTS_END2END_MORTAL_SERVER_H_

#include <memory>
#include <mutex>
#include <string>

#include "tests/support/scripted_echo.h"

namespace fusebox_testing {

// A server that can be shut down, and started again at the same address of 127.0.0.1, which stays
// its own meanwhile: connections are refused there.
//
// Thread-safety: any thread may use it.
class MortalServer {
 public:
  MortalServer();
  MortalServer(const MortalServer&) = delete;
  MortalServer& operator=(const MortalServer&) = delete;
  ~MortalServer();

  const std::string& address() const { return address_; }
  bool is_there() const;

  // Does nothing while it is away.
  void Play(Script script);

  // Cancels what is left of its calls. False: it is away already.
  bool GoAway();
  // False: it is there already.
  bool ComeBack(Script script = Script::Answer());

 private:
  std::unique_ptr<ScriptedEcho> Start(Script script) const;

  int holder_;  // a socket that is bound to the address, and doesn't listen
  std::string address_;
  mutable std::mutex mutex_;
  std::unique_ptr<ScriptedEcho> echo_;  // guarded by mutex_
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_MORTAL_SERVER_H_
