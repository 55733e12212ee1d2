// SPDX-License-Identifier: Apache-2.0
#include <stdexcept>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/rejection.h"
#include "fusebox/run.h"
#include "fusebox/version.h"

namespace {

// What a program derives itself must be the library's, too.
class StoppedClock final : public fusebox::Clock {
 public:
  fusebox::SteadyTime Now() const override { return {}; }
  absl::Time WallNow() const override { return absl::UnixEpoch(); }
};

}  // namespace

int main() {
  const StoppedClock clock;
  fusebox::CircuitBreaker::Options options;
  options.clock = &clock;
  int events = 0;
  options.listener = [&](const fusebox::Event&) {
    ++events;
    throw std::runtime_error("caught by the library");
  };
  const auto breaker =
      fusebox::CircuitBreaker::Create("payments", fusebox::Policy::Database(), options);
  if (!breaker.ok()) return 1;

  // An exception passes through, and is a failure.
  for (int i = 0; i < 5; ++i) {
    try {
      static_cast<void>(
          fusebox::Run(**breaker, []() -> absl::Status { throw std::string("broken"); }));
      return 2;
    } catch (const std::string&) {
    }
  }
  const absl::Status rejected = fusebox::Run(**breaker, [] { return absl::OkStatus(); });
  if (!fusebox::GetRejection(rejected).has_value() || events == 0) return 3;
  return std::string(FUSEBOX_VERSION_STRING).empty() ? 4 : 0;
}
