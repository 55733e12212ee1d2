// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/watcher_process.h"

#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"

namespace fusebox_benchmarks {
namespace {

namespace v1 = fusebox::v1;

constexpr char kFlag[] = "--watch";

// Reads forever. Says once that all of its kind have all circuits.
class Watcher final : public grpc::ClientReadReactor<v1::WatchCircuitsResponse> {
 public:
  Watcher(const std::string& address, std::atomic<int>& waiting)
      : waiting_(waiting), stub_(NewStub(address)) {
    stub_->async()->WatchCircuits(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.snapshot_complete() && --waiting_ == 0) ClientProcess::SayReady();
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    std::cerr << "a watcher was left: " << status.error_message() << '\n';
    std::_Exit(EXIT_FAILURE);
  }

 private:
  std::atomic<int>& waiting_;
  const std::unique_ptr<v1::CircuitAdmin::Stub> stub_;
  grpc::ClientContext context_;
  v1::WatchCircuitsRequest request_;
  v1::WatchCircuitsResponse response_;
};

}  // namespace

WatcherProcess::WatcherProcess(const std::string& address, int watchers)
    : process_({kFlag, address, std::to_string(watchers)}) {}

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
