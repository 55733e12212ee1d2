// SPDX-License-Identifier: Apache-2.0
#include "tests/support/child_server.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

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

ChildServer::ChildServer(const std::string& program) {
  const Pipe in = MakePipe();
  const Pipe out = MakePipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read_end, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write_end, STDOUT_FILENO);
  std::string name = program;
  std::array<char*, 2> arguments = {name.data(), nullptr};
  const int error =
      posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  CheckOk(error == 0, program.c_str());
  close(in.read_end);
  close(out.write_end);
  stdin_ = in.write_end;
  stdout_ = fdopen(out.read_end, "r");
  CheckOk(stdout_ != nullptr, "fdopen");
  address_ = ReadLine();
}

ChildServer::~ChildServer() {
  Kill();
  close(stdin_);
  std::fclose(stdout_);
}

void ChildServer::WaitForCall() { ReadLine(); }

void ChildServer::Stop() const {
  kill(pid_, SIGSTOP);
  CheckOk(waitpid(pid_, nullptr, WUNTRACED) == pid_, "waitpid");
}

void ChildServer::Kill() {
  if (pid_ == -1) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::string ChildServer::ReadLine() {
  std::string line;
  int c = std::fgetc(stdout_);
  for (; c != '\n' && c != EOF; c = std::fgetc(stdout_)) line.push_back(static_cast<char>(c));
  CheckOk(c == '\n', "the server's process has ended");
  return line;
}

}  // namespace fusebox_testing
