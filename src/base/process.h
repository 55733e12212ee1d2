// SPDX-License-Identifier: Apache-2.0
//
// What differs from process to process, forked ones included.
#ifndef FUSEBOX_SRC_BASE_PROCESS_H_
#define FUSEBOX_SRC_BASE_PROCESS_H_

#include <pthread.h>
#include <sys/random.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace fusebox::internal {

// The mixing function of the splitmix64 generator: every bit of `x` moves all of the result.
inline uint64_t MixBits(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

// From the kernel: what a library keeps in memory would be the same in every process that is forked
// off this one.
inline uint64_t FreshRandom() {
  uint64_t random = 0;
  if (getentropy(&random, sizeof(random)) == 0) return random;
  // Not there, as in a sandbox. The address differs by where the process was loaded.
  return MixBits(static_cast<uint64_t>(getpid()) ^ reinterpret_cast<uintptr_t>(&random));
}

// Zero until it is drawn in this process. Relaxed: nothing else is published with it.
inline std::atomic<uint64_t> process_salt{0};

// A random number that is this process' own, drawn when it is first asked for. Never zero.
inline uint64_t ProcessSalt() {
  // A process that is forked off draws anew.
  static const int kRegistered =
      pthread_atfork(nullptr, nullptr, [] { process_salt.store(0, std::memory_order_relaxed); });
  static_cast<void>(kRegistered);
  uint64_t salt = process_salt.load(std::memory_order_relaxed);
  if (salt != 0) return salt;
  const uint64_t drawn = FreshRandom() | 1;
  // Of two threads that do, the first one's stays.
  return process_salt.compare_exchange_strong(salt, drawn, std::memory_order_relaxed) ? drawn
                                                                                      : salt;
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_PROCESS_H_
