// SPDX-License-Identifier: Apache-2.0
//
// A program that runs beside a test, which talks to it in lines, and can stop and continue it.
#ifndef FUSEBOX_TESTS_SUPPORT_CHILD_PROCESS_H_
#define FUSEBOX_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdio>
#include <string>
#include <vector>

namespace fusebox_testing {

// Thread-safety: not thread-safe; callers synchronise.
// Ownership: its destructor kills the process, unless it is gone, and reaps it; should the test
// itself die, the process sees the end of its standard input.
class ChildProcess {
 public:
  explicit ChildProcess(const std::string& program, std::vector<std::string> arguments = {});
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // A line of its standard output, without its end.
  std::string ReadLine();

  // Into its standard input.
  void WriteLine(const std::string& line) const;

  // SIGSTOP and SIGCONT. They return when the process has stopped, or goes on. While it is stopped
  // its connections stand, and nothing is read from them.
  void Stop() const;
  void Continue() const;

  // SIGKILL. Returns when the process is gone.
  void Kill();

  // Waits until it ends by itself. Its exit code, or -1 if a signal has ended it.
  int Wait();

 private:
  pid_t pid_ = -1;  // -1: reaped
  int stdin_ = -1;
  std::FILE* stdout_ = nullptr;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_CHILD_PROCESS_H_
