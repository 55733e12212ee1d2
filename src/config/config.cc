// SPDX-License-Identifier: Apache-2.0
#include "fusebox/config/config.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/glob.h"
#include "src/base/nearest.h"
#include "src/base/printable.h"
#include "src/base/sha256.h"
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

// The entry of just that name, or the first glob that fits; null if there is none.
const DependencyContent* FindDependency(const ConfigContent& content, absl::string_view name) {
  const auto& all = content.dependencies;
  const auto is_named = [name](const DependencyContent& one) { return one.name == name; };
  auto found = std::find_if(all.begin(), all.end(), is_named);
  if (found == all.end()) {
    found = std::find_if(all.begin(), all.end(), [name](const DependencyContent& one) {
      return internal::GlobMatches(one.name, name);
    });
  }
  return found == all.end() ? nullptr : &*found;
}

// The function of that name; null, and told, if there is none or it is empty.
template <typename Function>
const Function* FindFunction(const FunctionName& function,
                             const std::map<std::string, Function>& functions,
                             std::vector<std::string>& errors) {
  const auto found = functions.find(function.name);
  if (found != functions.end() && found->second) return &found->second;
  std::set<std::string> names;
  for (const auto& [name, registered] : functions) names.insert(name);
  const std::string advice = internal::DidYouMean(internal::Nearest({function.name}, names));
  errors.push_back(absl::StrCat(function.place, ": ", function.path, " = \"",
                                internal::Printable(function.name),
                                "\", must be the name of a function that the application has",
                                advice.empty() ? "" : "; ", advice));
  return nullptr;
}

}  // namespace

class Config::Impl {
 public:
  Impl(absl::string_view file, absl::string_view text, ConfigContent content,
       std::vector<std::string> warnings)
      : file_(file),
        hash_(HashOf(text)),
        content_(std::move(content)),
        warnings_(std::move(warnings)) {}

  const std::string file_;
  const std::string hash_;
  const ConfigContent content_;
  const std::vector<std::string> warnings_;
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
  std::vector<std::string> errors;
  if (const DependencyContent* const found = FindDependency(impl_->content_, dependency)) {
    options = found->options;
    if (!found->circuit_key.name.empty()) {
      const auto* const key = FindFunction(found->circuit_key, functions.circuit_keys, errors);
      if (key != nullptr) options.circuit_key = *key;
    }
    if (!found->predicate.name.empty()) {
      const auto* const predicate = FindFunction(found->predicate, functions.predicates, errors);
      if (predicate != nullptr) options.classifier.predicate = *predicate;
    }
    for (const auto& [method, name] : found->fallbacks) {
      const auto* const add = FindFunction(name, functions.fallbacks, errors);
      if (add != nullptr) (*add)(method, options.fallbacks);
    }
  }
  if (!errors.empty()) return absl::InvalidArgumentError(absl::StrJoin(errors, "\n"));
  options.dependency = std::string(dependency);
  options.registry = std::move(registry);
  return options;
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
