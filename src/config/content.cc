// SPDX-License-Identifier: Apache-2.0
#include "src/config/content.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_name.h"
#include "fusebox/outcome.h"
#include "fusebox/policy_table.h"
#include "src/base/printable.h"
#include "src/base/time_limits.h"
#include "src/config/map_reader.h"
#include "src/config/node.h"
#include "src/config/policy_reader.h"
#include "src/config/readers.h"
#include "src/config/values.h"

namespace fusebox::internal {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::size_t kMaxNameBytes = 1'024;
constexpr std::size_t kMaxVersionBytes = 128;

// Each circuit is held against each of them whenever the policies change.
constexpr std::size_t kMaxGlobs = 1'000;
constexpr std::size_t kMaxGlobBytes = std::size_t{16} << 10;

constexpr Range<int64_t> kCircuitsRange = {0, 10'000'000};
constexpr Range<int64_t> kEventsRange = {1, 1'000'000};
constexpr Range<int64_t> kLinesRange = {1, 1'000'000};
constexpr Range<absl::Duration> kDeadlineRange = {absl::ZeroDuration(), kDay};
constexpr Range<absl::Duration> kCancelledRange = {kShortestTime, kDay};

constexpr int kStatusCodes = 17;
constexpr std::size_t kMaxShownBytes = 60;

bool IsGlob(absl::string_view name) {
  return absl::StrContains(name, '*') || absl::StrContains(name, '?');
}

bool IsServiceName(absl::string_view name) { return IsMethodName(absl::StrCat(name, "/M")); }

// The status code of that name; none if there is none.
std::optional<int> CodeNamed(absl::string_view name) {
  for (int code = 0; code < kStatusCodes; ++code) {
    const std::string known = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
    if (absl::EqualsIgnoreCase(name, known)) return code;
  }
  return std::nullopt;
}

std::set<std::string> CodeNames() {
  std::set<std::string> names;
  for (int code = 0; code < kStatusCodes; ++code) {
    names.insert(absl::StatusCodeToString(static_cast<absl::StatusCode>(code)));
  }
  return names;
}

class Reader {
 public:
  Reader(Problems& problems, Problems& warnings)
      : problems_(problems), warnings_(warnings), policies_(problems) {}

  ConfigContent Read(const ConfigNode& root) {
    MapReader map(root.line, root, "", problems_);
    content_.version = map.Text("version", kMaxVersionBytes).value_or("");
    if (const ConfigEntry* const presets = map.Find("presets")) {
      if (presets->value->kind == Kind::kMap) {
        policies_.ReadPresets(*presets->value, "presets");
      } else {
        problems_.MustBe(presets->line, "presets", Shown(*presets->value), "a map");
      }
    }
    map.EachEntry("dependencies", [this](const ConfigEntry& entry, const std::string& path) {
      ReadDependency(entry, path);
    });
    if (const ConfigEntry* const registry = map.Find("registry")) ReadRegistry(*registry);
    if (const ConfigEntry* const log = map.Find("log")) ReadLog(*log);
    return std::move(content_);
  }

 private:
  void ReadRegistry(const ConfigEntry& entry) {
    MapReader map(entry.line, *entry.value, "registry", problems_);
    if (const auto number = map.Number("max_circuits", kCircuitsRange)) {
      content_.registry.max_circuits = static_cast<std::size_t>(*number);
    }
    if (const auto number = map.Number("event_capacity", kEventsRange)) {
      content_.registry.event_capacity = static_cast<std::size_t>(*number);
    }
  }

  void ReadLog(const ConfigEntry& entry) {
    MapReader map(entry.line, *entry.value, "log", problems_);
    LogListener::Options& log = content_.log;
    if (const auto format = map.OneOf("format", {"text", "json_lines"})) {
      log.format = static_cast<LogListener::Format>(*format);
    }
    if (const auto level = map.OneOf("min_level", {"info", "warning", "error"})) {
      log.min_level = static_cast<LogLevel>(*level);
    }
    if (const auto lines = map.Number("max_lines_per_second", kLinesRange)) {
      log.max_lines_per_second = static_cast<int>(*lines);
    }
    log.failure_messages = map.Flag("failure_messages").value_or(log.failure_messages);
  }

