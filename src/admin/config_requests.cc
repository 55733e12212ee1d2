// SPDX-License-Identifier: Apache-2.0
#include "src/admin/config_requests.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "fusebox/config_status.h"
#include "fusebox/policy_overrides.h"
#include "src/admin/circuit_action.h"
#include "src/admin/policy_change.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/reasoned_status.h"
#include "src/admin/request_errors.h"
#include "src/base/printable.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

// Of an answer; more than that isn't read by people, and doesn't fit into a message.
constexpr int kMaxTold = 1'000;
constexpr std::size_t kMaxToldBytes = std::size_t{2} << 20;

constexpr std::size_t kMaxShownBytes = 2'000;  // of an error in a status

// Adds messages to a field until it is full.
template <typename Field, typename Fill>
void AddBounded(std::size_t& bytes, Field& to, const Fill& fill) {
  if (to.size() >= kMaxTold || bytes >= kMaxToldBytes) return;
  auto& added = *to.Add();
  fill(added);
  bytes += added.ByteSizeLong();
}

// What is wrong with a file quotes it, as what operators write.
std::string ErrorOf(const ConfigStatus& status, const Disclosure& disclosure) {
  if (status.error.empty() || disclosure.operators) return status.error;
  return "refused; only callers whom the authorizer gives a name are told why";
}

void WriteStatus(const ConfigStatus& status, const Disclosure& disclosure,
                 v1::ConfigStatus& proto) {
  proto.set_file(status.file);
  if (status.in_force) {
    proto.set_hash(status.hash);
    proto.set_version(status.version);
    *proto.mutable_loaded_time() = ToProto(status.loaded_at);
    proto.set_circuits(static_cast<int64_t>(status.circuits));
    proto.set_circuits_changed(static_cast<int64_t>(status.circuits_changed));
  }
  *proto.mutable_last_attempt_time() = ToProto(status.last_attempt);
  proto.set_error(ErrorOf(status, disclosure));
  proto.set_reloads(status.reloads);
  proto.set_refusals(status.refusals);
}

// What a patch says, and where each of it is from.
void WritePatch(const PolicyPatch& patch, v1::ConfigOverride& proto) {
  *proto.mutable_change() = ChangeOf(patch);
  for (const PatchedField& field : patch.fields) proto.add_sources(Printable(field.source));
}

class OverrideWriter {
 public:
  explicit OverrideWriter(v1::GetConfigResponse& response) : response_(response) {}

  void Write(const DependencyOverrides& overrides) {
    dependency_ = overrides.dependency;
    Write("", overrides.default_policy);
    for (const auto& [service, patch] : overrides.services) Write(service, patch);
    for (const auto& [method, patch] : overrides.methods) Write(method, patch);
  }

 private:
  void Write(const std::string& scope, const PolicyPatch& patch) {
    if (IsEmpty(patch)) return;
    response_.set_override_count(response_.override_count() + 1);
    AddBounded(bytes_, *response_.mutable_overrides(), [&](v1::ConfigOverride& proto) {
      proto.set_dependency(Printable(dependency_));
      proto.set_scope(Printable(scope));
      WritePatch(Flattened(patch), proto);
    });
  }

  v1::GetConfigResponse& response_;
  std::string dependency_;
  std::size_t bytes_ = 0;
};

// To a GetConfigResponse or a DiffConfigResponse.
template <typename Response>
void WriteUnused(const std::vector<UnusedOverride>& unused, Response& response) {
  std::size_t bytes = 0;
  response.set_unused_override_count(static_cast<int64_t>(unused.size()));
  for (const UnusedOverride& each : unused) {
    AddBounded(bytes, *response.mutable_unused_overrides(), [&](v1::UnusedConfigOverride& proto) {
      proto.set_dependency(Printable(each.dependency));
      proto.set_scope(Printable(each.scope));
    });
  }
}

