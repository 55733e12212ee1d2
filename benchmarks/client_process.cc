// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/client_process.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <iostream>

namespace fusebox_benchmarks {

ClientProcess::ClientProcess(std::vector<std::string> arguments) {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  arguments.insert(arguments.begin(), "/proc/self/exe");
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    // The parent has threads, so nothing may be called here that allocates or locks.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(ends[1], STDOUT_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(ends[1]);
  char first = '\0';
  if (read(ends[0], &first, 1) != 1) {
    std::cerr << "the clients did not get ready\n";
    std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): of a program that is over
  }
  close(ends[0]);
}

ClientProcess::~ClientProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void ClientProcess::Stop() const {
  kill(pid_, SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);
}

void ClientProcess::SayReady() { std::cout << "ready" << std::endl; }

std::unique_ptr<fusebox::v1::CircuitAdmin::Stub> NewStub(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return fusebox::v1::CircuitAdmin::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

}  // namespace fusebox_benchmarks
