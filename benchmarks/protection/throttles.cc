// SPDX-License-Identifier: Apache-2.0
//
// Those that let through a share of the calls, or a number at the same time.
#include "benchmarks/protection/throttles.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>

#include "benchmarks/protection/rolling_counts.h"
#include "benchmarks/protection/trip_guard.h"

namespace fusebox_drill {
namespace {

// Both of these reject at random, the more the fewer of the calls are accepted: the book on site
// reliability engineering calls it client-side throttling. What is rejected counts among the calls.

double Uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// K = 1.5 over 10 s, less for a dependency that only fails; the first five calls don't count. One
// call a second always passes, and a dependency that only succeeds gets the more.
class GoZero final : public Guard {
 public:
  explicit GoZero(uint64_t seed) : random_(seed) {}

  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    counts_.Forget(now);
    dropped_.Forget(now);
    const auto all = static_cast<double>(counts_.all() + dropped_.all());
    const double k = std::max(1.1, 1.5 - 0.4 * counts_.LastBadSlices() / kSlices);
    const double share = (all - 5 - k * static_cast<double>(counts_.good())) / (all + 1);
    if (share <= 0) return 0;
    const bool is_due = last_pass_ && now - *last_pass_ > Seconds(1);
    const double working = static_cast<double>(counts_.LastGoodSlices()) / kSlices;
    if (!is_due && Uniform(random_) < share * (1 - working)) {
      dropped_.Add(false, now);
      return std::nullopt;
    }
    last_pass_ = now;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    counts_.Add(IsGood(ended), now);
  }

 private:
  static constexpr int kSlices = 40;

  RollingCounts counts_{Seconds(10), kSlices};
  RollingCounts dropped_{Seconds(10), kSlices};
  std::mt19937_64 random_;
  std::optional<Nanos> last_pass_;
};

// K = 1 / 0.6 over 3 s, from 100 calls on.
class Kratos final : public Guard {
 public:
  explicit Kratos(uint64_t seed) : random_(seed) {}

  std::optional<Ticket> Admit(Nanos now, int /*attempt*/) override {
    counts_.Forget(now);
    const auto all = static_cast<double>(counts_.all());
    const double enough = static_cast<double>(counts_.good()) * (1 / 0.6);
    if (all < 100 || all < enough) return 0;
    if (Uniform(random_) >= (all - enough) / (all + 1)) return 0;
    counts_.Add(false, now);
    return std::nullopt;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos now) override {
    counts_.Add(IsGood(ended), now);
  }

 private:
  RollingCounts counts_{Seconds(3), 10};
  std::mt19937_64 random_;
};

// Admits as many at the same time as a rule finds out. Errors say nothing of it; what times out or
// is shed was dropped.
class LimitGuard : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos /*now*/, int /*attempt*/) override {
    if (in_flight_ >= static_cast<int>(limit_)) return std::nullopt;
    return static_cast<Ticket>(++in_flight_);
  }

  void Record(Ticket ticket, const Ended& ended, Nanos /*now*/) override {
    --in_flight_;
    const bool dropped = ended.answer == Answer::kTimedOut || ended.answer == Answer::kOverloaded;
    if (!dropped && !IsGood(ended)) return;
    limit_ = Next(limit_, static_cast<double>(std::max<Nanos>(1, ended.latency)),
                  static_cast<int>(ticket), dropped);
  }

 protected:
  // `in_flight` is how many there were with this one when it started.
  virtual double Next(double limit, double latency, int in_flight, bool dropped) = 0;

 private:
  double limit_ = 20;
  int in_flight_ = 0;
};

// After TCP Vegas: the least latency is that of an empty queue.
class Vegas final : public LimitGuard {
 public:
  explicit Vegas(uint64_t seed) : random_(seed) { Jitter(); }

 protected:
  double Next(double limit, double latency, int in_flight, bool dropped) override {
    if (++since_probe_ >= jitter_ * kProbeMultiplier * limit) {
      Jitter();
      since_probe_ = 0;
      least_ = latency;
      return limit;
    }
    if (least_ == 0 || latency < least_) {
      least_ = latency;
      return limit;
    }
    const double step = std::max(1.0, std::floor(std::log10(limit)));
    if (dropped) return std::clamp(limit - step, 1.0, kMost);
    if (in_flight * 2 < limit) return limit;
    const double queue = std::ceil(limit * (1 - least_ / latency));
    double next = limit;
    if (queue <= step) {
      next = limit + 6 * step;
    } else if (queue < 3 * step) {
      next = limit + step;
    } else if (queue > 6 * step) {
      next = limit - step;
    }
    return std::clamp(next, 1.0, kMost);
  }

 private:
  static constexpr double kMost = 1000;
  static constexpr double kProbeMultiplier = 30;

  void Jitter() { jitter_ = 0.5 + 0.5 * Uniform(random_); }

  std::mt19937_64 random_;
  double jitter_ = 1;
  double since_probe_ = 0;
  double least_ = 0;
};

// By the ratio of the usual latency to the last one. From 20 to 200 calls.
class Gradient2 final : public LimitGuard {
 protected:
  double Next(double limit, double latency, int in_flight, bool /*dropped*/) override {
    constexpr int kWarmUp = 10;
    constexpr double kWindow = 600;
    constexpr double kSmoothing = 0.2;
    constexpr double kTolerance = 1.5;
    constexpr double kQueue = 4;
    if (seen_ < kWarmUp) {
      sum_ += latency;
      usual_ = sum_ / ++seen_;
    } else {
      usual_ += (latency - usual_) * 2 / (kWindow + 1);
    }
    if (usual_ / latency > 2) usual_ *= 0.95;
    if (in_flight < limit / 2) return limit;
    const double gradient = std::clamp(kTolerance * usual_ / latency, 0.5, 1.0);
    const double next = limit * gradient + kQueue;
    return std::clamp(limit * (1 - kSmoothing) + next * kSmoothing, 20.0, 200.0);
  }

 private:
  int seen_ = 0;
  double sum_ = 0;
  double usual_ = 0;
};

// Ten tokens; a failure takes one, a success gives back a tenth of one; with half of them or fewer
// nothing is tried again. First attempts always go out.
class GrpcA6 final : public Guard {
 public:
  std::optional<Ticket> Admit(Nanos /*now*/, int attempt) override {
    if (attempt > 0 && milli_tokens_ <= kMost / 2) return std::nullopt;
    return 0;
  }

  void Record(Ticket /*ticket*/, const Ended& ended, Nanos /*now*/) override {
    milli_tokens_ =
        IsGood(ended) ? std::min(kMost, milli_tokens_ + 100) : std::max(0, milli_tokens_ - 1000);
  }

 private:
  static constexpr int kMost = 10'000;
  int milli_tokens_ = kMost;
};

template <typename Peer>
Protection Seeded(const char* name) {
  return {name, [](const GuardContext& context) -> std::unique_ptr<Guard> {
            return std::make_unique<Peer>(context.seed);
          }};
}

template <typename Peer>
Protection Plain(const char* name) {
  return {name, [](const GuardContext& /*context*/) -> std::unique_ptr<Guard> {
            return std::make_unique<Peer>();
          }};
}

}  // namespace

std::vector<Protection> Throttles() {
  return {Seeded<GoZero>("go_zero"), Seeded<Kratos>("kratos"), Seeded<Vegas>("vegas"),
          Plain<Gradient2>("gradient2"), Plain<GrpcA6>("grpc_a6")};
}

}  // namespace fusebox_drill
