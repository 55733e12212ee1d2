// SPDX-License-Identifier: Apache-2.0
//
// Unary calls through one kind of channel, for a tool to count what they take: instructions
// (callgrind) or allocations, which it counts itself.
//
//   interceptor_work no_op|closed|limited|open|hijacked CALLS
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <new>
#include <string>

#include "benchmarks/echo_channels.h"

namespace {

thread_local int64_t allocations = 0;

}  // namespace

// Not inlined, or the compiler takes the pairs apart, and warns of what it then sees.
#define FUSEBOX_NOINLINE __attribute__((noinline))

FUSEBOX_NOINLINE void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
FUSEBOX_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
FUSEBOX_NOINLINE void operator delete(void* memory, std::size_t /*size*/) noexcept {
  std::free(memory);
}

int main(int argc, char** argv) {
  using fusebox_benchmarks::Channels;
  Channels& channels = Channels::Get();
  const std::map<std::string, Channels::ChannelPtr> kinds = {{"no_op", channels.NoOp()},
                                                             {"closed", channels.Closed()},
                                                             {"limited", channels.Limited()},
                                                             {"open", channels.Open()},
                                                             {"hijacked", channels.Hijacked()}};
  const auto kind = argc == 3 ? kinds.find(argv[1]) : kinds.end();
  if (kind == kinds.end()) {
    std::cerr << "usage: interceptor_work no_op|closed|limited|open|hijacked CALLS\n";
    return 2;
  }
  const int calls = std::atoi(argv[2]);
  const auto stub = fusebox_testing::Echo::NewStub(kind->second);
  for (int i = 0; i < 100; ++i) fusebox_benchmarks::OneCall(*stub);
  const int64_t before = allocations;
  for (int i = 0; i < calls; ++i) fusebox_benchmarks::OneCall(*stub);
  std::cout << static_cast<double>(allocations - before) / calls << " allocations a call\n";
  std::cout.flush();
  std::_Exit(0);  // without the server's end, which is the same for all
}
