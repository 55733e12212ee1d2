// SPDX-License-Identifier: Apache-2.0
//
// The examples of docs/configuration.md say what the page says of them.
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/config/read.h"
#include "tests/support/made_text.h"

namespace fusebox_testing {
namespace {

using fusebox::Config;
using fusebox::ConfigFormat;
using fusebox::Policy;

struct Block {
  std::string language;
  std::string text;
  bool refused = false;  // as the line before it says
};

std::vector<Block> Blocks() {
  const std::string page = FileContent(absl::StrCat(FUSEBOX_SOURCE_DIR, "/docs/configuration.md"));
  std::vector<Block> blocks;
  std::string before;
  bool inside = false;
  for (const absl::string_view line : absl::StrSplit(page, '\n')) {
    if (inside && line == "```") {
      inside = false;
    } else if (inside) {
      absl::StrAppend(&blocks.back().text, line, "\n");
    } else if (absl::StartsWith(line, "```")) {
      blocks.push_back({std::string(line.substr(3)), "", before == "<!-- refused -->"});
      inside = true;
    }
    before = std::string(line);
  }
  return blocks;
}

std::optional<ConfigFormat> FormatOf(const Block& block) {
  if (block.language == "yaml") return ConfigFormat::kYaml;
  if (block.language == "json") return ConfigFormat::kJson;
  if (block.language == "textproto") return ConfigFormat::kText;
  return std::nullopt;
}

// What the block says, that has the dependency.
std::shared_ptr<const Config> ExampleOf(const std::string& dependency) {
  for (const Block& block : Blocks()) {
    if (block.language == "yaml" && absl::StrContains(block.text, dependency + ":\n")) {
      return Read(block.text);
    }
  }
  ADD_FAILURE() << "there is no example of " << dependency;
  return Read("");
}

Policy PolicyOf(const Config& config, absl::string_view dependency) {
  return fusebox::Patched(Policy(),
                          fusebox::Resolve(config.overrides(), {dependency, dependency, {}}));
}

TEST(Documentation, ExamplesAreValidAndErrorsAreAsShown) {
  const std::vector<Block> blocks = Blocks();
  int examples = 0;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::optional<ConfigFormat> format = FormatOf(blocks[i]);
    if (!format) continue;
    ++examples;
    const auto config = Config::Parse(blocks[i].text, *format, "payments.yaml");
    EXPECT_EQ(config.ok(), !blocks[i].refused) << config.status() << "\n" << blocks[i].text;
    if (!config.ok() && blocks[i].refused) {
      ASSERT_LT(i + 1, blocks.size());
      EXPECT_EQ(absl::StrCat(config.status().message(), "\n"), blocks[i + 1].text);
    }
  }
  EXPECT_GE(examples, 8);
}

TEST(Documentation, TwoServicesOfOnePreset) {
  const auto config = ExampleOf("payment");
  Policy payment;
  payment.window = fusebox::CountWindow{20};
  payment.minimum_calls = 10;
  payment.failure_rate = 0.5;
  payment.open_duration = absl::Seconds(30);
  payment.half_open.verdict = fusebox::ProbeCalls{5};
  payment.slow_call_duration = absl::Seconds(5);
  payment.slow_call_rate = 0.8;
  EXPECT_EQ(PolicyOf(*config, "payment"), payment);
  Policy user = payment;
  user.window = fusebox::CountWindow{10};
  user.failure_rate = 0.6;
  user.open_duration = absl::Seconds(60);
  EXPECT_EQ(PolicyOf(*config, "user"), user);

  const auto options = config->Options("payment", nullptr);
  ASSERT_TRUE(options.ok());
  using fusebox::OutcomeKind;
  EXPECT_THAT(options->classifier.codes,
              testing::UnorderedElementsAre(
                  testing::Pair(grpc::StatusCode::UNAVAILABLE, OutcomeKind::kFailure),
                  testing::Pair(grpc::StatusCode::DEADLINE_EXCEEDED, OutcomeKind::kFailure),
                  testing::Pair(grpc::StatusCode::INVALID_ARGUMENT, OutcomeKind::kIgnored)));
  EXPECT_EQ(config->HealthServices().count("payment"), 1U);
  EXPECT_EQ(config->HealthServices().count("user"), 0U);
  EXPECT_THAT(config->warnings(), testing::IsEmpty());
}

// CircuitBreakerConfig.ofDefaults().
TEST(Documentation, FromResilience4j) {
  const Policy policy = PolicyOf(*ExampleOf("backendA"), "backendA");
  EXPECT_EQ(policy.window, fusebox::Window(fusebox::CountWindow{100}));
  EXPECT_EQ(policy.minimum_calls, 100);
  EXPECT_EQ(policy.failure_rate, 0.5);
  EXPECT_EQ(policy.slow_call_rate, 1);
  EXPECT_EQ(policy.slow_call_duration, absl::Seconds(60));
  EXPECT_EQ(policy.open_duration, absl::Seconds(60));
  ASSERT_TRUE(policy.half_open.verdict.has_value());
  EXPECT_EQ(std::get<fusebox::ProbeCalls>(*policy.half_open.verdict), fusebox::ProbeCalls{10});
}

// CircuitBreakerStrategyOptions.
TEST(Documentation, FromPolly) {
  const Policy policy = PolicyOf(*ExampleOf("inventory"), "inventory");
  EXPECT_EQ(policy.window, fusebox::Window(fusebox::TimeWindow{absl::Seconds(30), 10}));
  EXPECT_EQ(policy.failure_rate, 0.1);
  EXPECT_EQ(policy.minimum_calls, 100);
  EXPECT_EQ(policy.open_duration, absl::Seconds(5));
}

TEST(Documentation, FromEnvoy) {
  const Policy policy = PolicyOf(*ExampleOf("cluster_a"), "cluster_a");
  EXPECT_EQ(policy.consecutive_failures, 5);
  EXPECT_EQ(policy.open_duration, absl::Seconds(30));
  EXPECT_EQ(policy.max_open_duration, absl::Minutes(5));
  EXPECT_EQ(policy.max_in_flight, 1'024);
}

}  // namespace
}  // namespace fusebox_testing
