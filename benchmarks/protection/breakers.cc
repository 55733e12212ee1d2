// SPDX-License-Identifier: Apache-2.0
//
// Those that open and close.
#include "benchmarks/protection/breakers.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <random>
#include <utility>

#include "benchmarks/protection/rolling_counts.h"
#include "benchmarks/protection/trip_guard.h"

namespace fusebox_drill {
namespace {

// A number of failures in a row.
class RunGuard : public TripGuard {
 public:
  explicit RunGuard(int failures) : failures_(failures) {}

 protected:
  bool Trips(const Ended& ended, Nanos /*now*/) override {
    run_ = IsGood(ended) ? 0 : run_ + 1;
    return run_ >= failures_;
  }
  void Clear() override { run_ = 0; }

 private:
  const int failures_;
  int run_ = 0;
};

// More than five in a row, 60 s, one probe.
class Gobreaker final : public RunGuard {
 public:
  Gobreaker() : RunGuard(6) {}

 protected:
  Nanos OpenFor(int /*times*/) override { return Seconds(60); }
  bool CountsLateResults() const override { return false; }
};

// Failure accrual: seven in a row; 1 s, doubled up to 60 s, and up to half of that more at random,
// in whole seconds and within the 60.
class Linkerd final : public RunGuard {
 public:
  explicit Linkerd(uint64_t seed) : RunGuard(7), random_(seed) {}

 protected:
  Nanos OpenFor(int times) override {
    const double base = std::min(60.0, std::exp2(times - 1));
    const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;
    return Seconds(std::min(60.0, base + std::floor(base * 0.5 * uniform)));
  }
  bool IsOver(Nanos now, Nanos until) const override { return now >= until; }

 private:
  std::mt19937_64 random_;
};

// A tenth of at least 100 in 30 s; 5 s; one probe. Its windows, of 3 s, begin with a result.
class Polly final : public TripGuard {
 protected:
  bool Trips(const Ended& ended, Nanos now) override {
    if (windows_.empty() || now - windows_.back().from >= kSampling / 10)
      windows_.push_back({now, 0, 0});
    while (now - windows_.front().from >= kSampling) windows_.pop_front();
    (IsGood(ended) ? windows_.back().good : windows_.back().bad) += 1;
    if (IsGood(ended)) return false;
    int all = 0;
    int bad = 0;
    for (const Window& window : windows_) {
      all += window.good + window.bad;
      bad += window.bad;
    }
    return all >= 100 && bad * 10 >= all;
  }
  void Clear() override { windows_.clear(); }
  Nanos OpenFor(int /*times*/) override { return Seconds(5); }
  bool IsOver(Nanos now, Nanos until) const override { return now >= until; }

 private:
  static constexpr Nanos kSampling = Seconds(30);

  struct Window {
    Nanos from;
    int good;
    int bad;
  };

  std::deque<Window> windows_;
};

// It has no defaults: as in its documentation's examples, half of at least five in a second; 10 s;
// one probe. Every result counts, and may open it; it knows no shorter time than a millisecond.
class Sentinel final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    if (state_ == GuardState::kOpen && Milliseconds(now) >= until_ms_)
      state_ = GuardState::kHalfOpen;
    else if (state_ != GuardState::kClosed)
      return std::nullopt;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    counts_.Add(IsGood(ended), now);
    if (state_ == GuardState::kHalfOpen) {
      if (IsGood(ended)) {
        state_ = GuardState::kClosed;
        counts_.Clear();
      } else {
        Open(now);
      }
    } else if (state_ == GuardState::kClosed && counts_.all() >= 5 && counts_.BadShare() >= 0.5) {
      Open(now);
    }
  }

  GuardState state() const override { return state_; }

 private:
  static int64_t Milliseconds(Nanos time) { return time / 1'000'000; }

  void Open(Nanos now) {
    state_ = GuardState::kOpen;
    until_ms_ = Milliseconds(now) + 10'000;
  }

  RollingCounts counts_{Seconds(1), 1};
  GuardState state_ = GuardState::kClosed;
  int64_t until_ms_ = 0;
};

