// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <utility>

namespace fusebox_testing {
namespace {

void CheckOk(bool ok, const char* what) {
  if (ok) return;
  std::perror(what);
  std::abort();
}

struct Pipe {
  int read_end = -1;
  int write_end = -1;
};

// Neither end outlives an exec, except for what's dup'ed there.
Pipe MakePipe() {
  std::array<int, 2> ends{};
  CheckOk(pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
  return {ends[0], ends[1]};
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, std::vector<std::string> arguments) {
  const Pipe in = MakePipe();
  const Pipe out = MakePipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  arguments.insert(arguments.begin(), program);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const int error =
      posix_spawn(&pid_, program.c_str(), &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  CheckOk(error == 0, program.c_str());
  close(in.read_end);
  close(out.write_end);
  stdin_ = in.write_end;
  stdout_ = fdopen(out.read_end, "r");
  CheckOk(stdout_ != nullptr, "fdopen");
}

ChildProcess::~ChildProcess() {
  Kill();
  close(stdin_);
  std::fclose(stdout_);
}

std::string ChildProcess::ReadLine() {
  std::string line;
  int c = std::fgetc(stdout_);
  for (; c != '\n' && c != EOF; c = std::fgetc(stdout_)) line.push_back(static_cast<char>(c));
  CheckOk(c == '\n', "the child process has ended");
  return line;
}

void ChildProcess::WriteLine(const std::string& line) const {
  const std::string text = line + "\n";
  CheckOk(write(stdin_, text.data(), text.size()) == static_cast<ssize_t>(text.size()), "write");
}

void ChildProcess::Stop() const {
  kill(pid_, SIGSTOP);
  int status = 0;
  CheckOk(waitpid(pid_, &status, WUNTRACED) == pid_ && WIFSTOPPED(status), "waitpid");
}

void ChildProcess::Continue() const {
  kill(pid_, SIGCONT);
  int status = 0;
  CheckOk(waitpid(pid_, &status, WCONTINUED) == pid_ && WIFCONTINUED(status), "waitpid");
}

void ChildProcess::Kill() {
  if (pid_ == -1) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int ChildProcess::Wait() {
  int status = 0;
  CheckOk(waitpid(std::exchange(pid_, -1), &status, 0) > 0, "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace fusebox_testing
