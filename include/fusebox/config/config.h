// SPDX-License-Identifier: Apache-2.0
//
// A configuration file: the policies of an application's dependencies, and what else a channel is
// to know of them, without a build (docs/configuration.md). To follow a file that changes, see
// fusebox/config/config_watcher.h.
//
//   absl::StatusOr<std::shared_ptr<const fusebox::Config>> config =
//       fusebox::Config::Load("payments.yaml");
//   if (!config.ok()) std::cerr << config.status().message() << '\n';
#ifndef FUSEBOX_CONFIG_CONFIG_H_
#define FUSEBOX_CONFIG_CONFIG_H_

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/export.h"
#include "fusebox/grpc/fallback.h"
#include "fusebox/grpc/interceptor_options.h"
#include "fusebox/grpc/status_classifier.h"
#include "fusebox/log_listener.h"
#include "fusebox/policy_overrides.h"

namespace fusebox {

namespace internal {
class ConfigFollower;
}  // namespace internal

enum class ConfigFormat {
  kYaml,  // which JSON is, too
  kJson,
  kText,  // protobuf's text format, of fusebox.v1.Config
};

// What a file can't say and can refer to: functions, by the names that it has for them.
//
//   fusebox::ConfigFunctions functions;
//   functions.circuit_keys["tenant"] = [](const fusebox::CallInfo& call) {
//     const auto tenant = call.metadata.find("tenant");
//     return tenant == call.metadata.end() ? std::string() : tenant->second;
//   };
//   functions.fallbacks["nothing is left"] = [](absl::string_view method,
//                                               fusebox::FallbackTable& fallbacks) {
//     fallbacks.Method<shop::ReserveRequest, shop::ReserveReply>(
//         method, [](const shop::ReserveRequest&, shop::ReserveReply*) { return grpc::Status::OK;
//         });
//   };
struct ConfigFunctions {
  // Gives the method its fallback, which knows the types of its messages.
  using AddFallback = std::function<void(absl::string_view method, FallbackTable& fallbacks)>;

  std::map<std::string, CircuitKey> circuit_keys;
  std::map<std::string, OutcomePredicate> predicates;
  std::map<std::string, AddFallback> fallbacks;
};

// What one file says, as a value that never changes. Thread-safe.
class FUSEBOX_EXPORT Config {
 public:
  // The largest file that is read.
  static constexpr std::size_t kMaxBytes = std::size_t{4} << 20;

  // INVALID_ARGUMENT with everything that is wrong, a line for each error:
  //   "payments.yaml:12: dependencies.payment.default.failure_rate = 1.5, must be greater than 0
  //   and at most 1"
  // `file` is only what errors and origins call it.
  static absl::StatusOr<std::shared_ptr<const Config>> Parse(absl::string_view text,
                                                             ConfigFormat format,
                                                             absl::string_view file);

  // The same of a file, by its extension: .yaml, .yml, .json, .textproto. NOT_FOUND,
  // PERMISSION_DENIED and so on if it can't be read; INVALID_ARGUMENT if it isn't a regular file or
  // has more than kMaxBytes. Never waits for a writer.
  static absl::StatusOr<std::shared_ptr<const Config>> Load(const std::string& path);

  ~Config();
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;

  const std::string& file() const;     // as it was given
  const std::string& version() const;  // the `version` in it; may be empty
  const std::string& hash() const;     // of its bytes: SHA-256 in hexadecimal
  const PolicyOverrides& overrides() const;

  // What is valid but probably a mistake: PolicyWarnings, with file, line and path.
  const std::vector<std::string>& warnings() const;

  // For the channel of a dependency: all of InterceptorOptions that the file says of it. The
  // policies themselves come from the registry, which has them by `SetOverrides`.
  // INVALID_ARGUMENT for a function that isn't there; INTERNAL if one throws, of which those of
  // fallbacks are called, and the others copied.
  absl::StatusOr<InterceptorOptions> Options(absl::string_view dependency,
                                             std::shared_ptr<CircuitRegistry> registry,
                                             const ConfigFunctions& functions = {}) const;

  // `max_circuits` and `event_capacity`, where the file says them.
  CircuitRegistry::Options RegistryOptions() const;

  // What the file says under `log`; the sink is the application's.
  LogListener::Options LogOptions() const;

  // For CircuitHealthOptions::services: of dependencies that are to be shown in the health service.
  std::map<std::string, std::vector<std::string>> HealthServices() const;

 private:
  friend class internal::ConfigFollower;
  class Impl;

  // OK if the functions are there that the file refers to, of all its dependencies; else
  // INVALID_ARGUMENT with those that are not. `advises`: with names that there are. Calls none.
  absl::Status CheckFunctions(const ConfigFunctions& functions, bool advises) const;

  explicit Config(std::unique_ptr<Impl> impl);
  const std::unique_ptr<const Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_CONFIG_CONFIG_H_
