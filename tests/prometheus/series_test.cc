// SPDX-License-Identifier: Apache-2.0
//
// Which series there are: one set for each circuit of the registry and no others, with labels that
// Prometheus takes.
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "fusebox/circuit_name.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/readers/metrics.h"
#include "tests/prometheus/test_collector.h"
#include "tests/support/hostile_texts.h"
#include "tests/support/made_text.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::CollectorTest;
using fusebox_testing::FileContent;
using fusebox_testing::HostileTexts;
using fusebox_testing::Scrape;
using fusebox_testing::UpdatesDocuments;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Optional;

std::string Page(const prometheus::Collectable& collector) {
  return prometheus::TextSerializer().Serialize(collector.Collect());
}

class BoundedCollectorTest : public CollectorTest {
 protected:
  BoundedCollectorTest() : CollectorTest(/*max_circuits=*/10) {}
};

// What dashboards and alerts are written against. promtool reads the same file. By
// scripts/update-docs it is written anew: then look at what has changed.
TEST_F(CollectorTest, ThePageIsAsPromised) {
  Policy policy = fusebox_testing::SmallPolicy();
  policy.failure_rate = 0.5;
  policy.slow_call_rate = 0.25;
  policy.slow_call_duration = absl::Seconds(1);
  const std::string names[] = {"inventory/shop.Inventory/Reserve", "inventory/shop.Inventory/List"};
  const auto open = registry_->GetOrCreate(names[0], policy, "inventory").value();
  const auto closed = registry_->GetOrCreate(names[1], policy, "inventory").value();
  Call(*open, Outcome::Failure(), 5);
  Call(*closed, Outcome::Failure());
  Call(*closed, Outcome::Success());

  if (UpdatesDocuments()) std::ofstream(EXPECTED_METRICS_FILE) << Page(*collector_);
  EXPECT_EQ(Page(*collector_), FileContent(EXPECTED_METRICS_FILE))
      << EXPECTED_METRICS_FILE << ": if that is meant, scripts/update-docs writes it anew";
}

TEST_F(CollectorTest, ARegistryWithoutCircuitsHasItsOwnSeriesAlone) {
  const Scrape scrape = Scraped();
  const auto of_registry = [](const Metric& metric) {
    return std::holds_alternative<RegistryReader>(metric.read);
  };
  EXPECT_EQ(scrape.size(), static_cast<std::size_t>(
                               std::count_if(Metrics().begin(), Metrics().end(), of_registry)));
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_circuits"), Optional(0));
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_user_code_failures_total"), Optional(0));
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_dropped_events_total"), Optional(0));
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_evicted_total"), Optional(0));
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_unprotected_calls_total"), Optional(0));
}

class TestControl final : public ConfigControl {
 public:
  ConfigStatus Status() const override { return status; }
  absl::StatusOr<OverridesResult> Reload(const Operator& /*by*/) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<OverridesResult> Preview(absl::string_view /*text*/, absl::string_view /*format*/,
                                          absl::string_view /*file*/) const override {
    return absl::UnimplementedError("");
  }

  ConfigStatus status;
};

TEST_F(CollectorTest, TheConfigurationFileHasSeriesWhileOneIsFollowed) {
  EXPECT_THAT(Page(*collector_), Not(HasSubstr("fusebox_config")));
  auto control = std::make_shared<TestControl>();
  control->status.file = "etc/\"a\".yaml";
  ASSERT_TRUE(registry_->SetConfigControl(control).ok());
  EXPECT_THAT(Scraped().Value("", "fusebox_config_last_reload_successful"), Optional(0));
  EXPECT_THAT(Page(*collector_), Not(HasSubstr("fusebox_config_info")));

  control->status.in_force = true;
  control->status.last_attempt_ok = true;
  control->status.hash = "0123";
  control->status.loaded_at = absl::FromUnixSeconds(1'000'000);
  EXPECT_THAT(Scraped().Value("", "fusebox_config_last_reload_successful"), Optional(1));
  EXPECT_THAT(Scraped().Value("", "fusebox_config_last_reload_success_timestamp_seconds"),
              Optional(1'000'000));
  EXPECT_THAT(Page(*collector_),
              HasSubstr("fusebox_config_info{config_hash=\"0123\",config_version=\"\","
                        "config_file=\"etc/\\\"a\\\".yaml\"} 1\n"));
  control = nullptr;
  EXPECT_THAT(Page(*collector_), Not(HasSubstr("fusebox_config")));
}

TEST_F(CollectorTest, TheSeriesOfARemovedCircuitEnd) {
  Make("a");
  Make("b");
  EXPECT_THAT(Scraped().circuits(), ElementsAre("a", "b"));
  ASSERT_TRUE(registry_->Remove("a").ok());
  EXPECT_THAT(Scraped().circuits(), ElementsAre("b"));
  EXPECT_THAT(Scraped().Value("", "circuit_breaker_registry_circuits"), Optional(1));
}

