// SPDX-License-Identifier: Apache-2.0
//
// Calls of one kind, by threads that make them at once, for a profiler to look at; says how long a
// call took by the clock, of all threads' together.
//
//   call_work KIND THREADS CALLS    // of each thread
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <thread>
#include <vector>

#include "benchmarks/call_kinds.h"

int main(int argc, char** argv) {
  const fusebox_benchmarks::MakeCaller make =
      argc == 4 ? fusebox_benchmarks::MakeCircuitOfKind(argv[1]) : nullptr;
  const int threads = argc == 4 ? std::atoi(argv[2]) : 0;
  if (!make || threads < 1) {
    std::cerr << "usage: call_work KIND THREADS CALLS\n" << fusebox_benchmarks::CallKinds();
    return 2;
  }
  const int64_t calls = std::atoll(argv[3]);
  std::vector<std::unique_ptr<fusebox_benchmarks::Caller>> callers;
  callers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) callers.push_back(make(i));
  const std::chrono::steady_clock::time_point before = std::chrono::steady_clock::now();
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&caller = *callers[static_cast<std::size_t>(i)], calls] {
      for (int64_t call = 0; call < calls; ++call) caller.Call();
    });
  }
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - before;
  std::cout << took.count() / (static_cast<double>(calls) * threads) << " ns a call\n";
  return 0;
}