// Half of the last 100; 60 s; ten probes, of which half may not fail.
class Resilience4j final : public TripGuard {
 protected:
  bool Trips(const Ended& ended, Nanos /*now*/) override {
    last_.push_back(!IsGood(ended));
    bad_ += last_.back() ? 1 : 0;
    if (last_.size() > kSize) {
      bad_ -= last_.front() ? 1 : 0;
      last_.pop_front();
    }
    return last_.size() == kSize && bad_ * 2 >= kSize;
  }
  void Clear() override {
    last_.clear();
    bad_ = 0;
  }
  Nanos OpenFor(int /*times*/) override {
    Clear();
    return Seconds(60);
  }
  int probes() const override { return 10; }
  int failures_to_reopen() const override { return 5; }

 private:
  static constexpr std::size_t kSize = 100;
  std::deque<bool> last_;
  std::size_t bad_ = 0;
};

// Half of at least 20 in 10 s; 5 s, then one probe every 5 s; any success closes it. It counts anew
// every half second, what had ended by then, and knows no shorter time than a millisecond. And a
// pool of ten threads without a queue: what finds none free is rejected, and counts as a failure.
class Hystrix final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    Look(now);
    const int64_t now_ms = now / 1'000'000;
    if (!open_ && is_bad_) {
      open_ = true;
      opened_or_tested_ms_ = now_ms;
    }
    if (open_) {
      if (now_ms <= opened_or_tested_ms_ + 5000) return std::nullopt;
      opened_or_tested_ms_ = now_ms;
    }
    if (busy_ >= kThreads) {
      Count(false);
      return std::nullopt;
    }
    ++busy_;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    Look(now);
    --busy_;
    if (IsGood(ended) && open_) {
      open_ = false;
      is_bad_ = false;
      ended_.clear();
      current_ = {};
      next_look_ = now;
    }
    Count(IsGood(ended));
  }

  GuardState state() const override { return open_ ? GuardState::kOpen : GuardState::kClosed; }

 private:
  static constexpr int kThreads = 10;
  static constexpr std::size_t kBuckets = 20;

  struct Bucket {
    int64_t all = 0;
    int64_t bad = 0;
  };

  void Count(bool good) {
    current_.all += 1;
    current_.bad += good ? 0 : 1;
  }

  void Look(Nanos now) {
    for (; next_look_ <= now; next_look_ += Seconds(0.5)) {
      ended_.push_back(std::exchange(current_, {}));
      if (ended_.size() > kBuckets) ended_.pop_front();
      Bucket sum;
      for (const Bucket& bucket : ended_) {
        sum.all += bucket.all;
        sum.bad += bucket.bad;
      }
      is_bad_ = sum.all >= 20 && sum.bad * 2 >= sum.all;
    }
  }

  bool open_ = false;
  bool is_bad_ = false;
  std::deque<Bucket> ended_;
  Bucket current_;
  Nanos next_look_ = 0;
  int64_t opened_or_tested_ms_ = 0;
  int busy_ = 0;
};

// Outlier detection of the one host that there is: five errors in a row eject it, for 30 s times
// the number of ejections, at most 300 s; looked at every 10 s, when that number falls by one for a
// host that is in. It returns to full traffic, without a probe.
class Envoy final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    Look(now);
    if (ejected_) return std::nullopt;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    Look(now);
    run_ = IsGood(ended) ? 0 : run_ + 1;
    if (ejected_ || run_ < 5) return;
    run_ = 0;
    ejected_ = true;
    ejected_at_ = now;
    ++times_;
  }

  GuardState state() const override { return ejected_ ? GuardState::kOpen : GuardState::kClosed; }

 private:
  void Look(Nanos now) {
    for (; next_look_ <= now; next_look_ += Seconds(10)) {
      if (!ejected_) {
        times_ = std::max(0, times_ - 1);
      } else if (next_look_ - ejected_at_ >= std::min(Seconds(300), Seconds(30) * times_)) {
        ejected_ = false;
        run_ = 0;
      }
    }
  }

  Nanos next_look_ = Seconds(10);
  int run_ = 0;
  bool ejected_ = false;
  Nanos ejected_at_ = 0;
  int times_ = 0;
};