  void ReadDependency(const ConfigEntry& entry, const std::string& path) {
    CheckDependencyName(entry, path);
    if (IsGlob(entry.key)) CountGlob(entry, path);
    MapReader map(entry.line, *entry.value, path, problems_);
    map.Belongs(policy_keys_, "default");
    DependencyContent& dependency = content_.dependencies.emplace_back();
    dependency.name = entry.key;
    InterceptorOptions& options = dependency.options;
    if (const auto scope = map.OneOf("scope", {"per_method", "per_service", "per_target"})) {
      options.scope = static_cast<CircuitScope>(*scope);
    }
    ReadPolicies(entry, map, dependency);
    ReadUnprotected(map, options);
    if (const ConfigEntry* const classifier = map.Find("classifier")) {
      ReadClassifier(*classifier, map.PathOf("classifier"), dependency);
    }
    if (const ConfigEntry* const streams = map.Find("streams")) {
      ReadStreams(*streams, map.PathOf("streams"), options.streams);
    }
    map.EachEntry("method_streams", [&](const ConfigEntry& one, const std::string& at) {
      if (CheckMethod(one, at)) ReadStreams(one, at, options.method_streams[one.key]);
    });
    dependency.circuit_key = Function(map, "circuit_key");
    map.EachEntry("fallbacks", [&](const ConfigEntry& one, const std::string& at) {
      if (!CheckMethod(one, at)) return;
      dependency.fallbacks[one.key] = FunctionOf(one, at);
    });
    options.await_connection = map.Flag("await_connection").value_or(options.await_connection);
    options.health_service = map.Text("health_service", kMaxNameBytes).value_or("");
    if (map.Flag("allow_unknown_names").value_or(false)) options.policies.AllowUnknownNames();
    ReadHealth(map, dependency);
  }

  void CountGlob(const ConfigEntry& entry, const std::string& path) {
    const bool was_too_much = globs_ > kMaxGlobs || glob_bytes_ > kMaxGlobBytes;
    ++globs_;
    glob_bytes_ += entry.key.size();
    if (was_too_much || (globs_ <= kMaxGlobs && glob_bytes_ <= kMaxGlobBytes)) return;
    problems_.Add(entry.line, path,
                  absl::StrCat("more than ", kMaxGlobs,
                               " dependencies with * or ? in their names, "
                               "or more than ",
                               kMaxGlobBytes, " bytes of such names; of others there may be more"));
  }

  void CheckDependencyName(const ConfigEntry& entry, const std::string& path) {
    if (entry.key.empty() || entry.key.size() > kMaxTargetNameBytes || !IsPrintable(entry.key)) {
      problems_.Add(entry.line, path,
                    absl::StrCat("the name of a dependency must be 1 to ", kMaxTargetNameBytes,
                                 " bytes of printable text"));
    }
  }

  void ReadHealth(MapReader& map, DependencyContent& dependency) {
    dependency.health = map.Flag("health").value_or(false);
    if (dependency.health && IsGlob(dependency.name)) {
      problems_.MustBe(map.Find("health")->line, map.PathOf("health"), "true",
                       "of a single dependency: it is shown under its name");
    }
  }

  bool CheckMethod(const ConfigEntry& entry, const std::string& path) {
    if (IsMethodName(entry.key)) return true;
    problems_.Add(entry.line, path, "a method is written as package.Service/Method");
    return false;
  }

  bool CheckService(const ConfigEntry& entry, const std::string& path) {
    if (IsServiceName(entry.key)) return true;
    problems_.Add(entry.line, path, "a service is written as package.Service");
    return false;
  }

  // ---- Policies.

  void ReadPolicies(const ConfigEntry& entry, MapReader& map, DependencyContent& dependency) {
    DependencyOverrides& overrides = content_.overrides.dependencies.emplace_back();
    overrides.dependency = entry.key;
    ReadPatch of_all;
    if (const ConfigEntry* const all = map.Find("default")) {
      of_all = policies_.Read(*all->value, map.PathOf("default"));
      CheckPolicy(of_all, all->line, map.PathOf("default"), problems_, warnings_);
      overrides.default_policy = of_all.patch;
    }
    std::map<std::string, ReadPatch> of_services;
    map.EachEntry("services", [&](const ConfigEntry& one, const std::string& path) {
      if (!CheckService(one, path)) return;
      CheckScope(one, path, dependency.options.scope);
      const ReadPatch read = policies_.Read(*one.value, path);
      overrides.services[one.key] = read.patch;
      of_services[one.key] = On(of_all, read);
      CheckPolicy(of_services[one.key], one.line, path, problems_, warnings_);
    });
    map.EachEntry("methods", [&](const ConfigEntry& one, const std::string& path) {
      if (!CheckMethod(one, path)) return;
      CheckScope(one, path, dependency.options.scope);
      const ReadPatch read = policies_.Read(*one.value, path);
      overrides.methods[one.key] = read.patch;
      const auto service = of_services.find(one.key.substr(0, one.key.find('/')));
      CheckPolicy(On(service == of_services.end() ? of_all : service->second, read), one.line, path,
                  problems_, warnings_);
    });
  }

  // What shares a circuit can't have several policies.
  void CheckScope(const ConfigEntry& entry, const std::string& path, CircuitScope scope) {
    if (scope == CircuitScope::kPerMethod) return;
    if (scope == CircuitScope::kPerService && !absl::StrContains(entry.key, '/')) return;
    problems_.Add(entry.line, path,
                  scope == CircuitScope::kPerService
                      ? "a method has no policy of its own: scope = per_service gives its service "
                        "one circuit"
                      : "must not have a policy of its own: scope = per_target gives the "
                        "dependency one circuit");
  }

