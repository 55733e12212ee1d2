// SPDX-License-Identifier: Apache-2.0
//
// Standing orders from the command line: what `open`, `policy set` and the like leave behind,
// `orders` and `orders revoke`.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/fuseboxctl/run_ctl.h"

namespace fusebox_testing {
namespace {

using fusebox::Mode;
using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class OrdersOf : public testing::Test {
 protected:
  OrdersOf() {
    server_.Add("pay/1");
    server_.Add("pay/2");
    server_.Add("other");
  }

  Ran Run(std::vector<std::string> arguments, const Surroundings& surroundings = {}) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address()});
    return RunCtl(std::move(arguments), surroundings);
  }
  Ran Write(std::vector<std::string> arguments, int exit_code = 0) const {
    arguments.insert(arguments.end(), {"--reason", "the migration", "--yes"});
    Ran ran = Run(std::move(arguments));
    EXPECT_EQ(ran.exit_code, exit_code) << ran.err;
    return ran;
  }
  Mode ModeOf(const std::string& name) { return server_.Add(name).Snapshot().mode; }

  AdminServer server_;
};

TEST_F(OrdersOf, APatternHoldForThoseMadeLater) {
  const Ran ran = Write({"open", "pay/*", "--ttl", "5m"});
  EXPECT_THAT(ran.out, ContainsRegex("pay/2 +open: done +OPEN +FORCED_OPEN\n"));
  EXPECT_THAT(
      ran.err,
      HasSubstr("test-1: order 1 holds pay/*: 2 circuits now, and those made later, for 5m\n"));
  EXPECT_EQ(ModeOf("pay/3"), Mode::kForcedOpen);
  EXPECT_THAT(Write({"open", "pay/*"}).err, HasSubstr("; in place of order 1\n"));
  EXPECT_THAT(Write({"auto", "pay/*"}).err, Not(HasSubstr("order")));
  EXPECT_EQ(ModeOf("pay/4"), Mode::kAutomatic);
}

TEST_F(OrdersOf, ANameHoldForTheNextCircuitOfThatName) {
  EXPECT_THAT(Write({"disable", "pay/1"}).err,
              HasSubstr("order 1 holds pay/1, and the next circuit of that name\n"));
  EXPECT_TRUE(server_.registry()->Remove("pay/1").ok());
  EXPECT_EQ(ModeOf("pay/1"), Mode::kDisabled);
  EXPECT_THAT(Write({"reset", "pay/1"}).err, Not(HasSubstr("order")));
  EXPECT_TRUE(server_.registry()->Orders().empty());
}

TEST_F(OrdersOf, NothingAtAllAreOnlyGivenIfTheyAreMeant) {
  const Ran typo = Write({"open", "pya/*"}, 1);
  EXPECT_THAT(typo.err, AllOf(HasSubstr("no circuit matches"), HasSubstr("--standing")));
  EXPECT_TRUE(server_.registry()->Orders().empty());
  EXPECT_THAT(Write({"open", "new/*", "--standing"}).err,
              HasSubstr("order 1 holds new/*: 0 circuits now, and those made later"));
  EXPECT_EQ(ModeOf("new/1"), Mode::kForcedOpen);
  EXPECT_THAT(Write({"disable", "a-name", "--standing"}).err,
              HasSubstr("holds a-name: 0 circuits"));
  EXPECT_EQ(ModeOf("a-name"), Mode::kDisabled);
  EXPECT_EQ(Run({"reset", "x", "--reason", "x", "--standing"}).exit_code, 2) << "it is no order";
}

TEST_F(OrdersOf, EverythingAreAskedAboutWithTheCount) {
  for (const char* which : {"*", "--all"}) {
    const Ran ran = Run({"shadow", which, "--reason", "x"});
    EXPECT_EQ(ran.exit_code, 5);
    EXPECT_THAT(ran.err, HasSubstr("shadow 3 circuits, and those made later?"));
  }
  EXPECT_TRUE(server_.registry()->Remove("pay/1").ok());
  EXPECT_TRUE(server_.registry()->Remove("pay/2").ok());
  EXPECT_EQ(Run({"shadow", "*", "--reason", "x"}).exit_code, 5) << "of one circuit too";
  EXPECT_THAT(Write({"shadow", "*"}).err, HasSubstr("order 1 holds *: 1 circuit now"));
  EXPECT_EQ(ModeOf("pay/1"), Mode::kShadow);
}

