// SPDX-License-Identifier: Apache-2.0
//
// Configuration files of any bytes: whatever is accepted has valid policies and usable options, and
// comes out the same when it is read again; nothing throws, and errors can be shown.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "fusebox/config/config.h"
#include "fusebox/policy.h"
#include "fusebox/policy_patch.h"
#include "src/base/printable.h"
#include "tests/fuzz/require.h"

namespace fusebox_testing {
namespace {

using fusebox::Config;
using fusebox::ConfigFormat;
using fusebox::DependencyOverrides;
using fusebox::Policy;
using fusebox::PolicyPatch;
using Loaded = absl::StatusOr<std::shared_ptr<const Config>>;

void RequireShowable(absl::string_view text) {
  std::string lines(text);
  for (char& c : lines) {
    if (c == '\n') c = ' ';
  }
  Require(fusebox::internal::IsPrintable(lines), "what is said can be shown", lines);
}

void RequireSound(const PolicyPatch& patch, const std::string& text) {
  Require(fusebox::Validate(patch).ok(), "an accepted file names fields that there are", text);
}

void RequireSound(const DependencyOverrides& dependency, const std::string& text) {
  RequireSound(dependency.default_policy, text);
  Require(fusebox::Validate(fusebox::Patched(Policy(), dependency.default_policy)).ok(),
          "an accepted policy is valid", text);
  for (const auto& [name, patch] : dependency.services) RequireSound(patch, text);
  for (const auto& [name, patch] : dependency.methods) RequireSound(patch, text);
}

void RequireSound(const Config& config, const std::string& text) {
  for (const DependencyOverrides& dependency : config.overrides().dependencies) {
    RequireSound(dependency, text);
    const auto options = config.Options(dependency.dependency, nullptr);
    Require(!options.ok() || options->policies.Validate().ok(), "options are usable", text);
    if (!options.ok()) RequireShowable(options.status().message());
  }
  for (const std::string& warning : config.warnings()) RequireShowable(warning);
  for (const auto& [name, globs] : config.HealthServices()) Require(!globs.empty(), "has circuits");
  Require(config.RegistryOptions().event_capacity > 0, "the registry's options are usable");
}

void Run(ConfigFormat format, const std::string& text) {
  const Loaded config = Config::Parse(text, format, "fuzz");
  const Loaded again = Config::Parse(text, format, "fuzz");
  Require(config.ok() == again.ok(), "a file is the same each time", text);
  if (!config.ok()) {
    Require(config.status() == again.status(), "errors are the same each time", text);
    Require(absl::StartsWith(config.status().message(), "fuzz"), "an error names its place", text);
    RequireShowable(config.status().message());
    return;
  }
  Require((*config)->hash() == (*again)->hash(), "a file has one hash", text);
  RequireSound(**config, text);
}

}  // namespace
}  // namespace fusebox_testing

// The first byte says of which format the others are.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const fusebox::ConfigFormat format = bytes[0] % 3 == 0   ? fusebox::ConfigFormat::kYaml
                                       : bytes[0] % 3 == 1 ? fusebox::ConfigFormat::kJson
                                                           : fusebox::ConfigFormat::kText;
  fusebox_testing::Run(format, text);
  return 0;
}
