// SPDX-License-Identifier: Apache-2.0
//
// The drill on real channels: what fusebox_drill says in virtual time, and what becomes
// of the same calls by real channels with gRPC's default arguments to real servers on 127.0.0.1.
// Each seed has a channel and a server of its own, and all are played at the same time.
//
//   recovery_benchmark [--scenario=NAME_OR_FILE,...] [--seeds=N] [--rate=N]
//
// With the default policy. Without flags: hung and errors (each takes 100 s or so), 5 seeds, 200
// calls a second. `errors` is a scenario of this program's: all calls fail for 20 s. A scenario may
// hang, answer errors and be slow; servers that are away are for reconnect_benchmark.
#include <grpcpp/grpcpp.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "src/compat/compat.h"
#include "tests/support/echo.grpc.pb.h"
#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/figures.h"
#include "tools/fusebox_drill/fusebox_guard.h"
#include "tools/fusebox_drill/play.h"
#include "tools/fusebox_drill/scenario.h"
#include "tools/fusebox_drill/sources.h"
#include "tools/fusebox_drill/world.h"

namespace {

using fusebox_drill::Course;
using fusebox_drill::Figures;
using fusebox_drill::Meeting;
using fusebox_drill::Nanos;
using fusebox_drill::Reach;
using fusebox_testing::EchoReply;
using fusebox_testing::EchoRequest;

[[noreturn]] void Die(const std::string& what) {
  std::cerr << "recovery_benchmark: " << what << '\n';
  std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): of one thread
}

template <typename T>
T ValueOf(absl::StatusOr<T> value) {
  if (!value.ok()) Die(std::string(value.status().message()));
  return *std::move(value);
}

// The time of a play, which begins when this is made.
class Stopwatch {
 public:
  Nanos Now() const { return fusebox_drill::NanosOf(Clock().Now() - start_); }
  void SleepUntil(Nanos at) const { absl::SleepFor(absl::Nanoseconds(at - Now())); }

 private:
  static const fusebox::Clock& Clock() { return fusebox::Clock::Real(); }

  const fusebox::SteadyTime start_ = Clock().Now();
};

// A call at the server.
class Reactor final : public grpc::ServerUnaryReactor {
 public:
  void End(bool error) {
    Finish(error ? grpc::Status(grpc::StatusCode::INTERNAL, "an error of the scenario")
                 : grpc::Status::OK);
  }

  // It gets no answer, until it is cancelled.
  void Hang() { EndIfSecond(); }

 private:
  void OnCancel() override { EndIfSecond(); }
  void OnDone() override { delete this; }

  void EndIfSecond() {
    if (hangs_or_cancelled_.exchange(true)) Finish(grpc::Status::CANCELLED);
  }

  std::atomic<bool> hangs_or_cancelled_{false};
};

// As the drill's: a fixed number of workers, one queue, first come, first served, and no knowledge
// of deadlines.
class Server final : public fusebox_testing::Echo::CallbackService {
 public:
  Server(const Course& course, const Stopwatch& stopwatch)
      : course_(course), stopwatch_(stopwatch) {
    int port = 0;
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) Die("no server");
    address_ = absl::StrCat("127.0.0.1:", port);
    for (int i = 0; i < course.world().Workers(); ++i) workers_.emplace_back([this] { Work(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      ends_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  const std::string& address() const { return address_; }

 private:
  struct Job {
    Reactor* reactor = nullptr;
    Meeting meeting;
  };

  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* /*context*/,
                                  const EchoRequest* request, EchoReply* /*reply*/) override {
    int64_t call = 0;
    if (!absl::SimpleAtoi(request->text(), &call)) Die("a call without a number");
    auto* const reactor = new Reactor;
    const Meeting meeting = course_.Meet(call, 0, stopwatch_.Now());
    if (meeting.reach == Reach::kHangs) {
      reactor->Hang();
      return reactor;
    }
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      queue_.push_back({reactor, meeting});
    }
    changed_.notify_one();
    return reactor;
  }

  // Until there is no more to do.
  void Work() {
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return ends_ || !queue_.empty(); });
      if (queue_.empty()) return;
      const Job job = queue_.front();
      queue_.pop_front();
      lock.unlock();
      absl::SleepFor(absl::Nanoseconds(job.meeting.service * job.meeting.slow));
      if (course_.At(stopwatch_.Now()).phase.reach == Reach::kHangs) {
        job.reactor->Hang();
      } else {
        job.reactor->End(job.meeting.error);
      }
      lock.lock();
    }
  }

  const Course& course_;
  const Stopwatch& stopwatch_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> queue_;  // guarded by mutex_
  bool ends_ = false;      // guarded by mutex_
  std::vector<std::thread> workers_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// The calls of a course, by a channel of their own.
class Client {
 public:
  Client(const Course& course, const Stopwatch& stopwatch, const std::string& address)
      : course_(course), stopwatch_(stopwatch), calls_(course.calls().size()) {
    fusebox::ChannelOptions options;
    options.breaker.dependency = "echo";
    options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>();
    stub_ = fusebox_testing::Echo::NewStub(ValueOf(
        fusebox::CreateChannel(address, grpc::InsecureChannelCredentials(), std::move(options))));
  }

