// SPDX-License-Identifier: Apache-2.0
//
// Which policy goes with which method (rule P1).
#include "fusebox/policy_table.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

Policy Marked(int64_t mark) {
  Policy policy;
  policy.consecutive_failures = mark;
  return policy;
}

// What an empty policy has for a mark.
constexpr int64_t kEmpty = -1;

// The mark of the policy that a method resolves to; 0 if it is unprotected.
int64_t MarkOf(const PolicyTable& table, absl::string_view method) {
  const Policy* policy = table.Resolve(method);
  return policy == nullptr ? 0 : policy->consecutive_failures.value_or(kEmpty);
}

std::string ErrorOf(const PolicyTable& table) {
  const absl::Status status = table.Validate();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST(PolicyTable, P1_AnEmptyTablePutsEverythingUnderTheDefaultPolicy) {
  const PolicyTable table;
  EXPECT_TRUE(table.Validate().ok());
  EXPECT_EQ(MarkOf(table, "shop.Inventory/Reserve"), kEmpty);
  EXPECT_EQ(*table.Resolve("shop.Inventory/Reserve"), Policy());
  EXPECT_TRUE(table.Names().empty());
}

TEST(PolicyTable, P1_MethodThenServiceThenDefault) {
  const PolicyTable table = PolicyTable()
                                .Default(Marked(11))
                                .Service("shop.Inventory", Marked(12))
                                .Method("shop.Inventory/Reserve", Marked(13));
  ASSERT_TRUE(table.Validate().ok());
  EXPECT_EQ(MarkOf(table, "shop.Inventory/Reserve"), 13);
  EXPECT_EQ(MarkOf(table, "shop.Inventory/Watch"), 12);
  EXPECT_EQ(MarkOf(table, "shop.Orders/Place"), 11);
}

TEST(PolicyTable, P1_OnlyTheExactNameMatches) {
  const PolicyTable table = PolicyTable()
                                .Default(Marked(11))
                                .Service("shop.Inventory", Marked(12))
                                .Method("shop.Orders/Place", Marked(13));
  for (const char* method :
       {"shop.Inventory2/Reserve", "shop.Inventor/Reserve", "other.shop.Inventory/Reserve",
        "shop.Inventory.Sub/Reserve", "shop.inventory/Reserve", "shop.Orders/PlaceAll",
        "shop.Orders/Plac", "shop.Orders/place", "", "/"}) {
    EXPECT_EQ(MarkOf(table, method), 11) << method;
  }
}

TEST(PolicyTable, P1_ALeadingSlashMakesNoDifference) {
  const PolicyTable table = PolicyTable()
                                .Service("shop.Inventory", Marked(12))
                                .Method("shop.Inventory/Reserve", Marked(13));
  EXPECT_EQ(MarkOf(table, "/shop.Inventory/Reserve"), 13);
  EXPECT_EQ(MarkOf(table, "/shop.Inventory/Watch"), 12);
}

TEST(PolicyTable, P1_UnprotectedTakesOutAMethodOrAService) {
  const PolicyTable table = PolicyTable()
                                .Unprotected("shop.Inventory/Watch")
                                .Unprotected("shop.Audit")
                                .Method("shop.Audit/Log", Marked(13));
  ASSERT_TRUE(table.Validate().ok());
  EXPECT_EQ(table.Resolve("shop.Inventory/Watch"), nullptr);
  EXPECT_NE(table.Resolve("shop.Inventory/Reserve"), nullptr);
  EXPECT_EQ(table.Resolve("shop.Audit/Read"), nullptr);
  EXPECT_EQ(MarkOf(table, "shop.Audit/Log"), 13);
}

TEST(PolicyTable, P1_HealthAndReflectionAreUnprotectedByThemselves) {
  const PolicyTable table = PolicyTable().Default(Marked(11));
  for (const char* method : {"grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch",
                             "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                             "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"}) {
    EXPECT_EQ(table.Resolve(method), nullptr) << method;
  }
  for (const char* method : {"grpc.health.v1.Healthy/Check", "my.grpc.health.v1.Health/Check",
                             "grpc.reflections.v1.X/Y", "grpc.lb.v1.LoadBalancer/BalanceLoad"}) {
    EXPECT_EQ(MarkOf(table, method), 11) << method;
  }
}

TEST(PolicyTable, P1_HealthAndReflectionAreProtectedIfNamed) {
  const PolicyTable table = PolicyTable()
                                .Method("grpc.health.v1.Health/Check", Marked(12))
                                .Service("grpc.reflection.v1.ServerReflection", Marked(13));
  ASSERT_TRUE(table.Validate().ok());
  EXPECT_EQ(MarkOf(table, "grpc.health.v1.Health/Check"), 12);
  EXPECT_EQ(table.Resolve("grpc.health.v1.Health/Watch"), nullptr);
  EXPECT_EQ(MarkOf(table, "grpc.reflection.v1.ServerReflection/ServerReflectionInfo"), 13);
  EXPECT_EQ(table.Resolve("grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"),
            nullptr);
}

TEST(PolicyTable, P1_MatchTellsTheEntry) {
  const PolicyTable table =
      PolicyTable().Service("a.B", Policy()).Method("a.B/C", Policy()).Unprotected("a.B/D");
  const auto entry = [&table](absl::string_view method) {
    const PolicyTable::Matched matched = table.Match(method);
    EXPECT_EQ(matched.policy, table.Resolve(method));
    return std::string(matched.entry);
  };
  EXPECT_EQ(entry("/a.B/C"), "a.B/C");
  EXPECT_EQ(entry("a.B/X"), "a.B");
  EXPECT_EQ(entry("a.B/D"), "a.B/D");
  EXPECT_EQ(entry("x.Y/Z"), "");
  EXPECT_EQ(entry("grpc.health.v1.Health/Check"), "");
}

TEST(PolicyTable, P1_NamesListsWhatTheTableNames) {
  const PolicyTable table = PolicyTable()
                                .Default(Marked(1))
                                .Service("shop.Inventory", Marked(2))
                                .Method("shop.Inventory/Reserve", Marked(3))
                                .Unprotected("shop.Audit")
                                .Unprotected("shop.Orders/Watch");
  EXPECT_THAT(table.Names(), UnorderedElementsAre("shop.Inventory", "shop.Inventory/Reserve",
                                                  "shop.Audit", "shop.Orders/Watch"));
}

TEST(PolicyTable, R11_NamesThatAreNotOfTheForm) {
  for (const char* bad : {"", "/", "shop.Inventory/Reserve", "/shop.Inventory", "shop..Inventory",
                          ".shop", "shop.", "shop Inventory", "1shop", "shop.Inv\xC3\xA9", "*"}) {
    EXPECT_EQ(ErrorOf(PolicyTable().Service(bad, Policy())), "invalid policy table: service = \"" +
                                                                 std::string(bad) +
                                                                 "\", must be \"package.Service\"");
  }
  for (const char* bad : {"", "/", "shop.Inventory", "/shop.Inventory/Reserve", "shop.Inventory/",
                          "shop.Inventory/a/b", "/Reserve", "shop.Inventory/Re.serve",
                          "shop.Inventory/*", "shop.Inventory/1"}) {
    EXPECT_EQ(ErrorOf(PolicyTable().Method(bad, Policy())),
              "invalid policy table: method = \"" + std::string(bad) +
                  "\", must be \"package.Service/Method\"");
  }
  for (const char* bad : {"", "/", "shop.Inventory/", "/shop.Inventory/Reserve", "shop..X"}) {
    EXPECT_EQ(ErrorOf(PolicyTable().Unprotected(bad)),
              "invalid policy table: unprotected = \"" + std::string(bad) +
                  "\", must be \"package.Service/Method\" or \"package.Service\"");
  }
}

TEST(PolicyTable, NamesOfTheFormAreTaken) {
  const PolicyTable table = PolicyTable()
                                .Service("Inventory", Policy())
                                .Service("a.b.c.D_1", Policy())
                                .Method("Inventory/Reserve", Policy())
                                .Method("_a._B/_c9", Policy());
  EXPECT_TRUE(table.Validate().ok()) << table.Validate();
}

TEST(PolicyTable, R11_ASecondEntryForTheSameNameIsRefused) {
  EXPECT_THAT(ErrorOf(PolicyTable().Service("a.B", Marked(1)).Service("a.B", Marked(2))),
              HasSubstr("a.B: given twice"));
  EXPECT_THAT(ErrorOf(PolicyTable().Method("a.B/C", Marked(1)).Unprotected("a.B/C")),
              HasSubstr("a.B/C: given twice"));
  EXPECT_THAT(ErrorOf(PolicyTable().Default(Marked(1)).Default(Marked(2))),
              HasSubstr("default: given twice"));
}

TEST(PolicyTable, R11_InvalidPoliciesAreNamedByTheirEntry) {
  Policy bad;
  bad.jitter = 1;
  const std::string why = "invalid policy: jitter = 1, must be at least 0 and less than 1";
  EXPECT_EQ(ErrorOf(PolicyTable().Default(bad)), "invalid policy table: default: " + why);
  EXPECT_EQ(ErrorOf(PolicyTable().Service("a.B", bad)), "invalid policy table: a.B: " + why);
  EXPECT_EQ(ErrorOf(PolicyTable().Method("a.B/C", bad)), "invalid policy table: a.B/C: " + why);
}

TEST(PolicyTable, R11_AllThatIsWrongIsInTheOneMessage) {
  Policy bad;
  bad.jitter = 1;
  const std::string error = ErrorOf(
      PolicyTable().Default(bad).Service("a/b", Policy()).Method("x", Policy()).Unprotected("y/"));
  EXPECT_THAT(error, HasSubstr("default: invalid policy"));
  EXPECT_THAT(error, HasSubstr("service = \"a/b\""));
  EXPECT_THAT(error, HasSubstr("method = \"x\""));
  EXPECT_THAT(error, HasSubstr("unprotected = \"y/\""));
}

TEST(PolicyTable, IsAValue) {
  PolicyTable table = PolicyTable().Service("a.B", Marked(2));
  const PolicyTable copy = table;
  table.Service("a.C", Marked(3));
  EXPECT_EQ(MarkOf(copy, "a.B/X"), 2);
  EXPECT_EQ(MarkOf(copy, "a.C/X"), kEmpty);
  EXPECT_EQ(MarkOf(table, "a.C/X"), 3);
}

}  // namespace
}  // namespace fusebox
