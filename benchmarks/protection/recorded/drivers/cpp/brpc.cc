// SPDX-License-Identifier: Apache-2.0
//
// Records what brpc's circuit breaker decides. What its socket does around it is written here: a
// broken one is left alone for as long as the breaker says, and then reset.
#include "brpc/circuit_breaker.h"
#include "recording.h"

namespace {

constexpr const char* kHeader =
    "# settings: the flags' defaults; reset when the isolation is over, as the socket does\n"
    "# time: butil::cpuwide_time_ms() is replaced\n";
constexpr int kFailed = 1;
constexpr int kTooBusy = 2004;  // ELIMIT

class Socket final : public recording::Breaker {
 public:
  bool Ask() override {
    Return();
    return !broken_;
  }

  void End(char outcome, int64_t latency) override {
    Return();
    const int code = outcome == 'k' ? 0 : outcome == 'o' ? kTooBusy : kFailed;
    if (breaker_.OnCallEnd(code, latency / 1000) || broken_) return;
    broken_ = true;
    until_ = recording::now + int64_t{1'000'000} * breaker_.isolation_duration_ms();
  }

 private:
  void Return() {
    if (!broken_ || recording::now < until_) return;
    broken_ = false;
    const int64_t now = recording::now;
    recording::now = until_;
    breaker_.Reset();
    recording::now = now;
  }

  brpc::CircuitBreaker breaker_;
  bool broken_ = false;
  int64_t until_ = 0;
};

}  // namespace

int main(int /*argc*/, char** argv) {
  recording::Play(argv[1], kHeader, [] { return std::make_unique<Socket>(); });
}