  void ReadUnprotected(MapReader& map, InterceptorOptions& options) {
    const DependencyOverrides& overrides = content_.overrides.dependencies.back();
    std::set<std::string> seen;
    map.EachText("unprotected", kMaxNameBytes, [&](int line, const std::string& name) {
      const std::string path = map.PathOf("unprotected");
      if (!IsMethodName(name) && !IsServiceName(name)) {
        problems_.MustBe(line, path, name, "package.Service/Method or package.Service");
      } else if (!seen.insert(name).second) {
        problems_.Add(line, path, absl::StrCat(name, ": a second time"));
      } else if (overrides.methods.count(name) != 0 || overrides.services.count(name) != 0) {
        problems_.Add(line, path, absl::StrCat(name, ": also has a policy"));
      } else {
        options.policies.Unprotected(name);
      }
    });
  }

  // ---- What calls come to.

  void ReadClassifier(const ConfigEntry& entry, const std::string& path,
                      DependencyContent& dependency) {
    MapReader map(entry.line, *entry.value, path, problems_);
    StatusClassifier::Options& classifier = dependency.options.classifier;
    ReadCodes(map, "success_codes", OutcomeKind::kSuccess, classifier);
    ReadCodes(map, "failure_codes", OutcomeKind::kFailure, classifier);
    ReadCodes(map, "ignored_codes", OutcomeKind::kIgnored, classifier);
    ReadCodes(map, "overload_codes", OutcomeKind::kOverload, classifier);
    dependency.predicate = Function(map, "predicate");
    if (const auto least = map.Number("min_deadline", kDeadlineRange)) {
      classifier.min_deadline = *least;
    }
    if (const auto after = map.Number("cancelled_after", kCancelledRange, true)) {
      classifier.cancelled_after = *after;
    }
  }

  void ReadCodes(MapReader& map, const char* key, OutcomeKind kind,
                 StatusClassifier::Options& classifier) {
    map.EachText(key, kMaxNameBytes, [&](int line, const std::string& name) {
      const std::optional<int> code = CodeNamed(name);
      if (!code) {
        problems_.MustBe(
            line, map.PathOf(key), Printable(name, kMaxShownBytes),
            absl::StrCat("a status code, as UNAVAILABLE", problems_.Advice(name, CodeNames())));
      } else if (!classifier.codes.emplace(static_cast<grpc::StatusCode>(*code), kind).second) {
        problems_.Add(line, map.PathOf(key), absl::StrCat(name, ": a second time"));
      }
    });
  }

  void ReadStreams(const ConfigEntry& entry, const std::string& path, StreamOptions& streams) {
    MapReader map(entry.line, *entry.value, path, problems_);
    if (const auto success = map.OneOf("success", {"final_status", "first_message"})) {
      streams.success = static_cast<StreamSuccess>(*success);
    }
    streams.time_client_streams =
        map.Flag("time_client_streams").value_or(streams.time_client_streams);
  }

  // ---- Functions.

  FunctionName Function(MapReader& map, const char* key) {
    const ConfigEntry* const entry = map.Find(key);
    return entry == nullptr ? FunctionName() : FunctionOf(*entry, map.PathOf(key));
  }

  FunctionName FunctionOf(const ConfigEntry& entry, const std::string& path) {
    FunctionName function;
    function.place = problems_.Place(entry.line);
    function.path = path;
    const std::string wrong = ReadText(*entry.value, kMaxNameBytes, function.name);
    if (!wrong.empty()) problems_.MustBe(entry.line, path, Shown(*entry.value), wrong);
    return function;
  }

  Problems& problems_;
  Problems& warnings_;
  PolicyReader policies_;
  const std::set<std::string> policy_keys_ = PolicyKeys();
  std::size_t globs_ = 0;  // among the dependencies
  std::size_t glob_bytes_ = 0;
  ConfigContent content_;
};

}  // namespace

ConfigContent ReadConfig(absl::string_view text, ConfigFormat format, Problems& problems,
                         Problems& warnings) {
  if (text.size() > Config::kMaxBytes) {
    problems.Add(0, "", absl::StrCat("has more than ", Config::kMaxBytes, " bytes"));
    return {};
  }
  const ConfigNodePtr root = format == ConfigFormat::kText   ? ReadTextProto(text, problems)
                             : format == ConfigFormat::kJson ? ReadJson(text, problems)
                                                             : ReadYaml(text, problems);
  if (root == nullptr) return {};
  ConfigContent content = Reader(problems, warnings).Read(*root);
  if (content.dependencies.empty() && problems.empty()) {
    warnings.Add(0, "", "has no dependencies: every circuit goes by its code's policy");
  }
  return content;
}

}  // namespace fusebox::internal
