// SPDX-License-Identifier: Apache-2.0
//
// Runs the program fuseboxctl, as a user would.
//
//   const Ran ran = RunCtl({"--endpoint", server.address(), "list"});
//   EXPECT_EQ(ran.exit_code, 0) << ran.err;
#ifndef FUSEBOX_TESTS_FUSEBOXCTL_RUN_CTL_H_
#define FUSEBOX_TESTS_FUSEBOXCTL_RUN_CTL_H_

#include <google/protobuf/struct.pb.h>
#include <sys/types.h>

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace fusebox_testing {

// What the program is given besides its arguments.
struct Surroundings {
  std::vector<std::string> variables;  // "NO_COLOR=1"; none of Fusebox' own otherwise
  std::optional<std::string> typed;    // standard input is a terminal, where somebody types this
  std::optional<std::string> input;    // standard input is a file with this; else it's empty
  bool screen = false;                 // standard output is a terminal of 80 columns and 24 rows
};

struct Ran {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// While it runs.
//
// Ownership: its destructor kills the program, if it hasn't been waited for.
class Running {
 public:
  explicit Running(std::vector<std::string> arguments, const Surroundings& surroundings = {});
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  // Waits for a line of its standard output that holds `part`, and returns it; empty if there is
  // none before the end.
  std::string WaitForLine(const std::string& part);

  // The same of its standard error, without taking anything from it.
  bool WaitForError(const std::string& part);

  void Signal(int signal) const;

  // What is left of it, up to its end.
  Ran Wait();

 private:
  // Waits for more of its standard error. False at the end.
  bool ReadError();

  pid_t pid_ = -1;
  std::FILE* out_ = nullptr;
  int err_ = -1;
  std::string error_;  // its standard error so far, which a pipe holds until it is read
  int terminal_ = -1;
};

Ran RunCtl(std::vector<std::string> arguments, const Surroundings& surroundings = {});

// A file of this test, that is removed at the end.
class TestFile {
 public:
  explicit TestFile(const std::string& content);
  TestFile(const TestFile&) = delete;
  TestFile& operator=(const TestFile&) = delete;
  ~TestFile();

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Fails the test if it is no JSON object.
google::protobuf::Struct Json(const std::string& text);

// The element of {"endpoints": [...]}.
google::protobuf::Struct EndpointOf(const std::string& text, int index);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_FUSEBOXCTL_RUN_CTL_H_
