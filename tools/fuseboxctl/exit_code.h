// SPDX-License-Identifier: Apache-2.0
//
// What fuseboxctl tells scripts. The numbers are a promise: docs/fuseboxctl.md and the man page
// have them too.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_EXIT_CODE_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_EXIT_CODE_H_

namespace fuseboxctl {

enum class ExitCode {
  kDone = 0,
  kFailed = 1,         // refused, or failed, everywhere
  kUsage = 2,          // wrong flags, files or environment; nothing was asked of any endpoint
  kPartial = 3,        // some endpoints or circuits failed, others didn't
  kTimedOut = 4,       // --wait or --until
  kNotConfirmed = 5,   // a question was answered with no, or standard input was not a terminal
  kInterrupted = 130,  // by a signal, as shells have it; `watch` without --until ends with kDone
};

// Counts how it went, over endpoints and circuits.
class Tally {
 public:
  void Add(bool succeeded) { (succeeded ? succeeded_ : failed_) += 1; }

  ExitCode exit_code() const {
    if (failed_ == 0) return ExitCode::kDone;
    return succeeded_ == 0 ? ExitCode::kFailed : ExitCode::kPartial;
  }

 private:
  int succeeded_ = 0;
  int failed_ = 0;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_EXIT_CODE_H_