// To a DiffConfigResponse or a ReloadConfigResponse.
template <typename Response>
void WriteDifferences(const OverridesResult& result, Response& response) {
  std::size_t bytes = 0;
  response.set_difference_count(static_cast<int64_t>(result.differences.size()));
  for (const PolicyDifference& difference : result.differences) {
    AddBounded(bytes, *response.mutable_differences(), [&](v1::ConfigDifference& proto) {
      proto.set_circuit(difference.circuit);
      ToProto(*difference.before, *proto.mutable_before());
      ToProto(*difference.after, *proto.mutable_after());
    });
  }
}

grpc::Status NoConfig() {
  return ReasonedStatus(AdminReason::kNoConfig, "the application follows no configuration file");
}

grpc::Status Refused(const absl::Status& error) {
  const std::string line = absl::StrReplaceAll(error.message(), {{"\n", "; "}});
  return ReasonedStatus(AdminReason::kConfigRefused,
                        absl::StrCat("refused: ", Printable(line, kMaxShownBytes)));
}

void CheckText(absl::string_view field, absl::string_view text, RequestErrors& errors) {
  if (const std::string unprintable = FirstUnprintable(text); !unprintable.empty()) {
    errors.Add(field, absl::StrCat("with ", unprintable, ", must be printable text in UTF-8"));
  }
}

}  // namespace

ConfigRequests::ConfigRequests(std::shared_ptr<CircuitRegistry> registry, std::string instance)
    : registry_(std::move(registry)), instance_(std::move(instance)) {}

grpc::Status ConfigRequests::Get(const Disclosure& disclosure,
                                 v1::GetConfigResponse& response) const {
  response.set_instance(instance_);
  if (const std::shared_ptr<ConfigControl> control = registry_->config_control()) {
    WriteStatus(control->Status(), disclosure, *response.mutable_status());
  }
  OverrideWriter writer(response);
  const PolicyOverrides overrides = registry_->Overrides();
  for (const DependencyOverrides& each : overrides.dependencies) writer.Write(each);
  if (overrides.dependencies.empty()) return grpc::Status::OK;
  const auto circuits = registry_->Circuits();
  std::vector<CircuitIdentity> identities;
  identities.reserve(circuits.size());
  for (const auto& each : circuits) identities.push_back({each->name(), each->target(), ""});
  WriteUnused(UnusedOverrides(overrides, identities), response);
  return grpc::Status::OK;
}

grpc::Status ConfigRequests::Diff(const v1::DiffConfigRequest& request,
                                  v1::DiffConfigResponse& response) const {
  RequestErrors errors;
  CheckText("file", request.file(), errors);
  if (!errors.empty()) return errors.ToStatus();
  const std::shared_ptr<ConfigControl> control = registry_->config_control();
  if (control == nullptr) return NoConfig();
  const absl::StatusOr<OverridesResult> result =
      control->Preview(request.text(), request.format().empty() ? "yaml" : request.format(),
                       request.file().empty() ? "the text" : request.file());
  if (!result.ok()) {
    for (const absl::string_view line : absl::StrSplit(result.status().message(), '\n')) {
      errors.Add("text", Printable(line));
    }
    return errors.ToStatus();
  }
  response.set_instance(instance_);
  response.set_circuits(static_cast<int64_t>(result->circuits));
  WriteDifferences(*result, response);
  WriteUnused(result->unused, response);
  return grpc::Status::OK;
}

grpc::Status ConfigRequests::Reload(const v1::ReloadConfigRequest& request, const std::string& who,
                                    v1::ReloadConfigResponse& response) const {
  RequestErrors errors;
  CheckReason(request.reason(), errors);
  if (!errors.empty()) return errors.ToStatus();
  const std::shared_ptr<ConfigControl> control = registry_->config_control();
  if (control == nullptr) return NoConfig();
  const absl::StatusOr<OverridesResult> result =
      control->Reload(Operator(who).Because(request.reason()));
  if (!result.ok()) return Refused(result.status());
  response.set_instance(instance_);
  WriteStatus(control->Status(), Disclosure(), *response.mutable_status());
  WriteDifferences(*result, response);
  return grpc::Status::OK;
}

}  // namespace fusebox::internal
