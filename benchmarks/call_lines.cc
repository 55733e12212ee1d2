// SPDX-License-Identifier: Apache-2.0
//
// Calls of one kind, by threads in turn, each step by another one than the one before: for
// tools/call-lines, which reads a trace of all that they load and store. What a step is, and where
// it holds a lock, they mark by a store to an address that no program has.
//
//   call_lines KIND THREADS...
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/call_kinds.h"

namespace {

// The same in tools/call-lines. A step's mark is the number of its thread.
constexpr std::uintptr_t kMarks = 0x10000000000;
constexpr std::size_t kMarksBytes = std::size_t{1} << 16;
enum Mark : std::size_t {
  kStep = 0,
  kStepEnd = 0x100,
  kLock,
  kUnlock,
  kRun,
  kMeasure,
  kMeasureEnd,
  // No marks, but there as well, so that nobody takes them for the circuit's.
  kNanos,
  kNanosOfRead,
};

volatile int64_t& At(std::size_t mark) {
  return reinterpret_cast<volatile int64_t*>(kMarks)[mark];  // NOLINT(performance-no-int-to-ptr)
}
void Put(std::size_t mark) { At(mark) = 1; }

constexpr int64_t kTickNanos = 4'000'000;  // of the coarse clock

constexpr int kCalls = 20;  // of each thread that are measured, and as many before
// For each look at the clock: until a circuit is in its state, and then.
constexpr int64_t kNanosOfSetUp = 1'000;
constexpr int64_t kNanosOfCall = 10;

class Turns {
 public:
  explicit Turns(int threads) : turns_(static_cast<std::size_t>(threads)) {
    for (sem_t& turn : turns_) sem_init(&turn, 0, 0);
  }
  void Start() { sem_post(turns_.data()); }
  void Await(int thread) {
    while (sem_wait(&turns_[static_cast<std::size_t>(thread)]) != 0) {
    }
  }
  void Pass(int thread) {
    sem_post(&turns_[(static_cast<std::size_t>(thread) + 1) % turns_.size()]);
  }

 private:
  std::vector<sem_t> turns_;
};

template <typename Step>
void InTurn(Turns& turns, int thread, const Step& step) {
  turns.Await(thread);
  Put(kStep + static_cast<std::size_t>(thread));
  step();
  Put(kStepEnd);
  turns.Pass(thread);
}

void MakeCalls(fusebox_benchmarks::Caller& caller, Turns& turns, int thread) {
  for (int i = 0; i < kCalls; ++i) {
    InTurn(turns, thread, [&] { caller.Begin(); });
    InTurn(turns, thread, [&] { caller.End(); });
  }
}

void RunThreads(const std::string& kind, int threads) {
  At(kNanosOfRead) = kNanosOfSetUp;
  Put(kRun);
  const fusebox_benchmarks::MakeCaller make = fusebox_benchmarks::MakeCircuitOfKind(kind);
  Turns turns(threads);
  std::vector<std::unique_ptr<fusebox_benchmarks::Caller>> callers;
  callers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) callers.push_back(make(i));
  std::vector<std::thread> running;
  running.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&turns, &caller = *callers[static_cast<std::size_t>(i)], i] {
      MakeCalls(caller, turns, i);
      turns.Await(i);
      if (i == 0) {
        At(kNanosOfRead) = kNanosOfCall;
        Put(kMeasure);
      }
      turns.Pass(i);
      MakeCalls(caller, turns, i);
      turns.Await(i);
      if (i == 0) Put(kMeasureEnd);
      turns.Pass(i);
      turns.Await(i);  // so that none ends its thread while others call
      turns.Pass(i);
    });
  }
  turns.Start();
  for (std::thread& thread : running) thread.join();
}

}  // namespace

// What the linker puts in place of the real ones, by these names.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
extern "C" {

int __real_pthread_mutex_lock(pthread_mutex_t* mutex);
int __real_pthread_mutex_trylock(pthread_mutex_t* mutex);
int __real_pthread_mutex_unlock(pthread_mutex_t* mutex);

int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_trylock(pthread_mutex_t* mutex);
int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex);
int __wrap_clock_gettime(clockid_t clock, timespec* now);

int __wrap_pthread_mutex_lock(pthread_mutex_t* mutex) {
  Put(kLock);
  return __real_pthread_mutex_lock(mutex);
}
int __wrap_pthread_mutex_trylock(pthread_mutex_t* mutex) {
  Put(kLock);
  return __real_pthread_mutex_trylock(mutex);
}
int __wrap_pthread_mutex_unlock(pthread_mutex_t* mutex) {
  const int result = __real_pthread_mutex_unlock(mutex);
  Put(kUnlock);
  return result;
}

// Time goes on with each look at it, far slower than under a tool that traces it.
int __wrap_clock_gettime(clockid_t clock, timespec* now) {
  At(kNanos) = At(kNanos) + At(kNanosOfRead);
  const int64_t nanos = At(kNanos);
  const bool coarse = clock == CLOCK_MONOTONIC_COARSE;
  const int64_t seen = coarse ? nanos / kTickNanos * kTickNanos : nanos;
  constexpr int64_t kSecond = 1'000'000'000;
  now->tv_sec = 1'000 + seen / kSecond;
  now->tv_nsec = seen % kSecond;
  return 0;
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

int main(int argc, char** argv) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  void* const marks = mmap(reinterpret_cast<void*>(kMarks), kMarksBytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (marks == MAP_FAILED) {
    std::cerr << "call_lines: no memory where the marks have to be\n";
    return 1;
  }
  At(kNanosOfRead) = kNanosOfSetUp;
  if (argc < 3 || !fusebox_benchmarks::MakeCircuitOfKind(argv[1])) {
    std::cerr << "usage: call_lines KIND THREADS...\n" << fusebox_benchmarks::CallKinds();
    return 2;
  }
  for (int i = 2; i < argc; ++i) RunThreads(argv[1], std::atoi(argv[i]));
  return 0;
}
