// SPDX-License-Identifier: Apache-2.0
#include "fusebox/config/config.h"

#include <set>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "src/base/glob.h"
#include "src/base/printable.h"
#include "src/base/sha256.h"
#include "src/base/user_code.h"
#include "src/config/content.h"
#include "src/config/file.h"
#include "src/config/problems.h"

namespace fusebox {

using internal::ConfigContent;
using internal::DependencyContent;
using internal::FunctionName;
using internal::Problems;

namespace {

std::string HashOf(absl::string_view bytes) {
  internal::Sha256 hash;
  hash.Add(bytes);
  const internal::Sha256::Bytes digest = hash.Digest();
  return absl::BytesToHexString(std::string(digest.begin(), digest.end()));
}

// Says which functions of a file's the application doesn't have. Calls and copies none.
class FunctionChecker {
 public:
  FunctionChecker(const ConfigFunctions& functions, bool advises, Problems& problems)
      : functions_(functions), advises_(advises), problems_(problems) {}

  void Check(const DependencyContent& dependency) {
    Check(dependency.circuit_key, functions_.circuit_keys);
    Check(dependency.predicate, functions_.predicates);
    for (const auto& [method, function] : dependency.fallbacks) {
      Check(function, functions_.fallbacks);
    }
  }

 private:
  template <typename Function>
  void Check(const FunctionName& function, const std::map<std::string, Function>& functions) {
    if (function.name.empty()) return;
    const auto found = functions.find(function.name);
    if (found != functions.end() && found->second) return;
    std::set<std::string> names;
    if (advises_ && problems_.Advises(functions.size())) {
      for (const auto& [name, registered] : functions) names.insert(name);
    }
    problems_.AddAt(function.place, function.path,
                    absl::StrCat(" = \"", internal::Printable(function.name),
                                 "\", must be the name of a function that the application has",
                                 problems_.Advice(function.name, names)));
  }

  const ConfigFunctions& functions_;
  const bool advises_;
  Problems& problems_;
};

// Calls `run`, which calls or copies that function of the application's.
template <typename Run>
absl::Status RunFunction(const FunctionName& function, Run&& run) {
  absl::Status status;
  internal::RunUserCode(std::forward<Run>(run), [&](const std::string& type) {
    status = absl::InternalError(absl::StrCat(function.place, ": ", function.path, " = \"",
                                              internal::Printable(function.name),
                                              "\": the function has thrown ", type));
  });
  return status;
}

// Gives the options the functions that they are to have, all of which are there.
absl::Status AddFunctions(const DependencyContent& dependency, const ConfigFunctions& functions,
                          InterceptorOptions& options) {
  absl::Status status;
  if (const FunctionName& key = dependency.circuit_key; !key.name.empty()) {
    status.Update(
        RunFunction(key, [&] { options.circuit_key = functions.circuit_keys.at(key.name); }));
  }
  if (const FunctionName& predicate = dependency.predicate; !predicate.name.empty()) {
    status.Update(RunFunction(predicate, [&] {
      options.classifier.predicate = functions.predicates.at(predicate.name);
    }));
  }
  for (const auto& [method, function] : dependency.fallbacks) {
    if (!status.ok()) break;
    const auto& add = functions.fallbacks.at(function.name);
    status = RunFunction(function, [&, &of = method] { add(of, options.fallbacks); });
  }
  return status;
}

}  // namespace

class Config::Impl {
 public:
  Impl(absl::string_view file, absl::string_view text, ConfigContent content,
       std::vector<std::string> warnings)
      : file_(file),
        hash_(HashOf(text)),
        content_(std::move(content)),
        warnings_(std::move(warnings)) {
    for (const DependencyContent& each : content_.dependencies) {
      if (internal::IsPlainName(each.name)) {
        by_name_.emplace(each.name, &each);
      } else {
        globs_.push_back(&each);
      }
    }
  }

  // The entry of just that name, or the first glob that fits; null if there is none.
  const DependencyContent* Find(absl::string_view name) const {
    if (const auto found = by_name_.find(name); found != by_name_.end()) return found->second;
    if (globs_.empty()) return nullptr;
    internal::GlobText text(name);
    for (const DependencyContent* const each : globs_) {
      if (text.Fits(each->name)) return each;
    }
    return nullptr;
  }

  const std::string file_;
  const std::string hash_;
  const ConfigContent content_;
  const std::vector<std::string> warnings_;

 private:
  absl::flat_hash_map<absl::string_view, const DependencyContent*> by_name_;
  std::vector<const DependencyContent*> globs_;
};

Config::Config(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Config::~Config() = default;

absl::StatusOr<std::shared_ptr<const Config>> Config::Parse(absl::string_view text,
                                                            ConfigFormat format,
                                                            absl::string_view file) {
  Problems problems(internal::Printable(file));
  Problems warnings(internal::Printable(file));
  ConfigContent content = internal::ReadConfig(text, format, problems, warnings);
  if (!problems.empty()) return problems.ToStatus();
  return std::shared_ptr<const Config>(
      new Config(std::make_unique<Impl>(file, text, std::move(content), warnings.Lines())));
}

absl::StatusOr<std::shared_ptr<const Config>> Config::Load(const std::string& path) {
  const absl::StatusOr<ConfigFormat> format = internal::RequireFormatOf(path);
  if (!format.ok()) return format.status();
  const absl::StatusOr<std::string> text = internal::ReadRegularFile(path, kMaxBytes);
  if (!text.ok()) return text.status();
  return Parse(*text, *format, path);
}

const std::string& Config::file() const { return impl_->file_; }
const std::string& Config::version() const { return impl_->content_.version; }
const std::string& Config::hash() const { return impl_->hash_; }
const PolicyOverrides& Config::overrides() const { return impl_->content_.overrides; }
const std::vector<std::string>& Config::warnings() const { return impl_->warnings_; }

absl::StatusOr<InterceptorOptions> Config::Options(absl::string_view dependency,
                                                   std::shared_ptr<CircuitRegistry> registry,
                                                   const ConfigFunctions& functions) const {
  InterceptorOptions options;
  if (const DependencyContent* const found = impl_->Find(dependency)) {
    Problems problems(internal::Printable(impl_->file_));
    FunctionChecker(functions, /*advises=*/true, problems).Check(*found);
    if (!problems.empty()) return problems.ToStatus();
    options = found->options;
    if (absl::Status status = AddFunctions(*found, functions, options); !status.ok()) return status;
  }
  options.dependency = std::string(dependency);
  options.registry = std::move(registry);
  return options;
}

absl::Status Config::CheckFunctions(const ConfigFunctions& functions, bool advises) const {
  Problems problems(internal::Printable(impl_->file_));
  FunctionChecker checker(functions, advises, problems);
  for (const DependencyContent& each : impl_->content_.dependencies) checker.Check(each);
  return problems.ToStatus();
}

CircuitRegistry::Options Config::RegistryOptions() const { return impl_->content_.registry; }

LogListener::Options Config::LogOptions() const { return impl_->content_.log; }

std::map<std::string, std::vector<std::string>> Config::HealthServices() const {
  std::map<std::string, std::vector<std::string>> services;
  for (const DependencyContent& dependency : impl_->content_.dependencies) {
    if (!dependency.health) continue;
    services[dependency.name] = {dependency.name, absl::StrCat(dependency.name, "/*")};
  }
  return services;
}

}  // namespace fusebox
