// SPDX-License-Identifier: Apache-2.0
//
// Many keys: what a new circuit costs below a registry's bound and beyond it, what it takes to list
// a hundred thousand and to find the first and the last of their keys, and how many calls with a
// new key each go through a channel, beside calls with known keys. Alternately in one run: read the
// ratios.
//
//   registry_benchmark [TURNS]
#include <grpcpp/client_context.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "benchmarks/echo_channels.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "interceptors/circuit_table.h"

namespace {

using fusebox::CircuitRegistry;

constexpr int kMaxCircuits = 10'000;

double Median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Of this thread, or of the process, in nanoseconds.
double CpuTime(clockid_t of = CLOCK_THREAD_CPUTIME_ID) {
  timespec time{};
  clock_gettime(of, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

// ---- New circuits.

std::string NameOf(int i) { return absl::StrCat("inventory/tenant-", i); }

// What becomes of a circuit once it's made.
using Use = void (*)(fusebox::CircuitBreaker&);
void Leave(fusebox::CircuitBreaker& /*circuit*/) {}
void CallOnce(fusebox::CircuitBreaker& circuit) { circuit.TryAcquire().permit().RecordSuccess(); }
void FailUntilOpen(fusebox::CircuitBreaker& circuit) {
  for (int i = 0; i < 5; ++i) circuit.TryAcquire().permit().RecordFailure();
}

// CPU for each of this many new circuits, from number `from` on.
double NewCircuits(CircuitRegistry& registry, int from, int count, Use use) {
  const fusebox::Policy policy;
  const double start = CpuTime();
  for (int i = from; i < from + count; ++i) use(**registry.GetOrCreate(NameOf(i), policy));
  return (CpuTime() - start) / count;
}

void MeasureNewCircuits(const char* what, int turns, Use use) {
  std::vector<double> below;
  std::vector<double> beyond;
  for (int i = 0; i < turns; ++i) {
    CircuitRegistry registry;
    below.push_back(NewCircuits(registry, 0, kMaxCircuits, use));
    NewCircuits(registry, kMaxCircuits, kMaxCircuits, use);  // a whole turn of the queue
    beyond.push_back(NewCircuits(registry, 2 * kMaxCircuits, kMaxCircuits, use));
  }
  std::printf("%-44s %8.0f ns %8.0f ns %8.2f\n", what, Median(below), Median(beyond),
              Median(beyond) / Median(below));
}

// 9,000 circuits that are called all the time, and one call of a hundred has a new key.
void MeasureHotCircuits(int turns) {
  constexpr int kHot = kMaxCircuits * 9 / 10;
  std::vector<double> known;
  std::vector<double> mixed;
  CircuitRegistry registry;
  NewCircuits(registry, 0, kMaxCircuits, CallOnce);
  int next = kMaxCircuits;
  const fusebox::Policy policy;
  for (int i = 0; i < turns; ++i) {
    known.push_back(NewCircuits(registry, 0, kHot, CallOnce));
    const double start = CpuTime();
    for (int call = 0; call < kHot; ++call) {
      const int key = call % 100 == 0 ? next++ : call;
      CallOnce(**registry.GetOrCreate(NameOf(key), policy));
    }
    mixed.push_back((CpuTime() - start) / kHot);
  }
  std::printf("%-44s %8.0f ns %8.0f ns %8.2f\n", "known keys; 1 % new among 9,000 hot ones",
              Median(known), Median(mixed), Median(mixed) / Median(known));
}

// ---- A hundred thousand circuits.

constexpr int kMany = 100'000;

// CPU in nanoseconds.
template <typename What>
double CpuOf(const What& what) {
  const double start = CpuTime();
  what();
  return CpuTime() - start;
}

// Beside as much new memory as the list is, filled page by page: the least that a list by value can
// take where the kernel gives no large pages.
void MeasureList(int turns) {
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  CircuitRegistry registry(options);
  NewCircuits(registry, 0, kMany, Leave);
  NewCircuits(registry, 0, kMany / 2, CallOnce);
  std::vector<double> list;
  std::vector<double> memory;
  for (int i = 0; i < turns; ++i) {
    list.push_back(CpuOf([&] {
      if (registry.List().size() != std::size_t{kMany}) std::abort();
    }));
    memory.push_back(CpuOf([] {
      constexpr std::size_t kBytes = kMany * sizeof(fusebox::CircuitSnapshot);
      constexpr std::size_t kPage = 4096;
      const std::unique_ptr<char[]> bytes(new char[kBytes]);
      for (std::size_t at = 0; at < kBytes; at += kPage) {
        static_cast<volatile char&>(bytes[at]) = 1;
      }
    }));
  }
  std::printf("\nList() of %d: %.1f ms; as much memory, by small pages: %.1f ms; ratio %.2f\n",
              kMany, Median(list) / 1e6, Median(memory) / 1e6, Median(list) / Median(memory));
}

// As a channel finds a call's circuit by its key: 1,000 keys over and over again, which came first
// or last of all.
void MeasureKeys(int turns) {
  constexpr int kAskedFor = 1'000;
  constexpr int kRounds = 100;
  CircuitRegistry::Options options;
  options.max_circuits = 0;
  fusebox::internal::CircuitTable table(std::make_shared<CircuitRegistry>(options), "inventory");
  const fusebox::Policy policy;
  fusebox::internal::MethodSettings settings;
  settings.policy = &policy;
  std::vector<std::string> keys;
  keys.reserve(kMany);
  for (int i = 0; i < kMany; ++i) keys.push_back(absl::StrCat("tenant-", i));
  const auto ask_for = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string& key = keys[static_cast<std::size_t>(i)];
      const auto name = [&] {
        return fusebox::internal::NewCircuit{absl::StrCat("inventory/", key), {}};
      };
      if (table.Circuit(key, settings, name).breaker == nullptr) std::abort();
    }
  };
  ask_for(0, kMany);
  std::vector<double> first;
  std::vector<double> last;
  for (int i = 0; i < turns; ++i) {
    const auto measure = [&](int from) {
      return CpuOf([&] {
               for (int round = 0; round < kRounds; ++round) ask_for(from, from + kAskedFor);
             }) /
             (kRounds * kAskedFor);
    };
    first.push_back(measure(0));
    last.push_back(measure(kMany - kAskedFor));
  }
  std::printf("a key of %d: one of the first %.1f ns, of the last %.1f ns; ratio %.2f\n", kMany,
              Median(first), Median(last), Median(last) / Median(first));
}

// ---- Calls through a channel.

constexpr int kThreads = 4;

void OneCall(fusebox_testing::Echo::Stub& stub, const std::string& key) {
  grpc::ClientContext context;
  context.AddMetadata("key", key);
  const fusebox_testing::EchoRequest request;
  fusebox_testing::EchoReply reply;
  static_cast<void>(stub.Unary(&context, request, &reply));
}

struct Calls {
  std::vector<double> per_second;
  std::vector<double> cpu;  // of each call
};

// Calls of four threads, each with the key that `key_of` says for its number.
void Measure(fusebox_testing::Echo::Stub& stub, const std::function<std::string(int64_t)>& key_of,
             Calls& into) {
  const fusebox::Clock& clock = fusebox::Clock::Real();
  const fusebox::SteadyTime start = clock.Now();
  const double cpu = CpuTime(CLOCK_PROCESS_CPUTIME_ID);
  std::atomic<int64_t> calls{0};
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      while (clock.Now() - start < absl::Milliseconds(500)) {
        constexpr int kBatch = 100;
        const int64_t first = calls.fetch_add(kBatch, std::memory_order_relaxed);
        for (int64_t call = first; call < first + kBatch; ++call) OneCall(stub, key_of(call));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto made = static_cast<double>(calls.load());
  into.per_second.push_back(made / absl::ToDoubleSeconds(clock.Now() - start));
  into.cpu.push_back((CpuTime(CLOCK_PROCESS_CPUTIME_ID) - cpu) / made);
}

void MeasureCalls(int turns) {
  const auto& channels = fusebox_benchmarks::Channels::Get();
  const auto bare = fusebox_testing::Echo::NewStub(channels.Hijacked());
  const auto keyed = fusebox_testing::Echo::NewStub(channels.KeyedHijacked());
  const auto known_key = [](int64_t call) { return absl::StrCat("known-", call % 1'000); };
  int64_t next = 0;
  for (; next < int64_t{2} * kMaxCircuits; ++next) OneCall(*keyed, absl::StrCat("new-", next));
  Calls hijacks;
  Calls known;
  Calls fresh;
  for (int i = 0; i < turns; ++i) {
    Measure(*bare, known_key, hijacks);
    Measure(*keyed, known_key, known);
    Measure(
        *keyed, [next](int64_t call) { return absl::StrCat("new-", next + call); }, fresh);
    next += 100'000'000;
  }
  std::printf("\n%-44s %11s %11s\n", "calls of four threads", "a second", "CPU of each");
  const auto print = [](const char* what, const Calls& calls) {
    std::printf("%-44s %11.0f %8.0f ns\n", what, Median(calls.per_second), Median(calls.cpu));
  };
  print("bare hijack", hijacks);
  print("known keys", known);
  print("new keys", fresh);
  std::printf("new keys / known keys %35.2f %11.2f\n",
              Median(fresh.per_second) / Median(known.per_second),
              Median(fresh.cpu) / Median(known.cpu));
}

}  // namespace

int main(int argc, char** argv) {
  const int turns = argc == 2 ? std::max(1, std::atoi(argv[1])) : 5;
  std::printf("%-44s %11s %11s %8s\n", "CPU of a new circuit, of 10,000", "below", "beyond",
              "ratio");
  MeasureNewCircuits("never called", turns, Leave);
  MeasureNewCircuits("called once", turns, CallOnce);
  MeasureNewCircuits("failing until it is OPEN", turns, FailUntilOpen);
  MeasureHotCircuits(turns);
  MeasureList(turns);
  MeasureKeys(turns);
  MeasureCalls(turns);
  std::fflush(stdout);
  std::_Exit(0);  // the channels are never destroyed
}
