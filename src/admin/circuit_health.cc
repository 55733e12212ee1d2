// SPDX-License-Identifier: Apache-2.0
#include "fusebox/admin/circuit_health.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "fusebox/user_code.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/event_pump.h"
#include "src/base/glob.h"
#include "src/base/user_code.h"

namespace fusebox {

using internal::CircuitScan;
using internal::EventPump;
using internal::GlobMatches;
using internal::RunUserCode;

namespace {

class PumpedHealth : public CircuitHealth {
 public:
  explicit PumpedHealth(CircuitHealthOptions options)
      : registry_(std::move(options.registry)), health_(*options.health) {
    for (auto& [name, globs] : options.services) services_.push_back({name, std::move(globs), {}});
    Update();  // before the server is asked for the first time
    pump_ = std::make_unique<EventPump>(registry_, [this] { Update(); });
  }

 private:
  struct Service {
    std::string name;
    std::vector<std::string> globs;
    std::optional<bool> serving;  // as told last
  };

  static bool IsOneOf(const Service& service, const CircuitBreaker& circuit) {
    return std::any_of(service.globs.begin(), service.globs.end(),
                       [&](const std::string& glob) { return GlobMatches(glob, circuit.name()); });
  }

  static bool RejectsAll(CircuitBreaker& circuit) {
    const CircuitSnapshot snapshot = circuit.Snapshot();
    return snapshot.state == State::kOpen && snapshot.mode != Mode::kShadow;
  }

  void Update() {
    std::vector<bool> serving(services_.size(), true);
    CircuitScan scan(*registry_);
    while (const auto circuit = scan.Next()) {
      if (circuit->state() != State::kOpen || !RejectsAll(*circuit)) continue;
      for (std::size_t i = 0; i < services_.size(); ++i) {
        if (serving[i] && IsOneOf(services_[i], *circuit)) serving[i] = false;
      }
    }
    for (std::size_t i = 0; i < services_.size(); ++i) {
      Service& service = services_[i];
      if (service.serving == serving[i]) continue;
      // One that fails is told again at the next look.
      const bool told =
          RunUserCode([&] { health_.SetServingStatus(service.name, serving[i]); },
                      [&](const std::string& exception) {
                        registry_->ReportUserCodeFailure(UserCode::kHealthService, exception);
                      });
      if (told) service.serving = serving[i];
    }
  }

  const std::shared_ptr<CircuitRegistry> registry_;
  grpc::HealthCheckServiceInterface& health_;
  std::vector<Service> services_;  // the pump's, once that runs
  std::unique_ptr<EventPump> pump_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CircuitHealth>> StartCircuitHealth(CircuitHealthOptions options) {
  std::vector<std::string> errors;
  if (options.registry == nullptr) errors.emplace_back("registry = null, must not be null");
  if (options.health == nullptr) {
    errors.emplace_back(
        "health = null, must not be null: call "
        "grpc::EnableDefaultHealthCheckService(true) before the server is built");
  }
  if (options.services.empty()) errors.emplace_back("services = none, must be at least one");
  for (const auto& [name, globs] : options.services) {
    if (globs.empty()) {
      errors.push_back(absl::StrCat("services[\"", name, "\"] = no globs, must be at least one"));
    }
  }
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid circuit health: ", absl::StrJoin(errors, "; ")));
  }
  return std::make_unique<PumpedHealth>(std::move(options));
}

}  // namespace fusebox
