// SPDX-License-Identifier: Apache-2.0
//
// What it takes to list many circuits over the admin service, and what watchers, of whom some have
// stopped reading, cost the calls of the process that they watch. All over the loopback; read the
// ratios, not the times.
#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "benchmarks/admin_process.h"
#include "benchmarks/watcher_process.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/permit.h"
#include "tests/support/echo.grpc.pb.h"

namespace {

namespace v1 = fusebox::v1;
using fusebox_benchmarks::AdminProcess;
using fusebox_benchmarks::Check;
using fusebox_benchmarks::WatcherProcess;

constexpr int kListed = 10'000;
constexpr int kWatched = 1'000;
constexpr int kReading = 97;
constexpr int kStopped = 3;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// ---- Listing.

double MicrosOf(const std::function<void()>& run) {
  const fusebox::SteadyTime start = fusebox::Clock::Real().Now();
  run();
  return absl::ToDoubleMicroseconds(fusebox::Clock::Real().Now() - start);
}

void Echo(fusebox_testing::Echo::Stub& stub) {
  grpc::ClientContext context;
  fusebox_testing::EchoRequest request;
  fusebox_testing::EchoReply reply;
  request.set_text("hello");
  Check(stub.Unary(&context, request, &reply).ok(), "no echo");
}

struct Listing {
  int circuits = 0;
  std::size_t bytes = 0;  // of the answers
};

Listing List(v1::CircuitAdmin::Stub& stub, int page_size, bool all) {
  Listing listing;
  v1::ListCircuitsRequest request;
  request.set_page_size(page_size);
  do {
    grpc::ClientContext context;
    v1::ListCircuitsResponse page;
    Check(stub.ListCircuits(&context, request, &page).ok(), "no page");
    listing.circuits += page.circuits_size();
    listing.bytes += page.ByteSizeLong();
    request.set_page_token(page.next_page_token());
  } while (all && !request.page_token().empty());
  return listing;
}

void BenchmarkListing(int repetitions) {
  const AdminProcess process(kListed);
  const auto channel = grpc::CreateChannel(process.address(), grpc::InsecureChannelCredentials());
  const auto echo = fusebox_testing::Echo::NewStub(channel);
  const auto admin = v1::CircuitAdmin::NewStub(channel);
  Echo(*echo);

  std::vector<double> echoes;
  std::vector<double> first_pages;
  std::vector<double> big_pages;
  std::vector<double> alls;
  Listing first_page;
  Listing big_page;
  Listing all;
  for (int i = 0; i < repetitions; ++i) {
    for (int j = 0; j < 100; ++j) echoes.push_back(MicrosOf([&] { Echo(*echo); }));
    for (int j = 0; j < 20; ++j) {
      first_pages.push_back(MicrosOf([&] { first_page = List(*admin, 100, false); }));
    }
    for (int j = 0; j < 4; ++j) {
      big_pages.push_back(MicrosOf([&] { big_page = List(*admin, 1'000, false); }));
    }
    alls.push_back(MicrosOf([&] { all = List(*admin, 1'000, true); }));
  }
  Check(all.circuits == kListed, "circuits are missing");
  std::printf("%-34s %10.0f us\n", "a bare unary echo", Median(echoes));
  const auto line = [&](const char* what, const std::vector<double>& micros,
                        const Listing& listing) {
    std::printf("%-34s %10.0f us %9.1f KiB %8.1f echoes %7.2f us a circuit\n", what, Median(micros),
                static_cast<double>(listing.bytes) / 1024, Median(micros) / Median(echoes),
                Median(micros) / listing.circuits);
  };
  line("the first page, of 100", first_pages, first_page);
  line("a page of 1,000", big_pages, big_page);
  line("all 10,000, in pages of 1,000", alls, all);
}

// ---- Watching.

// One circuit opens and closes: four events each time, that many times a second.
class Flapping {
 public:
  Flapping(std::shared_ptr<fusebox::CircuitBreaker> circuit, int times_a_second)
      : circuit_(std::move(circuit)),
        pause_(std::chrono::microseconds(1'000'000 / times_a_second)) {
    thread_ = std::thread([this] {
      while (!stopped_) {
        for (int i = 0; i < 5; ++i) circuit_->TryAcquire().permit().RecordFailure();
        circuit_->Reset(fusebox::Operator("benchmark").Because("once more"));
        std::this_thread::sleep_for(pause_);
      }
    });
  }
  Flapping(const Flapping&) = delete;
  Flapping& operator=(const Flapping&) = delete;
  ~Flapping() {
    stopped_ = true;
    thread_.join();
  }

 private:
  const std::shared_ptr<fusebox::CircuitBreaker> circuit_;
  const std::chrono::microseconds pause_;
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

struct Cost {
  std::vector<double> wall;  // ns a call
  std::vector<double> cpu;   // the same of the calling thread's own time
};

double ThreadNanos() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// As many permitted calls as go into some milliseconds, several times.
void CallAtFullSpeed(fusebox::CircuitBreaker& circuit, Cost& cost) {
  constexpr int kSamples = 40;
  constexpr int kCalls = 1'000'000;
  for (int sample = 0; sample < kSamples; ++sample) {
    const double cpu = ThreadNanos();
    const double wall = 1'000 * MicrosOf([&] {
                          for (int i = 0; i < kCalls; ++i)
                            circuit.TryAcquire().permit().RecordSuccess();
                        });
    cost.cpu.push_back((ThreadNanos() - cpu) / kCalls);
    cost.wall.push_back(wall / kCalls);
  }
}

double ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1'024 * 1'024);
}

// The 97 that read and the 3 that are stopped dead.
struct Watchers {
  explicit Watchers(const std::string& address)
      : reading(address, kReading), stopped(address, kStopped) {
    stopped.Stop();
  }
  WatcherProcess reading;
  WatcherProcess stopped;
};

void BenchmarkCallsWhileWatched(int repetitions) {
  AdminProcess process(kWatched);
  const auto circuit = process.Circuit(0);
  Cost without;
  Cost with;
  {
    const Flapping flapping(process.Circuit(1), 25);
    for (int i = 0; i < repetitions; ++i) {
      CallAtFullSpeed(*circuit, without);
      const Watchers watchers(process.address());
      CallAtFullSpeed(*circuit, with);
    }
  }
  std::printf("a permitted call, %d watchers / none: ", kReading + kStopped);
  std::printf("%.2f / %.2f ns of its thread's time = %.3f; %.2f / %.2f ns by the clock = %.3f\n",
              Median(with.cpu), Median(without.cpu), Median(with.cpu) / Median(without.cpu),
              Median(with.wall), Median(without.wall), Median(with.wall) / Median(without.wall));

  // Many more events, in the same process: does it grow?
  const double before = ResidentMiB();
  const Watchers watchers(process.address());
  std::printf("resident memory: %.1f MiB; with the watchers %.1f MiB", before, ResidentMiB());
  const Flapping flapping(process.Circuit(1), 500);
  for (const unsigned more : {2'000U, 8'000U, 20'000U}) {
    const uint64_t until = process.events() + more;
    while (process.events() < until) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    std::printf("; after %u more events %.1f MiB", more, ResidentMiB());
    std::fflush(stdout);
  }
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (const int status = WatcherProcess::Main(argc, argv); status >= 0) return status;
  const int repetitions = argc == 2 ? std::max(1, std::atoi(argv[1])) : 5;
  BenchmarkListing(repetitions);
  BenchmarkCallsWhileWatched(repetitions);
  return 0;
}
