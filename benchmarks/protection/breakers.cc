// SPDX-License-Identifier: Apache-2.0
//
// Those that open and close.
#include "benchmarks/protection/breakers.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <deque>
#include <random>

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
};

// Failure accrual: seven in a row; 1 s, doubled up to 60 s, and up to half of that more at random.
class Linkerd final : public RunGuard {
 public:
  explicit Linkerd(uint64_t seed) : RunGuard(7), random_(seed) {}

 protected:
  Nanos OpenFor(int times) override {
    const double base = std::min(60.0, std::exp2(times - 1));
    return Seconds(base * (1 + 0.5 * static_cast<double>(random_() >> 11) * 0x1p-53));
  }

 private:
  std::mt19937_64 random_;
};

// A share of the failures in a time.
class ShareGuard : public TripGuard {
 public:
  ShareGuard(Nanos window, int slices, int64_t least, double share)
      : counts_(window, slices), least_(least), share_(share) {}

 protected:
  bool Trips(const Ended& ended, Nanos now) override {
    counts_.Add(IsGood(ended), now);
    return !IsGood(ended) && counts_.all() >= least_ && counts_.BadShare() >= share_;
  }
  void Clear() override { counts_.Clear(); }

 private:
  RollingCounts counts_;
  const int64_t least_;
  const double share_;
};

// A tenth of at least 100 in 30 s; 5 s; one probe.
class Polly final : public ShareGuard {
 public:
  Polly() : ShareGuard(Seconds(30), 10, 100, 0.1) {}

 protected:
  Nanos OpenFor(int /*times*/) override { return Seconds(5); }
};

// It has no defaults: as in its documentation's examples, half of at least five in a second; 10 s;
// one probe.
class Sentinel final : public ShareGuard {
 public:
  Sentinel() : ShareGuard(Seconds(1), 1, 5, 0.5) {}

 protected:
  Nanos OpenFor(int /*times*/) override { return Seconds(10); }
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

// Half of at least 20 in 10 s; 5 s; one probe. And a pool of ten threads without a queue: what
// finds none free is rejected, and counts as a failure.
class Hystrix final : public ShareGuard {
 public:
  Hystrix() : ShareGuard(Seconds(10), 10, 20, 0.5) {}

  std::optional<Ticket> Admit(Nanos now, int attempt) override {
    const std::optional<Ticket> ticket = ShareGuard::Admit(now, attempt);
    if (!ticket) return std::nullopt;
    if (busy_ >= kThreads) {
      ShareGuard::Record(*ticket, {Answer::kOverloaded, 0}, now);
      return std::nullopt;
    }
    ++busy_;
    return ticket;
  }

  void Record(Ticket ticket, const Ended& ended, Nanos now) override {
    --busy_;
    ShareGuard::Record(ticket, ended, now);
  }

 protected:
  Nanos OpenFor(int /*times*/) override { return Seconds(5); }

 private:
  static constexpr int kThreads = 10;
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
// errors.
class BrpcWindow {
 public:
  BrpcWindow(int size, int percent)
      : size_(size), percent_(percent), smooth_(std::pow(kEpsilon, 1.0 / size)) {}

  // False: too much.
  bool Add(const Ended& ended) {
    const auto latency = static_cast<double>(ended.latency);
    bool healthy = true;
    if (IsGood(ended)) {
      latency_ = latency_ == 0 ? latency : latency_ * smooth_ + latency * (1 - smooth_);
      cost_ = cost_ < kLeastCost ? 0 : cost_ * smooth_;
    } else {
      cost_ += latency_ == 0 ? latency : std::min(latency, 2 * latency_);
      healthy = cost_ <= latency_ * size_ * (percent_ / 100.0) * (1 + kEpsilon);
    }
    if (seen_ >= size_) return healthy;
    ++seen_;
    if (IsGood(ended)) return true;
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
  static constexpr double kLeastCost = 500'000;  // 0.5 ms

  const int size_;
  const int percent_;
  const double smooth_;
  int seen_ = 0;
  int errors_ = 0;
  double latency_ = 0;
  double cost_ = 0;
};

// Two such windows; isolation of 100 ms, doubled up to 30 s if the last one ended less than 30 s
// ago. What says that it is too busy is ignored. It returns to full traffic.
class Brpc final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    if (broken_ && now >= until_) {
      broken_ = false;
      long_.Reset();
      short_.Reset();
      last_reset_ = now;
    }
    if (broken_) return std::nullopt;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    if (broken_ || ended.answer == Answer::kOverloaded) return;
    if (long_.Add(ended) && short_.Add(ended)) return;
    broken_ = true;
    isolation_ =
        now - last_reset_ < Seconds(30) ? std::min(2 * isolation_, Seconds(30)) : Seconds(0.1);
    until_ = now + isolation_;
  }

  GuardState state() const override { return broken_ ? GuardState::kOpen : GuardState::kClosed; }

 private:
  BrpcWindow long_{3000, 5};
  BrpcWindow short_{1500, 10};
  bool broken_ = false;
  Nanos last_reset_ = -Seconds(30);
  Nanos isolation_ = Seconds(0.1);
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
