// SPDX-License-Identifier: Apache-2.0
#include "interceptors/fault_injection_rules.h"

#include <iterator>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "fusebox/policy_table.h"
#include "interceptors/options_check.h"
#include "src/base/process.h"

namespace fusebox::internal {
namespace {

// The step of the splitmix64 generator: its n-th number can be computed without those before, and
// so without a lock. absl's generators would differ from process to process.
constexpr uint64_t kStep = 0x9E3779B97F4A7C15;

uint64_t SeedOf(uint64_t seed, absl::string_view name) {
  for (const char c : name) seed = MixBits(seed + kStep + static_cast<unsigned char>(c));
  return seed;
}

absl::Duration ShortestDelay() { return absl::Milliseconds(1); }
absl::Duration LongestDelay() { return absl::Hours(1); }

void CheckKind(const InjectedStatus& status, std::vector<std::string>& errors) {
  constexpr int kLastCode = static_cast<int>(grpc::StatusCode::UNAUTHENTICATED);
  const int code = static_cast<int>(status.code);
  if (code >= 1 && code <= kLastCode) return;
  errors.push_back(absl::StrCat("code = ", code, ", must be from 1 to ", kLastCode));
}

void CheckKind(const InjectedDelay& delay, std::vector<std::string>& errors) {
  if (delay.duration >= ShortestDelay() && delay.duration <= LongestDelay()) return;
  errors.push_back(absl::StrCat("duration = ", absl::FormatDuration(delay.duration),
                                ", must be from ", absl::FormatDuration(ShortestDelay()), " to ",
                                absl::FormatDuration(LongestDelay())));
}

void CheckKind(const InjectedHang& /*hang*/, std::vector<std::string>& /*errors*/) {}

void CheckName(absl::string_view name, bool allow_unknown, std::vector<std::string>& errors) {
  if (name == FaultInjector::kDefault) return;
  // What a policy table takes for a name is one here.
  PolicyTable table = PolicyTable().Unprotected(name);
  if (allow_unknown) table.AllowUnknownNames();
  if (!table.Validate().ok()) {
    errors.push_back(absl::StrCat("name = \"", name, "\", must be \"package.Service/Method\", ",
                                  "\"package.Service\" or \"", FaultInjector::kDefault, "\""));
    return;
  }
  for (std::string& error : UnknownNames(table, "FaultInjectorOptions::allow_unknown_names")) {
    errors.push_back(std::move(error));
  }
}

}  // namespace

absl::Status ValidateFault(absl::string_view name, const Fault& fault, bool allow_unknown_names) {
  std::vector<std::string> errors;
  CheckName(name, allow_unknown_names, errors);
  std::visit([&](const auto& kind) { CheckKind(kind, errors); }, fault.kind);
  if (!(fault.fraction > 0 && fault.fraction <= 1)) {
    errors.push_back(
        absl::StrCat("fraction = ", fault.fraction, ", must be greater than 0 and at most 1"));
  }
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("invalid fault: ", absl::StrJoin(errors, "; ")));
}

FaultRule::FaultRule(Fault fault, std::optional<uint64_t> seed, absl::string_view name)
    : fault_(std::move(fault)),
      seed_(SeedOf(seed ? *seed : FreshRandom(), name)),
      seeded_(seed.has_value()) {}

bool FaultRule::Draw() {
  constexpr int kDoubleBits = 53;
  const uint64_t number = draws_.fetch_add(1, std::memory_order_relaxed) + 1;
  // Asked for each time: the process may have been forked since.
  const uint64_t salt = seeded_ ? 0 : ProcessSalt();
  const uint64_t lot = MixBits((seed_ ^ salt) + number * kStep) >> (64 - kDoubleBits);
  return static_cast<double>(lot) / (1LL << kDoubleBits) < fault_.fraction;
}

void FaultEngine::Set(absl::string_view name, Fault fault) {
  auto rule = std::make_shared<FaultRule>(std::move(fault), seed_, name);
  MutexLock lock(mutex_);
  rules_.insert_or_assign(std::string(name), std::move(rule));
  Publish();
}

bool FaultEngine::Clear(absl::string_view name) {
  MutexLock lock(mutex_);
  const auto found = rules_.find(name);
  if (found == rules_.end()) return false;
  rules_.erase(found);
  Publish();
  return true;
}

void FaultEngine::ClearAll() {
  MutexLock lock(mutex_);
  rules_.clear();
  Publish();
}

std::shared_ptr<FaultRule> FaultEngine::Find(absl::string_view method) const {
  if (!any_.load(std::memory_order_relaxed)) return nullptr;
  method = absl::StripPrefix(method, "/");
  const absl::string_view service = method.substr(0, method.rfind('/'));
  MutexLock lock(mutex_);
  for (const absl::string_view name : {method, service}) {
    if (const auto found = rules_.find(name); found != rules_.end()) return found->second;
  }
  const auto found = rules_.find(FaultInjector::kDefault);
  if (found == rules_.end()) return nullptr;
  // What no breaker guards by default, no fault hits by default.
  static const PolicyTable& defaults = *new PolicyTable;
  return defaults.Resolve(method) == nullptr ? nullptr : found->second;
}

void FaultEngine::Count(const Fault& fault) {
  // In the order of the variant's kinds.
  std::atomic<int64_t>* const counters[] = {&statuses_, &delays_, &hangs_};
  static_assert(std::variant_size_v<decltype(fault.kind)> == std::size(counters));
  counters[fault.kind.index()]->fetch_add(1, std::memory_order_relaxed);
}

InjectedFaults FaultEngine::injected() const {
  InjectedFaults injected;
  injected.statuses = statuses_.load(std::memory_order_relaxed);
  injected.delays = delays_.load(std::memory_order_relaxed);
  injected.hangs = hangs_.load(std::memory_order_relaxed);
  return injected;
}

}  // namespace fusebox::internal
