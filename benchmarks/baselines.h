// SPDX-License-Identifier: Apache-2.0
//
// What the breaker is compared with in the same run: the plainest breaker that is right, and a
// recorder that only counts. Thread-safe, except where it says so.
#ifndef FUSEBOX_BENCHMARKS_BASELINES_H_
#define FUSEBOX_BENCHMARKS_BASELINES_H_

#include <array>
#include <atomic>
#include <bitset>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace fusebox_benchmarks {

// The last 100 results. Not thread-safe.
class ResultRing {
 public:
  void Add(bool failed) {
    if (calls_ == kSize) {
      failures_ -= failed_[next_] ? 1 : 0;
    } else {
      ++calls_;
    }
    failed_[next_] = failed;
    failures_ += failed ? 1 : 0;
    next_ = (next_ + 1) % kSize;
  }
  int64_t calls() const { return calls_; }
  int64_t failures() const { return failures_; }

 private:
  static constexpr std::size_t kSize = 100;
  std::bitset<kSize> failed_;
  std::size_t next_ = 0;
  int64_t calls_ = 0;
  int64_t failures_ = 0;
};

// The results of the last 10 s, by the second. Not thread-safe.
template <typename Clock>
class SecondsRing {
 public:
  void Add(bool failed) {
    Slice& slice = Current();
    ++slice.calls;
    ++calls_;
    slice.failures += failed ? 1 : 0;
    failures_ += failed ? 1 : 0;
  }
  int64_t calls() const { return calls_; }
  int64_t failures() const { return failures_; }

 private:
  struct Slice {
    int64_t second = std::numeric_limits<int64_t>::min();
    int64_t calls = 0;
    int64_t failures = 0;
  };

  // Lets go of what is too old. Few slices, and once a second.
  Slice& Current() {
    const int64_t second =
        std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()).count();
    const auto index = static_cast<std::size_t>(second) % slices_.size();
    if (slices_[index].second == second) return slices_[index];
    const int64_t oldest = second - static_cast<int64_t>(slices_.size()) + 1;
    for (Slice& slice : slices_) {
      if (slice.second >= oldest) continue;
      calls_ -= slice.calls;
      failures_ -= slice.failures;
      slice = Slice();
    }
    slices_[index].second = second;
    return slices_[index];
  }

  std::array<Slice, 10> slices_;
  int64_t calls_ = 0;
  int64_t failures_ = 0;
};

struct MutexBreakerOptions {
  double failure_rate = 0.5;
  int64_t minimum_calls = 20;
  int64_t max_in_flight = std::numeric_limits<int64_t>::max();
  int64_t probes = 3;  // at the same time, and as many successes close it
  std::chrono::nanoseconds open_duration = std::chrono::seconds(30);
};

// A circuit breaker with one mutex around all of it: it opens at a failure rate over its window, is
// OPEN for a while, and then lets probes through, of which one failure opens it again. A result
// that comes after a change of state counts for nothing.
//
// It lacks what else Fusebox does while these calls are made: other rules and slow calls, backoff,
// jitter and a ramp, probes and calls that hang, totals, events and evidence, policies and modes
// that change at run time, a name, and a permit that gives itself back.
template <typename Window, typename Clock = std::chrono::steady_clock>
class BasicMutexBreaker {
 public:
  enum class State { kClosed, kOpen, kHalfOpen };
  using Epoch = int64_t;

  explicit BasicMutexBreaker(MutexBreakerOptions options = {}) : options_(options) {}

  // Whether a call may go out; if so, `Record` must be told what this returns.
  std::optional<Epoch> TryAcquire() {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (state_ == State::kOpen) {
      if (Clock::now() < open_until_) return std::nullopt;
      MoveTo(State::kHalfOpen);
    }
    if (in_flight_ >= options_.max_in_flight) return std::nullopt;
    if (state_ == State::kHalfOpen && probes_out_ + successes_ >= options_.probes) {
      return std::nullopt;
    }
    ++in_flight_;
    if (state_ == State::kHalfOpen) ++probes_out_;
    return epoch_;
  }

  void Record(Epoch epoch, bool failed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    --in_flight_;
    if (epoch != epoch_) return;
    if (state_ == State::kHalfOpen) return RecordProbe(failed);
    window_.Add(failed);
    if (window_.calls() >= options_.minimum_calls &&
        static_cast<double>(window_.failures()) >=
            options_.failure_rate * static_cast<double>(window_.calls())) {
      MoveTo(State::kOpen);
    }
  }

  State state() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return state_;
  }

 private:
  void RecordProbe(bool failed) {
    --probes_out_;
    if (failed) return MoveTo(State::kOpen);
    if (++successes_ == options_.probes) MoveTo(State::kClosed);
  }

  void MoveTo(State state) {
    state_ = state;
    ++epoch_;
    probes_out_ = 0;
    successes_ = 0;
    window_ = Window();
    if (state == State::kOpen) open_until_ = Clock::now() + options_.open_duration;
  }

  const MutexBreakerOptions options_;
  std::mutex mutex_;
  State state_ = State::kClosed;
  Epoch epoch_ = 0;
  int64_t in_flight_ = 0;
  int64_t probes_out_ = 0;
  int64_t successes_ = 0;  // of probes
  typename Clock::time_point open_until_;
  Window window_;
};

using MutexBreaker = BasicMutexBreaker<ResultRing>;
using MutexTimeBreaker = BasicMutexBreaker<SecondsRing<std::chrono::steady_clock>>;

// Counts results, each thread in a cell of its own, as far as there are as many as processors. It
// admits nothing and opens nothing: what any breaker has to do besides deciding.
class Recorder {
 public:
  void Record(bool failed) {
    Cell& cell = cells_[ThreadNumber() & (cells_.size() - 1)];
    (failed ? cell.failures : cell.successes).fetch_add(1, std::memory_order_relaxed);
  }

  int64_t successes() const { return Sum(&Cell::successes); }
  int64_t failures() const { return Sum(&Cell::failures); }

 private:
  struct alignas(64) Cell {
    std::atomic<int64_t> successes{0};
    std::atomic<int64_t> failures{0};
  };

  static std::size_t ThreadNumber() {
    static std::atomic<std::size_t> threads{0};
    thread_local const std::size_t number = threads.fetch_add(1, std::memory_order_relaxed);
    return number;
  }
  // A power of two, so that a cell is found without a division that takes longer than the rest.
  static std::size_t NumberOfCells() {
    static const std::size_t cells = [] {
      std::size_t power = 1;
      while (power < std::thread::hardware_concurrency()) power *= 2;
      return power;
    }();
    return cells;
  }

  int64_t Sum(std::atomic<int64_t> Cell::*counter) const {
    int64_t sum = 0;
    for (const Cell& cell : cells_) sum += (cell.*counter).load(std::memory_order_relaxed);
    return sum;
  }

  std::vector<Cell> cells_ = std::vector<Cell>(NumberOfCells());
};

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_BASELINES_H_
