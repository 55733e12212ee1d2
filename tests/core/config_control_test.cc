// SPDX-License-Identifier: Apache-2.0
//
// Who follows a registry's configuration file, as the registry knows them.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/config_status.h"
#include "fusebox/event.h"
#include "fusebox/log_listener.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

class TestControl final : public ConfigControl {
 public:
  ConfigStatus Status() const override { return {}; }
  absl::StatusOr<OverridesResult> Reload(const Operator& /*by*/) override {
    return OverridesResult();
  }
  absl::StatusOr<OverridesResult> Preview(absl::string_view /*text*/, absl::string_view /*format*/,
                                          absl::string_view /*file*/) const override {
    return OverridesResult();
  }
};

TEST(ConfigControl, IsKnownWhileItIsThere) {
  CircuitRegistry registry;
  EXPECT_EQ(registry.config_control(), nullptr);
  auto control = std::make_shared<TestControl>();
  EXPECT_TRUE(registry.SetConfigControl(control).ok());
  EXPECT_EQ(registry.config_control(), control);
  control = nullptr;
  EXPECT_EQ(registry.config_control(), nullptr);
}

TEST(ConfigControl, ThereIsOneAtATime) {
  CircuitRegistry registry;
  auto first = std::make_shared<TestControl>();
  const auto second = std::make_shared<TestControl>();
  EXPECT_TRUE(registry.SetConfigControl(first).ok());
  EXPECT_EQ(registry.SetConfigControl(second).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(registry.config_control(), first);
  EXPECT_TRUE(registry.SetConfigControl({}).ok());
  EXPECT_TRUE(registry.SetConfigControl(second).ok());
  EXPECT_EQ(registry.config_control(), second);
}

TEST(ConfigControl, WhatBecameOfAFileIsAnEventOfNoCircuit) {
  CircuitRegistry::Options options;
  std::string told;
  options.listener = [&told](const Event& event) { told = event.detail; };
  CircuitRegistry registry(std::move(options));
  registry.ReportConfig(true, "a.yaml, version \"7\"", Operator("oncall").Because("new limits"));
  EXPECT_EQ(told, "a.yaml, version \"7\"");
  registry.ReportConfig(false, "a.yaml:3:\nno such field\x1b", {});
  EXPECT_EQ(told, "a.yaml:3:\\x0ano such field\\x1b");

  const std::vector<Event> events = registry.EventsSince(0).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].kind, EventKind::kConfigReloaded);
  EXPECT_EQ(events[0].actor, "oncall");
  EXPECT_EQ(events[0].circuit, "");
  EXPECT_EQ(LogLevelOf(events[0]), LogLevel::kInfo);
  EXPECT_EQ(events[1].kind, EventKind::kConfigRefused);
  EXPECT_EQ(LogLevelOf(events[1]), LogLevel::kError);
}

TEST(ConfigControl, NoFileMakesALongEvent) {
  CircuitRegistry registry;
  registry.ReportConfig(false, std::string(1'000'000, 'x'), {});
  EXPECT_LE(registry.EventsSince(0).events.at(0).detail.size(), 1'000U);
}

}  // namespace
}  // namespace fusebox