// An average of what errors cost in time: until its window has been filled once, a number of
// errors. All in whole microseconds.
class BrpcWindow {
 public:
  BrpcWindow(int size, int percent)
      : size_(size), percent_(percent), smooth_(std::pow(kEpsilon, 1.0 / size)) {}

  // False: too much.
  bool Add(const Ended& ended) {
    const bool good = IsGood(ended);
    const int64_t latency = ended.latency / 1000;
    if (good) {
      latency_ = latency_ == 0 ? latency
                               : static_cast<int64_t>(static_cast<double>(latency_) * smooth_ +
                                                      static_cast<double>(latency) * (1 - smooth_));
      Forget();
    }
    const bool healthy = good || AddCost(latency);
    if (seen_ >= size_) return healthy;
    ++seen_;
    if (good) return true;
    return errors_++ < size_ * percent_ / 100;
  }

  void Reset() {
    if (seen_ < size_) {
      seen_ = 0;
      errors_ = 0;
      latency_ = 0;
    }
    cost_ = 0;
  }

 private:
  static constexpr double kEpsilon = 0.02;
  static constexpr int64_t kLeastCost = 500;

  bool AddCost(int64_t latency) {
    const int64_t cost = latency_ == 0 ? latency : std::min(latency, 2 * latency_);
    if (cost == 0) {
      Forget();
      return true;
    }
    cost_ += cost;
    return cost_ <= static_cast<int64_t>(static_cast<double>(latency_) * size_ *
                                         (percent_ / 100.0) * (1 + kEpsilon));
  }

  void Forget() {
    cost_ = cost_ < kLeastCost ? 0 : static_cast<int64_t>(static_cast<double>(cost_) * smooth_);
  }

  const int size_;
  const int percent_;
  const double smooth_;
  int seen_ = 0;
  int errors_ = 0;
  int64_t latency_ = 0;
  int64_t cost_ = 0;
};

// Two such windows; isolation of 100 ms, doubled up to 30 s if the last one ended less than 30 s
// ago. What says that it is too busy is ignored. It returns to full traffic.
class Brpc final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    Return(now);
    if (broken_) return std::nullopt;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    Return(now);
    if (broken_ || ended.answer == Answer::kOverloaded) return;
    if (long_.Add(ended) && short_.Add(ended)) return;
    broken_ = true;
    const int64_t now_ms = now / 1'000'000;
    isolation_ms_ =
        now_ms - returned_ms_ < 30'000 ? std::min<int64_t>(2 * isolation_ms_, 30'000) : 100;
    until_ = now + isolation_ms_ * 1'000'000;
  }

  GuardState state() const override { return broken_ ? GuardState::kOpen : GuardState::kClosed; }

 private:
  void Return(Nanos now) {
    if (!broken_ || now < until_) return;
    broken_ = false;
    long_.Reset();
    short_.Reset();
    returned_ms_ = until_ / 1'000'000;
  }

  BrpcWindow long_{3000, 5};
  BrpcWindow short_{1500, 10};
  bool broken_ = false;
  int64_t returned_ms_ = -30'000;
  int64_t isolation_ms_ = 100;
  Nanos until_ = 0;
};

template <typename Peer>
Protection Plain(const char* name) {
  return {name, [](const GuardContext& /*context*/) -> std::unique_ptr<Guard> {
            return std::make_unique<Peer>();
          }};
}

}  // namespace

std::vector<Protection> Breakers() {
  return {
      Plain<Gobreaker>("gobreaker"),
      Plain<Polly>("polly"),
      Plain<Resilience4j>("resilience4j"),
      Plain<Hystrix>("hystrix"),
      {"linkerd",
       [](const GuardContext& context) -> std::unique_ptr<Guard> {
         return std::make_unique<Linkerd>(context.seed);
       }},
      Plain<Envoy>("envoy"),
      Plain<Brpc>("brpc"),
      Plain<Sentinel>("sentinel"),
  };
}

}  // namespace fusebox_drill
