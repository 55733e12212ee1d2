// SPDX-License-Identifier: Apache-2.0
//
// How long another callback service of the same server takes to answer while its admin service is
// read by those who ask what people ask, and by those who ask for as much work as a request can.
// Read the ratios, not the times.
#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmarks/reader_process.h"
#include "fusebox/admin/circuit_admin.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/permit.h"
#include "tests/support/echo.grpc.pb.h"

namespace {

using fusebox_benchmarks::Manners;
using fusebox_benchmarks::ReaderProcess;
using fusebox_benchmarks::Reading;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kCircuits = 10'000;
constexpr int kReaders = 16;
constexpr int kWatchers = 500;
constexpr int kIdleWatchers = 1'000;
constexpr int kEchoes = 1'000;  // of one sample

class EchoService final : public fusebox_testing::Echo::CallbackService {
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context,
                                  const fusebox_testing::EchoRequest* request,
                                  fusebox_testing::EchoReply* reply) override {
    reply->set_text(request->text());
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

// A server with both services, and a circuit that opens and closes 25 times a second: four events
// each time.
class Server {
 public:
  Server() {
    fusebox::CircuitRegistry::Options options;
    options.max_circuits = 0;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(std::move(options));
    for (int i = 0; i < kCircuits; ++i) {
      registry_
          ->GetOrCreate(absl::StrCat("inventory/shop.Inventory/Method", i), fusebox::Policy(),
                        "inventory")
          .value();
    }
    fusebox::CircuitAdminOptions admin_options;
    admin_options.registry = registry_;
    admin_ = fusebox::CreateCircuitAdmin(admin_options).value();
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(admin_.get());
    builder.RegisterService(&echo_);
    server_ = builder.BuildAndStart();
    address_ = absl::StrCat("127.0.0.1:", port);
    flapping_ = std::thread([this] {
      const auto circuit = registry_->Find("inventory/shop.Inventory/Method0");
      while (!stopped_) {
        for (int i = 0; i < 5; ++i) circuit->TryAcquire().permit().RecordFailure();
        circuit->Reset(fusebox::Operator("benchmark").Because("once more"));
        std::this_thread::sleep_for(milliseconds(40));
      }
    });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    stopped_ = true;
    flapping_.join();
    server_->Shutdown(std::chrono::system_clock::now());
  }
  const std::string& address() const { return address_; }

 private:
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
  std::unique_ptr<grpc::Service> admin_;
  EchoService echo_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  std::atomic<bool> stopped_{false};
  std::thread flapping_;
};

double Quantile(std::vector<double> values, double q) {
  const auto at =
      values.begin() + static_cast<std::ptrdiff_t>(static_cast<double>(values.size() - 1) * q);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

struct Sample {
  double median = 0;  // us
  double p99 = 0;
};

// Echoes for some seconds, 200 a second; later ones are not made up for.
Sample EchoFor(fusebox_testing::Echo::Stub& stub) {
  std::vector<double> micros;
  for (int i = 0; i < kEchoes; ++i) {
    const auto begun = steady_clock::now();
    grpc::ClientContext context;
    fusebox_testing::EchoRequest request;
    fusebox_testing::EchoReply reply;
    request.set_text("hello");
    if (!stub.Unary(&context, request, &reply).ok()) {
      std::cerr << "fairness_benchmark: no echo\n";
      std::_Exit(EXIT_FAILURE);
    }
    const auto took = steady_clock::now() - begun;
    micros.push_back(std::chrono::duration<double, std::micro>(took).count());
    std::this_thread::sleep_until(begun + milliseconds(5));
  }
  return {Quantile(micros, 0.5), Quantile(micros, 0.99)};
}

void Compare(const Server& server, Reading reading, int readers, const char* what,
             int repetitions) {
  const auto stub = fusebox_testing::Echo::NewStub(
      grpc::CreateChannel(server.address(), grpc::InsecureChannelCredentials()));
  std::vector<double> ratios;
  std::vector<double> p99s[2];
  std::vector<double> medians[2];
  for (int i = 0; i < repetitions; ++i) {
    for (const Manners manners : {Manners::kGood, Manners::kHostile}) {
      const ReaderProcess process(server.address(), reading, manners, readers);
      const Sample sample = EchoFor(*stub);
      const std::size_t at = manners == Manners::kGood ? 0 : 1;
      medians[at].push_back(sample.median);
      p99s[at].push_back(sample.p99);
    }
    ratios.push_back(p99s[1].back() / p99s[0].back());
  }
  std::printf("an echo under %3d well-behaved %s: median %8.0f us, p99 %8.0f us\n", readers, what,
              Quantile(medians[0], 0.5), Quantile(p99s[0], 0.5));
  std::printf("              %3d hostile      %s: median %8.0f us, p99 %8.0f us; p99 %.2f times\n",
              readers, what, Quantile(medians[1], 0.5), Quantile(p99s[1], 0.5),
              Quantile(ratios, 0.5));
  std::fflush(stdout);
}

double ResidentMiB() {
  std::ifstream statm("/proc/self/statm");
  double size = 0;
  double resident = 0;
  statm >> size >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1'024 * 1'024);
}

void MeasureMemory(const Server& server) {
  const double before = ResidentMiB();
  double with = 0;
  {
    const ReaderProcess process(server.address(), Reading::kWatchWithoutReading, Manners::kHostile,
                                kIdleWatchers);
    std::this_thread::sleep_for(std::chrono::seconds(5));
    with = ResidentMiB();
  }
  std::this_thread::sleep_for(std::chrono::seconds(5));
  std::printf("resident: %.1f MiB; with %d watchers that don't read %.1f MiB; later %.1f MiB\n",
              before, kIdleWatchers, with, ResidentMiB());
}

}  // namespace

int main(int argc, char** argv) {
  if (const int status = ReaderProcess::Main(argc, argv); status >= 0) return status;
  const int repetitions = argc == 2 ? std::max(1, std::atoi(argv[1])) : 5;
  const Server server;
  Compare(server, Reading::kList, kReaders, "readers ", repetitions);
  Compare(server, Reading::kWatch, kWatchers, "watchers", repetitions);
  MeasureMemory(server);
  return 0;
}
