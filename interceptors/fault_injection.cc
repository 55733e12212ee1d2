// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/fault_injection.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "interceptors/bystander.h"
#include "interceptors/deadline.h"
#include "interceptors/fault_injection_call.h"
#include "interceptors/fault_injection_rules.h"

namespace fusebox {

using internal::DeadlineOf;
using internal::FaultEngine;
using internal::FaultInjectionInterceptor;
using internal::FaultRule;
using internal::NoInterceptor;
using internal::ValidateFault;

namespace {

absl::Duration ShortestMaxHang() { return absl::Milliseconds(1); }
absl::Duration LongestMaxHang() { return absl::Hours(24); }

}  // namespace

absl::StatusOr<std::shared_ptr<FaultInjector>> FaultInjector::Create(FaultInjectorOptions options) {
  if (options.max_hang < ShortestMaxHang() || options.max_hang > LongestMaxHang()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid fault injector: max_hang = ", absl::FormatDuration(options.max_hang),
                     ", must be from ", absl::FormatDuration(ShortestMaxHang()), " to ",
                     absl::FormatDuration(LongestMaxHang())));
  }
  return std::shared_ptr<FaultInjector>(new FaultInjector(
      std::make_shared<FaultEngine>(options.seed, options.max_hang), options.allow_unknown_names));
}

FaultInjector::FaultInjector(std::shared_ptr<FaultEngine> engine, bool allow_unknown_names)
    : engine_(std::move(engine)), allow_unknown_names_(allow_unknown_names) {}
FaultInjector::~FaultInjector() = default;

absl::Status FaultInjector::Set(absl::string_view name, Fault fault) {
  if (absl::Status valid = ValidateFault(name, fault, allow_unknown_names_); !valid.ok()) {
    return valid;
  }
  engine_->Set(name, std::move(fault));
  return absl::OkStatus();
}

bool FaultInjector::Clear(absl::string_view name) { return engine_->Clear(name); }
void FaultInjector::ClearAll() { engine_->ClearAll(); }
InjectedFaults FaultInjector::injected() const { return engine_->injected(); }

absl::StatusOr<std::unique_ptr<FaultInjectionInterceptorFactory>>
FaultInjectionInterceptorFactory::Create(const std::shared_ptr<FaultInjector>& injector) {
  if (injector == nullptr) {
    return absl::InvalidArgumentError("invalid fault injection: injector = null, must not be null");
  }
  return std::unique_ptr<FaultInjectionInterceptorFactory>(
      new FaultInjectionInterceptorFactory(injector->engine_));
}

FaultInjectionInterceptorFactory::FaultInjectionInterceptorFactory(
    std::shared_ptr<FaultEngine> engine)
    : engine_(std::move(engine)) {}
FaultInjectionInterceptorFactory::~FaultInjectionInterceptorFactory() = default;

grpc::experimental::Interceptor* FaultInjectionInterceptorFactory::CreateClientInterceptor(
    grpc::experimental::ClientRpcInfo* info) {
  std::shared_ptr<FaultRule> rule = engine_->Find(info->method());
  if (rule == nullptr) return NoInterceptor(this);
  return new FaultInjectionInterceptor(engine_, std::move(rule), info->type(),
                                       DeadlineOf(*info->client_context()));
}

}  // namespace fusebox
