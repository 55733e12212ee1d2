// SPDX-License-Identifier: Apache-2.0
//
// Some fields of a policy on top of another one (rule P6).
#include "fusebox/policy_patch.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/policy_overrides.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "src/policy/every_field.h"
#include "tests/support/policy_maker.h"

namespace fusebox {
namespace {

using ::testing::HasSubstr;

PolicyPatch PatchOf(const Policy& values, const std::vector<std::string>& paths) {
  PolicyPatch patch;
  patch.values = values;
  for (const std::string& path : paths) patch.fields.push_back({path, ""});
  return patch;
}

// Of all fields: those that have a value, parts and alternatives as a whole.
std::vector<std::string> AllPaths() {
  std::vector<std::string> paths;
  internal::VisitEveryField([&](const std::string& path, const auto&...) {
    paths.push_back(path);
    if (path == "shadow_policy") return;
  });
  const std::size_t own = paths.size();
  for (std::size_t i = 0; i < own; ++i) {
    if (paths[i] != "shadow_policy") paths.push_back("shadow_policy." + paths[i]);
  }
  return paths;
}

TEST(PolicyPatchTest, P6_SetsTheFieldsThatItNamesAndNoOther) {
  Policy values;
  values.open_duration = absl::Seconds(5);
  values.max_in_flight = 7;  // not named
  const Policy policy = Patched(Policy::InternalApi(), PatchOf(values, {"open_duration"}));
  Policy expected = Policy::InternalApi();
  expected.open_duration = absl::Seconds(5);
  EXPECT_EQ(policy, expected);
}

TEST(PolicyPatchTest, P6_AFieldThatIsUnsetIsTurnedOff) {
  Policy base = Policy::InternalApi();
  base.ramp = Ramp();
  const Policy policy =
      Patched(base, PatchOf(Policy(), {"consecutive_failures", "ramp", "jitter"}));
  EXPECT_EQ(policy.consecutive_failures, std::nullopt);
  EXPECT_EQ(policy.ramp, std::nullopt);
  EXPECT_EQ(policy.jitter, Policy().jitter);
}

TEST(PolicyPatchTest, P6_GoesIntoAPartThatIsNotThere) {
  Policy values;
  values.ramp = Ramp{absl::Seconds(3), 0.5};
  EXPECT_EQ(Patched(Policy(), PatchOf(values, {"ramp.duration"})).ramp,
            std::optional(Ramp{absl::Seconds(3), Ramp().initial_fraction}));
  // Nothing to be turned off.
  EXPECT_EQ(Patched(Policy(), PatchOf(Policy(), {"ramp.duration"})).ramp, std::nullopt);
}

TEST(PolicyPatchTest, P6_ChangesToAnotherAlternative) {
  Policy base;
  base.window = CountWindow{50};
  Policy values;
  values.window = TimeWindow{absl::Seconds(30), 6};
  EXPECT_EQ(Patched(base, PatchOf(values, {"time_window"})).window,
            Window(TimeWindow{absl::Seconds(30), 6}));
  EXPECT_EQ(Patched(base, PatchOf(values, {"time_window.duration"})).window,
            Window(TimeWindow{absl::Seconds(30), TimeWindow().buckets}));
  EXPECT_EQ(Patched(base, PatchOf(values, {"count_window"})).window, Window(CountWindow()));
  values.half_open.verdict = ProbeCalls{4};
  base.half_open.verdict = SuccessThreshold{2};
  EXPECT_EQ(Patched(base, PatchOf(values, {"half_open.probe_calls"})).half_open.verdict,
            values.half_open.verdict);
}

TEST(PolicyPatchTest, P6_GoesIntoACandidate) {
  Policy candidate;
  candidate.open_duration = absl::Seconds(9);
  Policy values;
  values.shadow_policy = candidate;
  const Policy policy = Patched(Policy(), PatchOf(values, {"shadow_policy.open_duration"}));
  ASSERT_TRUE(policy.shadow_policy);
  EXPECT_EQ(policy.shadow_policy->open_duration, absl::Seconds(9));
}

TEST(PolicyPatchTest, P6_KnowsEveryFieldAndNothingElse) {
  for (const std::string& path : AllPaths()) EXPECT_TRUE(IsPolicyField(path)) << path;
  for (const char* path : {"", ".", "open", "open_duration.", "open_duration.seconds", "ramp.",
                           ".ramp", "ramp.size", "half_open.count_window", "window", "verdict",
                           "shadow_policy.shadow_policy", "shadow_policy.shadow_policy.jitter"}) {
    EXPECT_FALSE(IsPolicyField(path)) << path;
  }
}

TEST(PolicyPatchTest, P6_IsShownWithEachFieldOnce) {
  Policy preset;
  preset.window = CountWindow{20};
  preset.ramp = Ramp{absl::Seconds(3), 0.5};
  preset.failure_rate = 0.5;
  Policy own;
  own.window = TimeWindow{absl::Seconds(30), 6};
  own.failure_rate = 0.6;
  const PolicyPatch patch =
      Combined(PatchOf(preset, {"count_window.size", "failure_rate", "ramp.duration"}),
               PatchOf(own, {"time_window", "failure_rate", "jitter"}));
  const PolicyPatch flat = Flattened(patch);
  std::vector<std::string> paths;
  for (const PatchedField& field : flat.fields) paths.push_back(field.path);
  EXPECT_THAT(paths,
              ::testing::ElementsAre("ramp.duration", "time_window", "failure_rate", "jitter"));
  EXPECT_EQ(flat.values.failure_rate, 0.6);
  EXPECT_EQ(Patched(Policy(), flat), Patched(Policy(), patch));
}

// A window that takes another one's place begins with its defaults, whatever the base's is.
TEST(PolicyPatchTest, P6_IsShownWithAWindowInAnothersPlaceAsAWhole) {
  Policy below;
  below.window = CountWindow{20};
  Policy over;
  over.window = TimeWindow{absl::Seconds(30), TimeWindow().buckets};
  const PolicyPatch patch =
      Combined(PatchOf(below, {"count_window.size"}), PatchOf(over, {"time_window.duration"}));
  const PolicyPatch flat = Flattened(patch);
  ASSERT_EQ(flat.fields.size(), 1U);
  EXPECT_EQ(flat.fields[0].path, "time_window");
  Policy base;
  base.window = TimeWindow{absl::Seconds(7), 3};
  EXPECT_EQ(Patched(base, flat), Patched(base, patch));
  EXPECT_EQ(Patched(base, flat).window, over.window);
}

TEST(PolicyPatchTest, P6_NamesPathsThatLeadNowhere) {
  EXPECT_EQ(Validate(PatchOf(Policy(), {"ramp", "jitter"})), absl::OkStatus());
  const absl::Status status = Validate(PatchOf(Policy(), {"ramp", "open", "half_open.open"}));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(HasSubstr("\"open\", must be a field of a policy"),
                               HasSubstr("\"half_open.open\", must be")));
}

class PatchPropertyTest : public ::testing::TestWithParam<unsigned> {
 protected:
  PatchPropertyTest() { RecordProperty("seed", absl::StrCat(GetParam())); }

  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  Policy AnyPolicy() {
    return fusebox_testing::PolicyMaker([this](std::size_t end) { return Below(end); }).Make();
  }
  PolicyPatch AnyPatch() {
    PolicyPatch patch;
    patch.values = AnyPolicy();
    for (std::size_t i = Below(6); i > 0; --i) {
      patch.fields.push_back({paths_[Below(paths_.size())], ""});
    }
    return patch;
  }

