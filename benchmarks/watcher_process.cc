// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/watcher_process.h"

#include <fcntl.h>
#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"

namespace fusebox_benchmarks {
namespace {

namespace v1 = fusebox::v1;

constexpr char kFlag[] = "--watch";

// Reads for ever. Says once on its standard output that all of its kind have all circuits.
class Watcher final : public grpc::ClientReadReactor<v1::WatchCircuitsResponse> {
 public:
  Watcher(const std::string& address, std::atomic<int>& waiting) : waiting_(waiting) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::CircuitAdmin::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
    stub_->async()->WatchCircuits(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.snapshot_complete() && --waiting_ == 0) std::cout << "ready" << std::endl;
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    std::cerr << "a watcher was left: " << status.error_message() << '\n';
    std::_Exit(EXIT_FAILURE);
  }

 private:
  std::atomic<int>& waiting_;
  std::unique_ptr<v1::CircuitAdmin::Stub> stub_;
  grpc::ClientContext context_;
  v1::WatchCircuitsRequest request_;
  v1::WatchCircuitsResponse response_;
};

pid_t Spawn(std::string address, std::string watchers, int output) {
  std::string self = "/proc/self/exe";
  std::string flag = kFlag;
  std::array<char*, 5> argv = {self.data(), flag.data(), address.data(), watchers.data(), nullptr};
  const pid_t child = fork();
  if (child != 0) return child;
  // The parent has threads, so nothing may be called here that allocates or locks.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(output, STDOUT_FILENO);
  execv(argv[0], argv.data());
  _exit(127);
}

}  // namespace

WatcherProcess::WatcherProcess(const std::string& address, int watchers) {
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  pid_ = Spawn(address, std::to_string(watchers), ends[1]);
  close(ends[1]);
  char first = '\0';
  if (read(ends[0], &first, 1) != 1) {
    std::cerr << "the watchers did not get ready\n";
    std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): of a program that is over
  }
  close(ends[0]);
}

WatcherProcess::~WatcherProcess() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void WatcherProcess::Stop() const {
  kill(pid_, SIGSTOP);
  waitpid(pid_, nullptr, WUNTRACED);
}

int WatcherProcess::Main(int argc, char** argv) {
  int count = 0;
  if (argc != 4 || std::string(argv[1]) != kFlag || !absl::SimpleAtoi(argv[3], &count)) return -1;
  std::atomic<int> waiting{count};
  std::vector<std::unique_ptr<Watcher>> watchers;
  watchers.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) watchers.push_back(std::make_unique<Watcher>(argv[2], waiting));
  while (true) pause();
}

}  // namespace fusebox_benchmarks
