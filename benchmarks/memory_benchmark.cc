// SPDX-License-Identifier: Apache-2.0
//
// The memory of a circuit: idle, after calls from as many threads as it can tell apart, and once a
// call has failed. Counts what the program allocates, over many circuits in one registry; then over
// many circuits of no registry, beside the baselines.
//
//   memory_benchmark [--csv]    the second part alone, for tools/bench-table
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "benchmarks/baselines.h"
#include "benchmarks/fusebox_circuit.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/outcome.h"
#include "fusebox/permit.h"
#include "fusebox/policy.h"

namespace {

constexpr int kCircuits = 100'000;
constexpr int kBusyCircuits = 1'000;

std::size_t BytesInUse() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::string NameOf(int i) { return absl::StrCat("inventory/shop.Inventory/Method", i); }

void CallEach(fusebox::CircuitRegistry& registry, int calls) {
  for (int i = 0; i < kBusyCircuits; ++i) {
    const std::shared_ptr<fusebox::CircuitBreaker> circuit = registry.Find(NameOf(i));
    for (int call = 0; call < calls; ++call) circuit->TryAcquire().permit().RecordSuccess();
  }
}

bool MeasureInRegistry() {
  fusebox::CircuitRegistry::Options options;
  options.max_circuits = 0;
  fusebox::CircuitRegistry registry(options);

  const std::size_t before = BytesInUse();
  for (int i = 0; i < kCircuits; ++i) {
    if (!registry.GetOrCreate(NameOf(i), fusebox::Policy()).ok()) return false;
  }
  const std::size_t idle = BytesInUse();
  std::printf("idle circuit, default policy:       %6zu bytes (of %d)\n",
              (idle - before) / kCircuits, kCircuits);

  for (const int calls : {10, 1'000}) {
    CallEach(registry, calls);
    std::printf("after %4d calls of one thread:    + %6zu bytes\n", calls,
                (BytesInUse() - idle) / kBusyCircuits);
  }
  for (const int calls : {10, 1'000}) {
    std::vector<std::thread> threads;
    threads.reserve(64);
    for (int i = 0; i < 64; ++i) threads.emplace_back([&] { CallEach(registry, calls); });
    for (std::thread& thread : threads) thread.join();
    std::printf("after %4d calls of 64 threads:    + %6zu bytes\n", calls,
                (BytesInUse() - idle) / kBusyCircuits);
  }

  // Others than those above, so that nothing else of them has grown.
  const std::size_t before_failures = BytesInUse();
  fusebox::Outcome failure = fusebox::Outcome::Failure(14, std::string(100, 'm'));
  failure.peer = "10.0.0.7:50051";
  for (int i = kBusyCircuits; i < 2 * kBusyCircuits; ++i) {
    registry.Find(NameOf(i))->TryAcquire().permit().Record(failure);
  }
  std::printf("after a first failure:             + %6zu bytes\n",
              (BytesInUse() - before_failures) / kBusyCircuits);
  return true;
}

// ---- Beside the baselines.

// The bytes of what `make` makes by a name: as it is, called by one thread, and after calls that
// failed. `call` makes a call of one.
template <typename Make, typename Call>
void Measure(bool csv, absl::string_view what, const Make& make, const Call& call) {
  std::vector<decltype(make(std::string()))> made;
  made.reserve(kBusyCircuits);
  const std::size_t before = BytesInUse();
  const auto print = [&](absl::string_view when) {
    const std::size_t bytes = (BytesInUse() - before) / kBusyCircuits;
    const std::string name = absl::StrCat(what, "/", when);
    if (csv) {
      std::printf("\"%s\",1,%zu,%zu,B\n", name.c_str(), bytes, bytes);
    } else {
      std::printf("%-34s   %6zu bytes\n", name.c_str(), bytes);
    }
  };
  for (int i = 0; i < kBusyCircuits; ++i) made.push_back(make(NameOf(i)));
  print("made");
  const auto call_each = [&](int every) {
    for (auto& circuit : made) {
      for (int i = 1; i <= 1'000; ++i) call(*circuit, i % every == 0);
    }
  };
  call_each(1'001);
  print("called");
  call_each(10);
  print("failed");
}

void MeasureBesideBaselines(bool csv) {
  using fusebox_benchmarks::MutexBreaker;
  using fusebox_benchmarks::Recorder;
  // Without the handle, which each of them has.
  const fusebox::Policy policy =
      fusebox_benchmarks::Unopened(fusebox_benchmarks::WithCountWindow());
  const auto call = [](fusebox::CircuitBreaker& breaker, bool fails) {
    fusebox::Admission admission = breaker.TryAcquire();
    fails ? admission.permit().RecordFailure() : admission.permit().RecordSuccess();
  };
  Measure(
      csv, "Bytes",
      [&](const std::string& name) { return *fusebox::CircuitBreaker::Create(name, policy); },
      call);
  fusebox::CircuitRegistry registry;
  Measure(
      csv, "BytesInRegistry",
      [&](const std::string& name) { return *registry.GetOrCreate(name, policy); }, call);
  fusebox_benchmarks::MutexBreakerOptions options;
  options.failure_rate = 0.99;
  Measure(
      csv, "Bytes<MutexBreaker>",
      [&](const std::string& /*name*/) { return std::make_unique<MutexBreaker>(options); },
      [](MutexBreaker& breaker, bool fails) { breaker.Record(*breaker.TryAcquire(), fails); });
  Measure(
      csv, "Bytes<Recorder>",
      [](const std::string& /*name*/) { return std::make_unique<Recorder>(); },
      [](Recorder& recorder, bool fails) { recorder.Record(fails); });
}

}  // namespace

int main(int argc, char** argv) {
  const bool csv = argc == 2 && absl::string_view(argv[1]) == "--csv";
  if (!csv) {
    if (!MeasureInRegistry()) return 1;
    std::printf("\nCountWindow{100}, without a registry and in one; baselines\n");
  }
  MeasureBesideBaselines(csv);
  return 0;
}