  std::mt19937 random_{GetParam()};
  const std::vector<std::string> paths_ = AllPaths();
};

TEST_P(PatchPropertyTest, P6_AllFieldsMakeTheWholePolicy) {
  for (int i = 0; i < 300; ++i) {
    const Policy values = AnyPolicy();
    PolicyPatch patch;
    patch.values = values;
    for (const std::string& path : paths_) {
      if (path.find('.') == std::string::npos) patch.fields.push_back({path, ""});
    }
    EXPECT_EQ(Patched(AnyPolicy(), patch), values);
  }
}

TEST_P(PatchPropertyTest, P6_CombinedIsOneAfterTheOther) {
  for (int i = 0; i < 3'000; ++i) {
    const Policy base = AnyPolicy();
    const PolicyPatch patch = AnyPatch();
    const PolicyPatch over = AnyPatch();
    const auto text = [](const PolicyPatch& of) {
      std::string paths;
      for (const PatchedField& field : of.fields) absl::StrAppend(&paths, field.path, " ");
      return paths;
    };
    ASSERT_EQ(Patched(base, Combined(patch, over)), Patched(Patched(base, patch), over))
        << "patch: " << text(patch) << "\nover: " << text(over) << "\nround " << i;
    ASSERT_EQ(Patched(Patched(base, patch), patch), Patched(base, patch)) << text(patch);
  }
}

// Where the values of each patch have the alternatives that it names.
TEST_P(PatchPropertyTest, P6_FlattenedComesToTheSame) {
  const auto patch_of_its_alternatives = [this] {
    PolicyPatch patch = AnyPatch();
    const Policy& values = patch.values;
    std::vector<std::string> others = {"shadow_policy."};
    if (!std::holds_alternative<CountWindow>(values.window)) others.push_back("count_window");
    if (!std::holds_alternative<TimeWindow>(values.window)) others.push_back("time_window");
    const auto& verdict = values.half_open.verdict;
    if (!verdict || !std::holds_alternative<SuccessThreshold>(*verdict)) {
      others.push_back("half_open.success_threshold");
    }
    if (!verdict || !std::holds_alternative<ProbeCalls>(*verdict)) {
      others.push_back("half_open.probe_calls");
    }
    const auto is_other = [&others](const PatchedField& field) {
      return std::any_of(others.begin(), others.end(), [&field](const std::string& other) {
        return field.path.rfind(other, 0) == 0;
      });
    };
    patch.fields.erase(std::remove_if(patch.fields.begin(), patch.fields.end(), is_other),
                       patch.fields.end());
    return patch;
  };
  for (int i = 0; i < 3'000; ++i) {
    const PolicyPatch patch =
        Combined(Combined(patch_of_its_alternatives(), patch_of_its_alternatives()),
                 patch_of_its_alternatives());
    const PolicyPatch flat = Flattened(patch);
    ASSERT_TRUE(flat.below.empty());
    const Policy base = AnyPolicy();
    ASSERT_EQ(Patched(base, flat), Patched(base, patch)) << "round " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PatchPropertyTest, ::testing::Values(1, 2, 3));

PolicyOverrides SomeOverrides() {
  PolicyOverrides overrides;
  const auto opens_for = [](int seconds) {
    Policy values;
    values.open_duration = absl::Seconds(seconds);
    return PatchOf(values, {"open_duration"});
  };
  DependencyOverrides& exact = overrides.dependencies.emplace_back();
  exact.dependency = "inventory";
  exact.default_policy = opens_for(1);
  exact.services["shop.Inventory"] = opens_for(2);
  exact.methods["shop.Inventory/Reserve"] = opens_for(3);
  DependencyOverrides& glob = overrides.dependencies.emplace_back();
  glob.dependency = "inv*";
  glob.default_policy = opens_for(4);
  overrides.dependencies.emplace_back().dependency = "*";
  return overrides;
}

TEST(PolicyOverridesTest, P6_TheMostExactEntryHasTheLastWord) {
  const PolicyOverrides overrides = SomeOverrides();
  const auto duration_of = [&](absl::string_view name, absl::string_view target,
                               absl::string_view method = {}) {
    return Patched(Policy(), Resolve(overrides, {name, target, method})).open_duration;
  };
  EXPECT_EQ(duration_of("inventory/shop.Inventory/Reserve", "inventory"), absl::Seconds(3));
  EXPECT_EQ(duration_of("inventory/shop.Inventory/List", "inventory"), absl::Seconds(2));
  EXPECT_EQ(duration_of("inventory/shop.Inventory", "inventory"), absl::Seconds(2));
  EXPECT_EQ(duration_of("inventory/shop.Stock/Get", "inventory"), absl::Seconds(1));
  EXPECT_EQ(duration_of("inventory", "inventory"), absl::Seconds(1));
  EXPECT_EQ(duration_of("inventory/tenant 7", "inventory", "shop.Inventory/Reserve"),
            absl::Seconds(3));
  // The first glob that fits.
  EXPECT_EQ(duration_of("invoices/shop.Inventory/Reserve", "invoices"), absl::Seconds(4));
  EXPECT_EQ(duration_of("users/shop.Users/Get", "users"), std::nullopt);
}

TEST(PolicyOverridesTest, P6_SaysAllThatIsWrongWithNames) {
  PolicyOverrides overrides = SomeOverrides();
  overrides.dependencies.push_back(overrides.dependencies.front());
  overrides.dependencies.emplace_back();
  overrides.dependencies[1].services["shop/Inventory"] = {};
  overrides.dependencies[1].methods["Reserve"] = PatchOf(Policy(), {"open"});
  const absl::Status status = Validate(overrides);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              ::testing::AllOf(HasSubstr("dependency = \"inventory\", is there twice"),
                               HasSubstr("dependency = \"\", must not be empty"),
                               HasSubstr("inv*: service = \"shop/Inventory\", must be of the form"),
                               HasSubstr("inv*: method = \"Reserve\", must be of the form"),
                               HasSubstr("inv*: Reserve: invalid policy: \"open\", must be")));
}

TEST(PolicyOverridesTest, P6_KnowsEntriesThatNoCircuitGoesBy) {
  PolicyOverrides overrides;
  const auto add = [&overrides](const std::string& dependency) {
    DependencyOverrides& added = overrides.dependencies.emplace_back();
    added.dependency = dependency;
    added.services = {{"shop.A", {}}, {"shop.B", {}}};
    added.methods = {{"shop.A/M", {}}, {"shop.A/N", {}}, {"shop.C/M", {}}};
  };
  for (const char* const name : {"pay*", "payment", "p*", "none", "keyed", "n?ne"}) add(name);
  const std::vector<CircuitIdentity> circuits = {
      {"keyed/tenant 7", "keyed", ""},     {"keyed/shop.A/M", "keyed", ""},
      {"other/shop.C/M", "other", ""},     {"payment/shop.A/M", "payment", ""},
      {"payroll/shop.A/M", "payroll", ""}, {"payroll/key", "payroll", "shop.B/M"},
      {"payroll/shop.C/M", "payroll", ""}, {"", "", ""}};
  std::vector<std::string> unused;
  for (const UnusedOverride& each : UnusedOverrides(overrides, circuits)) {
    unused.push_back(absl::StrCat(each.dependency, " ", each.scope));
  }
  EXPECT_THAT(unused, ::testing::ElementsAre("pay* shop.A/N", "payment shop.B", "payment shop.A/N",
                                             "payment shop.C/M", "p* ", "none ", "n?ne "));
  EXPECT_TRUE(UnusedOverrides({}, circuits).empty());
}

}  // namespace
}  // namespace fusebox