TEST_F(OrdersOf, APolicyAreSetByPattern) {
  const Ran ran = Write({"policy", "set", "pay/*", "open_duration=45s"});
  EXPECT_THAT(ran.out, ContainsRegex("pay/1 +policy set: done +CLOSED"));
  EXPECT_THAT(ran.err, HasSubstr("order 1 sets the policy of pay/*: 2 circuits now"));
  EXPECT_EQ(server_.Add("pay/3").Snapshot().policy->open_duration, absl::Seconds(45));
  EXPECT_THAT(Write({"policy", "set", "other", "open_duration=45s"}).err,
              HasSubstr("order 2 sets the policy of other, and of the next circuit of that name"));
  EXPECT_THAT(Write({"policy", "set", "new/*", "jitter=0.2", "--standing"}).err,
              HasSubstr("order 3 sets the policy of new/*: 0 circuits now"));
  EXPECT_EQ(Run({"policy", "set", "pay/*", "jitter=0.1", "--reason", "x"}).exit_code, 5);
  EXPECT_EQ(Run({"policy", "set", "pay/*", "jitter=0.1", "--reason", "x", "--etag", "1"}).exit_code,
            2);
  EXPECT_THAT(Run({"policy", "set", "pay/*", "jitter=0.1", "--reason", "x", "--dry-run"}).out,
              ContainsRegex("pay/2 +would policy set"));
  EXPECT_THAT(Write({"policy", "set", "pay/*", "jitter=2"}, 1).err, HasSubstr("jitter"));

  const Ran got = Run({"get", "pay/3"});
  EXPECT_THAT(got.out, AllOf(ContainsRegex("open_duration: 45s +order 1 by local 127.0.0.1\n"),
                             ContainsRegex("consecutive_failures: 3 +code\n"),
                             ContainsRegex("max_open_duration: 5m +default\n")));
}