  // Returns when all calls have ended.
  fusebox_drill::Play Play() {
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      stopwatch_.SleepUntil(course_.calls()[i]);
      Start(i);
    }
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ == calls_.size(); });
    fusebox_drill::Play play;
    for (const Call& call : calls_) {
      fusebox_drill::CallResult result;
      result.answered = call.status.ok();
      result.rejected = fusebox::GetRejection(call.status).has_value();
      result.wasted = !result.answered && !result.rejected ? 1 : 0;
      play.calls.push_back(result);
    }
    return play;
  }

 private:
  struct Call {
    grpc::ClientContext context;
    EchoRequest request;
    EchoReply reply;
    grpc::Status status;
  };

  void Start(std::size_t number) {
    Call& call = calls_[number];
    call.request.set_text(absl::StrCat(number));
    call.context.set_deadline(absl::ToChronoTime(absl::Now() + course_.world().deadline));
    stub_->async()->Unary(&call.context, &call.request, &call.reply,
                          [this, &call](grpc::Status status) {
                            call.status = std::move(status);
                            const std::lock_guard<std::mutex> lock(mutex_);
                            if (++ended_ == calls_.size()) changed_.notify_all();
                          });
  }

  const Course& course_;
  const Stopwatch& stopwatch_;
  std::unique_ptr<fusebox_testing::Echo::Stub> stub_;
  std::deque<Call> calls_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t ended_ = 0;  // guarded by mutex_
};

constexpr char kErrors[] =
    "name: errors\n"
    "phase: 20s\n"
    "phase: ~20s errors=1\n"
    "phase: 60s\n";

fusebox_drill::Scenario FindScenario(const std::string& name) {
  return ValueOf(name == "errors" ? fusebox_drill::ParseScenario(kErrors)
                                  : fusebox_drill::FindScenario(name));
}

struct Settings {
  std::vector<std::string> scenarios = {"hung", "errors"};
  int seeds = 5;
  double rate = 200;
};

// What of a scenario can't be shown here.
void CheckCanBePlayed(const fusebox_drill::Scenario& scenario) {
  bool can = scenario.backends == 1 && scenario.methods == 1 && scenario.retries == 0 &&
             !scenario.queue_limit && scenario.clients.value_or(1) == 1;
  for (const fusebox_drill::Phase& phase : scenario.phases) {
    can =
        can && phase.reach != Reach::kRefuses && !phase.cold && phase.delay == absl::ZeroDuration();
  }
  if (!can) Die(absl::StrCat(scenario.name, ": what happens there can't happen on a real channel"));
}

void Show(const char* what, const Figures& figures) {
  std::printf("  %-16s %6.1f %9.1f %8.1f %11.2f\n", what, figures.good_percent,
              figures.wasted_percent, figures.false_percent, figures.recovery_seconds);
}

void Measure(const fusebox_drill::Scenario& scenario, const Settings& settings) {
  fusebox_drill::World world;
  world.rate = settings.rate;
  world = world.For(scenario);
  const fusebox_drill::Protection protection =
      ValueOf(fusebox_drill::ProtectBy("default", fusebox::Policy()));
  const auto seeds = static_cast<std::size_t>(settings.seeds);
  std::vector<Figures> simulated(seeds);
  std::vector<Figures> real(seeds);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < seeds; ++i) {
    threads.emplace_back([&, i] {
      const Course course(scenario, world, i + 1);
      const std::vector<bool> could = fusebox_drill::CouldBeAnswered(course);
      simulated[i] = FiguresOf(course, fusebox_drill::PlayOut(course, protection), could);
      const Stopwatch stopwatch;
      Server server(course, stopwatch);
      Client client(course, stopwatch, server.address());
      real[i] = FiguresOf(course, client.Play(), could);
    });
  }
  for (std::thread& thread : threads) thread.join();
  const Figures virtual_mean = fusebox_drill::MeanOf(simulated);
  const Figures real_mean = fusebox_drill::MeanOf(real);
  std::printf("%-18s GOOD %%  WASTED %%  FALSE %%  RECOVERY s\n", scenario.name.c_str());
  Show("in virtual time", virtual_mean);
  Show("real channels", real_mean);
  if (virtual_mean.recovery_seconds > 0) {
    std::printf("  ratio of the recoveries: %.2f\n",
                real_mean.recovery_seconds / virtual_mean.recovery_seconds);
  }
  std::fflush(stdout);
}

bool Take(absl::string_view argument, Settings& settings) {
  if (absl::ConsumePrefix(&argument, "--scenario=")) {
    settings.scenarios = absl::StrSplit(argument, ',');
    return true;
  }
  if (absl::ConsumePrefix(&argument, "--seeds=")) {
    return absl::SimpleAtoi(argument, &settings.seeds) && settings.seeds > 0 &&
           settings.seeds <= 100;
  }
  return absl::ConsumePrefix(&argument, "--rate=") && absl::SimpleAtod(argument, &settings.rate) &&
         settings.rate > 0 && settings.rate <= 10'000;
}

}  // namespace

int main(int argc, char** argv) {
  fusebox::internal::SilenceProtobuf();
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    if (!Take(argv[i], settings)) {
      Die("usage: [--scenario=NAME_OR_FILE,...] [--seeds=N] [--rate=N]");
    }
  }
  std::vector<fusebox_drill::Scenario> scenarios;
  for (const std::string& name : settings.scenarios) {
    scenarios.push_back(FindScenario(name));
    CheckCanBePlayed(scenarios.back());
  }
  std::printf("%d seeds, %.0f calls a second each\n", settings.seeds, settings.rate);
  for (const fusebox_drill::Scenario& scenario : scenarios) Measure(scenario, settings);
  return EXIT_SUCCESS;
}