TEST_F(BoundedCollectorTest, CountsTheCallsThatWentWithoutACircuit) {
  for (int i = 0; i < 10; ++i) {
    registry_->GetOrCreate("circuit " + std::to_string(i), {})
        .value()
        ->Disable(Operator("oncall").Because("why"));
  }
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(registry_->GetOrCreate("one more", {}).ok());
  EXPECT_THAT(Scraped().Value("", "circuit_breaker_registry_unprotected_calls_total"), Optional(3));
}

TEST_F(BoundedCollectorTest, ThereAreNoMoreCircuitsThanTheRegistrysBound) {
  Make("a");
  const std::size_t of_one = Scraped().size();
  for (int i = 0; i < 200; ++i) Call(*Make(absl::StrCat("tenant", i)), Outcome::Success());
  const Scrape scrape = Scraped();
  EXPECT_EQ(scrape.circuits().size(), 10U);
  EXPECT_LE(scrape.size(), 11 * of_one);
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_circuits"), Optional(10));
  EXPECT_THAT(scrape.Value("", "circuit_breaker_registry_evicted_total"), Optional(191));
}

TEST_F(CollectorTest, EachOfManyCircuitsIsThereOnce) {
  std::set<std::string> names;
  for (int i = 0; i < 1'000; ++i) names.insert(absl::StrCat("circuit", i));
  for (const std::string& name : names) Make(name);
  EXPECT_EQ(Scraped().circuits(), names);  // which checks that no series is given twice
}

TEST_F(CollectorTest, TheTargetIsALabelOfItsOwn) {
  ASSERT_TRUE(registry_->GetOrCreate("inventory/shop.Inventory/Reserve", {}, "inventory").ok());
  EXPECT_THAT(Page(*collector_), HasSubstr("circuit_breaker_in_flight{circuit=\"inventory/"
                                           "shop.Inventory/Reserve\",target=\"inventory\"} 0\n"));
}

TEST_F(CollectorTest, SpecialCharactersInNamesAreEscaped) {
  Make("a \"b\" \\ c");
  EXPECT_THAT(Page(*collector_), HasSubstr("circuit=\"a \\\"b\\\" \\\\ c\""));
}

TEST_F(CollectorTest, CharactersOfAnyLanguageStay) {
  const std::string name = "\u00e9/\u20ac/\U0001F600/\U0003134A";
  Make(name);
  EXPECT_THAT(Scraped().circuits(), ElementsAre(name));
}

TEST_F(CollectorTest, P3_EachHostileKeyHasSeriesOfItsOwn) {
  std::set<std::string> names;
  for (const std::string& key : HostileTexts()) {
    const auto name = fusebox::CircuitName::OfKey("inv", key);
    Make(name.text());
    names.insert(name.text());
  }
  EXPECT_EQ(names.size(), HostileTexts().size());
  EXPECT_EQ(Scraped().circuits(), names);  // which checks that no series is given twice
}

TEST_F(CollectorTest, LabelsOfTheUsersAreOnEverySeries) {
  Make("a");
  collector_ = CreateCollector({registry_, {{"shard", "7"}, {"_zone", "b"}}}).value();
  for (const prometheus::MetricFamily& family : collector_->Collect()) {
    for (const prometheus::ClientMetric& metric : family.metric) {
      ASSERT_GE(metric.label.size(), 2U);
      EXPECT_EQ(metric.label[0], (prometheus::ClientMetric::Label{"_zone", "b"}));
      EXPECT_EQ(metric.label[1], (prometheus::ClientMetric::Label{"shard", "7"}));
    }
  }
}

TEST_F(CollectorTest, BadOptionsAreRefusedWithEachNamed) {
  const auto made = CreateCollector({nullptr, {{"0a", ""}, {"__a", ""}, {"state", "x"}, {"", ""}}});
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  const std::string form =
      "must consist of letters, digits and underscores, and begin neither with a digit nor with "
      "\"__\"";
  EXPECT_EQ(made.status().message(),
            absl::StrCat("invalid collector: registry = null, must not be null; labels = \"\", ",
                         form, "; labels = \"0a\", ", form, "; labels = \"__a\", ", form,
                         "; labels = \"state\", must be none of circuit, target, state, mode, "
                         "result, from_state, to_state, code, config_hash, "
                         "config_version, config_file"));
  EXPECT_FALSE(CreateCollector({registry_, {{"a-b", ""}}}).ok());
  EXPECT_EQ(CreateCollector({registry_, {{"zone", "b\xff\n"}}}).status().message(),
            "invalid collector: labels[\"zone\"] = \"b\\xff\\x0a\", must be printable text in "
            "UTF-8, without the byte 0xFF, which is not UTF-8");
}

TEST_F(CollectorTest, KeepsItsRegistryAlive) {
  Make("a");
  const std::weak_ptr<CircuitRegistry> registry = registry_;
  registry_ = nullptr;
  EXPECT_THAT(Scraped().circuits(), ElementsAre("a"));
  collector_ = nullptr;
  EXPECT_TRUE(registry.expired());
}

}  // namespace
}  // namespace fusebox::internal