TEST_F(OrdersOf, AreListed) {
  EXPECT_THAT(Run({"orders"}).err, HasSubstr("no order stands"));
  Write({"open", "pay/*", "--ttl", "5m"});
  Write({"policy", "set", "other", "open_duration=45s", "ramp=on"});
  const Ran ran = Run({"orders"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out,
              ContainsRegex("INSTANCE +ID +PATTERN +ACTION +CIRCUITS +SINCE +ENDS +WHO +WHY\n"));
  EXPECT_THAT(ran.out, ContainsRegex("test-1 +1 +pay/\\* +open +2 +[^ ]+ +in [^ ]+ +local "
                                     "127.0.0.1 +the migration\n"));
  EXPECT_THAT(ran.out, ContainsRegex("test-1 +2 +other +policy open_duration=45s ramp=on"));
  EXPECT_THAT(Run({"get", "pay/1"}).out, ContainsRegex("held by +order 1"));
  EXPECT_THAT(Run({"get", "other"}).out, Not(HasSubstr("held by")));

  const auto endpoint = EndpointOf(Run({"orders", "--output", "json"}).out, 0).fields();
  EXPECT_EQ(endpoint.at("instance").string_value(), "test-1");
  const auto orders = endpoint.at("orders").list_value();
  ASSERT_EQ(orders.values_size(), 2);
  const auto first = orders.values(0).struct_value().fields();
  EXPECT_EQ(first.at("id").string_value(), "1");
  EXPECT_EQ(first.at("action").string_value(), "ORDER_ACTION_FORCE_OPEN");
  EXPECT_EQ(first.at("ttl").string_value(), "300s");
}

TEST_F(OrdersOf, AreRevokedByNumber) {
  Write({"open", "pay/*"});
  Write({"disable", "other"});
  EXPECT_EQ(Run({"orders", "revoke", "--reason", "x"}).exit_code, 2);
  EXPECT_EQ(Run({"orders", "revoke", "x", "--reason", "x"}).exit_code, 2);
  EXPECT_EQ(Run({"orders", "revoke", "1"}).exit_code, 2) << "why?";
  const Ran ran = Run({"orders", "revoke", "1", "2", "--reason", "it is back"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(ContainsRegex("test-1 +1 +pay/\\* +open +revoked\n"),
                             ContainsRegex("test-1 +2 +other +disable +revoked\n")));
  EXPECT_EQ(ModeOf("pay/1"), Mode::kAutomatic);
  const Ran gone = Run({"orders", "revoke", "1", "--reason", "x"});
  EXPECT_EQ(gone.exit_code, 1);
  EXPECT_THAT(gone.err, AllOf(HasSubstr("NOT_FOUND"), HasSubstr("fuseboxctl orders")));
}

TEST_F(OrdersOf, AFleetAreGivenEverywhereAndRevokedOnceConfirmed) {
  AdminServer other([](fusebox::CircuitAdminOptions& options) { options.instance = "test-2"; });
  const std::vector<std::string> more = {"--endpoint", other.address()};
  std::vector<std::string> open = {"open", "pay/*"};
  open.insert(open.end(), more.begin(), more.end());
  const Ran opened = Write(open);
  EXPECT_THAT(opened.err, AllOf(HasSubstr("test-1: order 1 holds pay/*: 2 circuits now"),
                                HasSubstr("test-2: order 1 holds pay/*: 0 circuits now")));
  EXPECT_EQ(other.Add("pay/1").Snapshot().mode, Mode::kForcedOpen) << "it is there from now on";
  std::vector<std::string> revoke = {"orders", "revoke", "1", "--reason", "x"};
  revoke.insert(revoke.end(), more.begin(), more.end());
  const Ran asked = Run(revoke);
  EXPECT_EQ(asked.exit_code, 5);
  EXPECT_THAT(asked.err, AllOf(HasSubstr("test-2  1  pay/*  open"),
                               HasSubstr("revoke order 1 at 2 instances?")));
  revoke.emplace_back("--yes");
  EXPECT_EQ(Run(revoke).exit_code, 0);
  EXPECT_TRUE(other.registry()->Orders().empty());
  EXPECT_TRUE(server_.registry()->Orders().empty());
}

// ---- Of others.

fusebox::StandingOrder BySre(std::string pattern, fusebox::OrderAction action) {
  fusebox::StandingOrder order;
  order.pattern = std::move(pattern);
  order.action = action;
  order.by = fusebox::Operator("sre").Because("because");
  if (action == fusebox::OrderAction::kSetPolicy) {
    order.change.values.open_duration = absl::Seconds(7);
    order.change.fields = {{"open_duration", ""}};
  }
  return order;
}

TEST_F(OrdersOf, OthersAreNamedWhereANewOneOverrulesThem) {
  const auto& registry = server_.registry();
  ASSERT_TRUE(registry->GiveOrder(BySre("pay/*", fusebox::OrderAction::kForceOpen)).ok());
  ASSERT_TRUE(registry->GiveOrder(BySre("oth*", fusebox::OrderAction::kSetPolicy)).ok());
  const std::string overrules = "test-1: overrules order 1 by sre (open pay/*)\n";
  EXPECT_THAT(Write({"disable", "pay/1"}).err, HasSubstr(overrules)) << "one circuit";
  EXPECT_THAT(Write({"shadow", "*/1"}).err, HasSubstr(overrules)) << "a pattern";
  EXPECT_THAT(Write({"shadow", "pay/9", "--standing"}).err, HasSubstr(overrules)) << "none yet";
  EXPECT_THAT(Write({"disable", "other"}).err, Not(HasSubstr("overrules")));
  EXPECT_THAT(Write({"disable", "pay/1"}).err, Not(HasSubstr("by local"))) << "its own orders";
  const std::string policy = "overrules order 2 by sre (policy open_duration=7s oth*)";
  EXPECT_THAT(Write({"policy", "set", "other", "jitter=0.2"}).err, Not(HasSubstr("overrules")));
  EXPECT_THAT(Write({"policy", "set", "other", "open_duration=45s"}).err, HasSubstr(policy));
  EXPECT_THAT(Write({"policy", "set", "othe*", "open_duration=45s"}).err, HasSubstr(policy));

  // Before it asks, too.
  const Ran asked = Run({"disable", "pay/*", "--reason", "x"});
  EXPECT_EQ(asked.exit_code, 5);
  EXPECT_THAT(asked.err, HasSubstr("test-1: would overrule order 1 by sre (open pay/*)\n"));
  EXPECT_EQ(registry->Orders().front().id, 1U);

  const std::string ended = "test-1: has ended order 1 by sre (open pay/*)\n";
  EXPECT_THAT(Write({"reset", "pay/*", "--dry-run"}).err,
              HasSubstr("test-1: would end order 1 by sre (open pay/*)\n"));
  EXPECT_THAT(Write({"reset", "pay/*"}).err, HasSubstr(ended));
  EXPECT_THAT(Write({"auto", "pay/*"}).err, Not(HasSubstr("order 1 "))) << "it is gone";

  ASSERT_TRUE(registry->GiveOrder(BySre("pay/*", fusebox::OrderAction::kDisable)).ok());
  const Ran json = Write({"open", "pay/*", "--output", "json"});
  const auto overruled = EndpointOf(json.out, 0).fields().at("overruled").list_value();
  ASSERT_EQ(overruled.values_size(), 1);
  const auto told = overruled.values(0).struct_value().fields();
  EXPECT_EQ(told.at("order").struct_value().fields().at("actor").string_value(), "sre");
}

TEST_F(OrdersOf, ADryRunAreSaidAndNotGiven) {
  const auto dry = [this](std::vector<std::string> arguments) {
    arguments.emplace_back("--dry-run");
    return Write(std::move(arguments)).err;
  };
  const std::string nothing = "--dry-run: nothing was changed\n";
  EXPECT_THAT(dry({"open", "new/*", "--standing", "--ttl", "5m"}),
              AllOf(HasSubstr("test-1: would hold new/*: 0 circuits now, and those made later, for "
                              "5m\n"),
                    HasSubstr(nothing)));
  EXPECT_THAT(dry({"disable", "a-name", "--standing"}), HasSubstr("would hold a-name: 0 circuits"));
  EXPECT_THAT(dry({"policy", "set", "new/*", "jitter=0.1", "--standing"}),
              HasSubstr("would set the policy of new/*: 0 circuits now"));
  EXPECT_THAT(
      dry({"policy", "set", "other", "jitter=0.1"}),
      AllOf(HasSubstr("would set the policy of other, and of the next circuit of that name"),
            HasSubstr(nothing)));
  EXPECT_THAT(dry({"auto", "new/*", "--standing"}), HasSubstr(nothing));
  EXPECT_THAT(dry({"reset", "pay/*"}), AllOf(Not(HasSubstr("would hold")), HasSubstr(nothing)));
  EXPECT_TRUE(server_.registry()->Orders().empty());
  Write({"open", "pay/*"});
  EXPECT_THAT(dry({"open", "pay/*"}),
              HasSubstr("would hold pay/*: 2 circuits now, and those made later; in place of order "
                        "1\n"));
}

TEST_F(OrdersOf, AWriteAreInItsJson) {
  const auto endpoint = EndpointOf(Write({"open", "pay/*", "--output", "json"}).out, 0).fields();
  const auto orders = endpoint.at("orders").list_value();
  ASSERT_EQ(orders.values_size(), 1);
  const auto order = orders.values(0).struct_value().fields().at("order").struct_value().fields();
  EXPECT_EQ(order.at("pattern").string_value(), "pay/*");
  EXPECT_EQ(order.at("circuits").string_value(), "2");
  const auto one = EndpointOf(Write({"disable", "other", "--output", "json"}).out, 0).fields();
  EXPECT_EQ(
      one.at("results").list_value().values(0).struct_value().fields().at("order").string_value(),
      "2");
}

}  // namespace
}  // namespace fusebox_testing
