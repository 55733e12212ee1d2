// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_CONFIG_READ_H_
#define FUSEBOX_TESTS_CONFIG_READ_H_

#include <memory>
#include <string>

#include "fusebox/config/config.h"
#include "gtest/gtest.h"

namespace fusebox_testing {

// Fails the test if the text is refused.
inline std::shared_ptr<const fusebox::Config> Read(
    const std::string& text, fusebox::ConfigFormat format = fusebox::ConfigFormat::kYaml) {
  absl::StatusOr<std::shared_ptr<const fusebox::Config>> config =
      fusebox::Config::Parse(text, format, "f");
  if (!config.ok()) {
    ADD_FAILURE() << config.status() << "\nof\n" << text;
    config = fusebox::Config::Parse("{}", fusebox::ConfigFormat::kYaml, "f");
  }
  return *config;
}

// What is wrong with a text that is to be refused; empty if nothing is.
inline std::string ErrorsOf(const std::string& text,
                            fusebox::ConfigFormat format = fusebox::ConfigFormat::kYaml) {
  const auto config = fusebox::Config::Parse(text, format, "f");
  if (!config.ok()) {
    EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
  }
  return std::string(config.status().message());
}

// The policy of a dependency "d", over the one without numbers.
inline fusebox::Policy PolicyOf(const fusebox::Config& config) {
  if (config.overrides().dependencies.empty()) {
    ADD_FAILURE() << "there is no dependency";
    return fusebox::Policy();
  }
  return fusebox::Patched(fusebox::Policy(),
                          config.overrides().dependencies.front().default_policy);
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_CONFIG_READ_H_
