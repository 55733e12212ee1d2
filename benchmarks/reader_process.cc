// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/reader_process.h"

#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

namespace fusebox_benchmarks {
namespace {

namespace v1 = fusebox::v1;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr char kFlag[] = "--read";
constexpr milliseconds kInterval(100);

v1::CircuitFilter FilterOf(Manners manners, Reading reading) {
  v1::CircuitFilter filter;
  if (manners == Manners::kGood) {
    // What watchers are not told of costs the least, with either manners.
    filter.add_name_globs(reading == Reading::kList ? "inventory/*" : "payments/*");
    return filter;
  }
  for (int i = 0; i < 100; ++i) {
    filter.add_name_globs("*" + std::string(30, '?') + "Z" + std::to_string(100 + i));
  }
  return filter;
}

void List(const std::string& address, Manners manners) {
  const auto stub = NewStub(address);
  v1::ListCircuitsRequest request;
  *request.mutable_filter() = FilterOf(manners, Reading::kList);
  for (auto next = steady_clock::now();; next += kInterval) {
    std::this_thread::sleep_until(next);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + milliseconds(1'000));
    v1::ListCircuitsResponse response;
    // Some are not answered: that is what is measured. What was missed is not made up for.
    if (!stub->ListCircuits(&context, request, &response).ok()) next = steady_clock::now();
  }
}

class Watcher final : public grpc::ClientReadReactor<v1::WatchCircuitsResponse> {
 public:
  Watcher(v1::CircuitAdmin::Stub& stub, Manners manners, std::atomic<int>& waiting)
      : waiting_(waiting) {
    *request_.mutable_filter() = FilterOf(manners, Reading::kWatch);
    stub.async()->WatchCircuits(&context_, &request_, this);
    StartRead(&response_);
    StartCall();
  }
  // One that wants to be told of every circuit, and then doesn't read it.
  explicit Watcher(v1::CircuitAdmin::Stub& stub) : waiting_(none_) {
    stub.async()->WatchCircuits(&context_, &request_, this);
    AddHold();
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (!ok) return;
    if (response_.snapshot_complete()) --waiting_;
    StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override {
    std::cerr << "a watcher was left: " << status.error_message() << '\n';
    std::_Exit(EXIT_FAILURE);
  }

 private:
  std::atomic<int> none_{0};
  std::atomic<int>& waiting_;
  grpc::ClientContext context_;
  v1::WatchCircuitsRequest request_;
  v1::WatchCircuitsResponse response_;
};

const char* WordOf(Reading reading) {
  switch (reading) {
    case Reading::kList:
      return "list";
    case Reading::kWatch:
      return "watch";
    case Reading::kWatchWithoutReading:
      break;
  }
  return "stare";
}

}  // namespace

ReaderProcess::ReaderProcess(const std::string& address, Reading reading, Manners manners,
                             int readers)
    : process_({kFlag, address, WordOf(reading), manners == Manners::kGood ? "good" : "hostile",
                std::to_string(readers)}) {}

int ReaderProcess::Main(int argc, char** argv) {
  if (argc != 6 || std::string(argv[1]) != kFlag) return -1;
  const std::string address = argv[2];
  const Manners manners = std::string(argv[4]) == "good" ? Manners::kGood : Manners::kHostile;
  const int readers = std::atoi(argv[5]);
  std::vector<std::thread> threads;
  std::vector<std::unique_ptr<v1::CircuitAdmin::Stub>> stubs;
  std::vector<std::unique_ptr<Watcher>> watchers;
  std::atomic<int> waiting{0};
  const std::string reading = argv[3];
  if (reading == WordOf(Reading::kList)) {
    for (int i = 0; i < readers; ++i) threads.emplace_back([=] { List(address, manners); });
  } else {
    const bool reads = reading == WordOf(Reading::kWatch);
    waiting = reads ? readers : 0;
    for (int i = 0; i < 16; ++i) stubs.push_back(NewStub(address));
    for (int i = 0; i < readers; ++i) {
      v1::CircuitAdmin::Stub& stub = *stubs[static_cast<std::size_t>(i) % stubs.size()];
      watchers.push_back(reads ? std::make_unique<Watcher>(stub, manners, waiting)
                               : std::make_unique<Watcher>(stub));
    }
    while (waiting > 0) std::this_thread::sleep_for(milliseconds(10));
  }
  ClientProcess::SayReady();
  while (true) pause();
}

}  // namespace fusebox_benchmarks
