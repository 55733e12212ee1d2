// SPDX-License-Identifier: Apache-2.0
//
// The memory of a circuit: idle, after calls from as many threads as it can tell apart, and once a
// call has failed. Counts what the program allocates, over many circuits in one registry.
#include <malloc.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
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

}  // namespace

int main() {
  fusebox::CircuitRegistry::Options options;
  options.max_circuits = 0;
  fusebox::CircuitRegistry registry(options);

  const std::size_t before = BytesInUse();
  for (int i = 0; i < kCircuits; ++i) {
    if (!registry.GetOrCreate(NameOf(i), fusebox::Policy()).ok()) return 1;
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
  return 0;
}
