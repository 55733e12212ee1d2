// SPDX-License-Identifier: Apache-2.0
//
// Calls of one kind, by threads that make them at once, for a profiler to look at.
//
//   call_work KIND THREADS CALLS    // of each thread
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
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&make, calls, i] {
      const std::unique_ptr<fusebox_benchmarks::Caller> caller = make(i);
      for (int64_t call = 0; call < calls; ++call) caller->Call();
    });
  }
  for (std::thread& thread : running) thread.join();
  return 0;
}
