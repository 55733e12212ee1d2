// SPDX-License-Identifier: Apache-2.0
#include "tests/fuseboxctl/run_ctl.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "gtest/gtest.h"

namespace fusebox_testing {
namespace {

// This process' variables without those that fuseboxctl reads, and with others.
std::vector<std::string> VariablesWith(const std::vector<std::string>& added) {
  std::vector<std::string> variables = added;
  // For a build with sanitizers.
  variables.emplace_back("LSAN_OPTIONS=print_suppressions=0:suppressions=" FUSEBOXCTL_LEAKS);
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    bool read = text.rfind("FUSEBOX_", 0) == 0 || text.rfind("NO_COLOR=", 0) == 0;
    read = read || text.rfind("TERM=", 0) == 0 || text.rfind("GRPC_VERBOSITY=", 0) == 0;
    read = read || text.find("_proxy=") < text.find('=') || text.find("_PROXY=") < text.find('=');
    if (!read) variables.push_back(text);
  }
  return variables;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

void WriteAll(int file, const std::string& text) {
  ASSERT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

// Both ends of a new terminal: {where a person sits, what the program has}.
std::array<int, 2> OpenTerminal() {
  const int person = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  EXPECT_EQ(grantpt(person), 0);
  EXPECT_EQ(unlockpt(person), 0);
  std::array<char, 64> name{};
  EXPECT_EQ(ptsname_r(person, name.data(), name.size()), 0);
  return {person, open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
}

}  // namespace

Running::Running(std::vector<std::string> arguments, const Surroundings& surroundings) {
  std::array<int, 2> out{};
  if (surroundings.screen) {
    out = OpenTerminal();
    const winsize size{/*ws_row=*/24, /*ws_col=*/80, 0, 0};
    EXPECT_EQ(ioctl(out[1], TIOCSWINSZ, &size), 0);
    termios modes{};
    EXPECT_EQ(tcgetattr(out[1], &modes), 0);
    modes.c_oflag &= ~static_cast<tcflag_t>(OPOST);  // lines end as the program ends them
    EXPECT_EQ(tcsetattr(out[1], TCSANOW, &modes), 0);
  } else {
    EXPECT_EQ(pipe2(out.data(), O_CLOEXEC), 0);
  }
  out_ = fdopen(out[0], "r");
  std::array<int, 2> err{};
  EXPECT_EQ(pipe2(err.data(), O_CLOEXEC), 0);
  err_ = err[0];
  int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (surroundings.typed) {
    close(input);
    const std::array<int, 2> terminal = OpenTerminal();
    terminal_ = terminal[0];
    input = terminal[1];
    WriteAll(terminal_, *surroundings.typed);
  } else if (surroundings.input) {
    close(input);
    std::array<int, 2> given{};
    EXPECT_EQ(pipe2(given.data(), O_CLOEXEC), 0);
    input = given[0];
    WriteAll(given[1], *surroundings.input);  // which a pipe holds
    close(given[1]);
  }
  arguments.insert(arguments.begin(), FUSEBOXCTL_PROGRAM);
  std::vector<std::string> variables = VariablesWith(surroundings.variables);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  EXPECT_EQ(posix_spawn(&pid_, FUSEBOXCTL_PROGRAM, &actions, nullptr, Pointers(arguments).data(),
                        Pointers(variables).data()),
            0);
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  close(err[1]);
  close(input);
}

Running::~Running() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  std::fclose(out_);
  close(err_);
  if (terminal_ >= 0) close(terminal_);
}

std::string Running::WaitForLine(const std::string& part) {
  std::string line;
  for (int c = std::fgetc(out_); c != EOF; c = std::fgetc(out_)) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    if (line.find(part) != std::string::npos) return line;
    line.clear();
  }
  return "";
}

bool Running::WaitForError(const std::string& part) {
  while (error_.find(part) == std::string::npos) {
    if (!ReadError()) return false;
  }
  return true;
}

void Running::Signal(int signal) const { EXPECT_EQ(kill(pid_, signal), 0); }

Ran Running::Wait() {
  Ran ran;
  for (int c = std::fgetc(out_); c != EOF; c = std::fgetc(out_)) ran.out += static_cast<char>(c);
  int status = 0;
  EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
  pid_ = -1;
  ran.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  while (ReadError()) {
  }
  ran.err = error_;
  return ran;
}

bool Running::ReadError() {
  std::array<char, 4096> part{};
  const ssize_t size = read(err_, part.data(), part.size());
  if (size <= 0) return false;
  error_.append(part.data(), static_cast<std::size_t>(size));
  return true;
}

Ran RunCtl(std::vector<std::string> arguments, const Surroundings& surroundings) {
  return Running(std::move(arguments), surroundings).Wait();
}

TestFile::TestFile(const std::string& content) : path_(testing::TempDir() + "fuseboxctl.XXXXXX") {
  const int file = mkstemp(path_.data());
  EXPECT_GE(file, 0);
  WriteAll(file, content);
  close(file);
}

TestFile::~TestFile() { unlink(path_.c_str()); }

google::protobuf::Struct Json(const std::string& text) {
  google::protobuf::Struct object;
  const auto status = google::protobuf::util::JsonStringToMessage(text, &object);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << text;
  return object;
}

google::protobuf::Struct EndpointOf(const std::string& text, int index) {
  const google::protobuf::Struct object = Json(text);
  const auto endpoints = object.fields().find("endpoints");
  if (endpoints == object.fields().end() || endpoints->second.list_value().values_size() <= index) {
    ADD_FAILURE() << "no endpoint " << index << " in " << text;
    return {};
  }
  return endpoints->second.list_value().values(index).struct_value();
}

}  // namespace fusebox_testing
