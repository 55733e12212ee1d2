// SPDX-License-Identifier: Apache-2.0
//
// What a child process of the test sees.
#ifndef FUSEBOX_TESTS_SUPPORT_IN_CHILD_H_
#define FUSEBOX_TESTS_SUPPORT_IN_CHILD_H_

#include <gtest/gtest.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>

namespace fusebox_testing {

// What `run` gives in a child of this process. `Result` is a number.
template <typename Result>
Result InChild(const std::function<Result()>& run) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Result result = run();
    const bool written = write(ends[1], &result, sizeof(result)) == sizeof(result);
    _exit(written ? 0 : 1);
  }
  close(ends[1]);
  Result result = 0;
  EXPECT_EQ(read(ends[0], &result, sizeof(result)), static_cast<ssize_t>(sizeof(result)));
  close(ends[0]);
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return result;
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_IN_CHILD_H_
