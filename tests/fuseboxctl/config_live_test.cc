// SPDX-License-Identifier: Apache-2.0
//
// `fuseboxctl config show|diff|reload`, of processes that follow a real file.
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "fusebox/config/config_watcher.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/admin/admin_server.h"
#include "tests/config/written_files.h"
#include "tests/fuseboxctl/run_ctl.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

using fusebox::ConfigWatcher;
using fusebox::ConfigWatcherOptions;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Yaml(int seconds) {
  return absl::StrCat(
      "version: '", seconds,
      "'\ndependencies:\n  inventory:\n    default:\n      open_duration: ", seconds,
      "s\n      slow_call_rate: off\n    methods:\n      shop.Inventory/List:\n"
      "        half_open: {max_concurrent: 7}\n");
}

class ConfigLive : public testing::Test {
 protected:
  ConfigLive() {
    server_.Add("inventory/shop.Inventory/Reserve", "inventory");
    server_.Add("inventory/shop.Inventory/List", "inventory");
    server_.Add("payment/shop.Payment/Pay", "payment");
  }

  std::string file() const { return (folder_ / "policies.yaml").string(); }

  void Follow() {
    WriteInPlace(file(), Yaml(5));
    ConfigWatcherOptions options;
    options.path = file();
    options.registry = server_.registry();
    options.still_for = absl::Minutes(1);  // only when it is asked to
    options.longest_wait = absl::Minutes(1);
    watcher_ = ConfigWatcher::Start(std::move(options)).value();
  }

  Ran Run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--endpoint", server_.address(), "config"});
    return RunCtl(std::move(arguments));
  }

  TestFolder folder_;
  AdminServer server_;
  std::unique_ptr<ConfigWatcher> watcher_;
};

TEST_F(ConfigLive, ShowsWhatIsInForceAndWhereItIsFrom) {
  Follow();
  const Ran ran = Run({"show"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("test-1\n"),
                             HasSubstr(absl::StrCat("  file       ", file(), ", version 5\n")),
                             HasSubstr(watcher_->Status().hash),
                             HasSubstr("it changed the policy of 2 of 3 circuits\n"),
                             HasSubstr("  inventory\n    open_duration: 5s"),
                             HasSubstr("policies.yaml:5\n"), HasSubstr("    slow_call_rate: off"),
                             HasSubstr("  inventory shop.Inventory/List\n"
                                       "    half_open.max_concurrent: 7  ")));
  EXPECT_THAT(ran.out, Not(HasSubstr("refused")));
  const auto json = EndpointOf(Run({"show", "--output", "json"}).out, 0);
  EXPECT_EQ(json.fields().at("config").struct_value().fields().at("version").string_value(), "5");
  const auto& overrides = json.fields().at("overrides").list_value();
  ASSERT_EQ(overrides.values_size(), 2);
  const auto& first = overrides.values(0).struct_value().fields();
  EXPECT_EQ(first.at("dependency").string_value(), "inventory");
  EXPECT_EQ(first.at("fields").list_value().values_size(), 2);
}

TEST_F(ConfigLive, ShowsWhyAFileIsRefused) {
  Follow();
  WriteInPlace(file(), "dependencies: 7\nversoin: 3\n");
  EXPECT_FALSE(watcher_->Reload().ok());
  const Ran ran = Run({"show"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("version 5"), HasSubstr("refused"),
                             HasSubstr("policies.yaml:1: "), HasSubstr("policies.yaml:2: ")));
}

TEST_F(ConfigLive, ShowsThatNoFileIsFollowed) {
  const Ran ran = Run({"show"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "test-1\n  file       none is followed\n");
  const Ran diff = Run({"diff", "/dev/null"});
  EXPECT_EQ(diff.exit_code, 1);
  EXPECT_THAT(diff.err, HasSubstr("follows no configuration file"));
}

TEST_F(ConfigLive, DiffSaysWhatWouldChangeAndChangesNothing) {
  Follow();
  const std::string other = (folder_ / "other.yaml").string();
  WriteInPlace(other, Yaml(9));
  const Ran ran = Run({"diff", other});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "test-1  the policy of 2 of 3 circuits would change\n"
            "  inventory/shop.Inventory/List\n"
            "  inventory/shop.Inventory/Reserve\n"
            "    open_duration: 5s -> 9s\n"
            "Only policies follow the file: classifier, scope, streams, unprotected, functions and "
            "health are\n"
            "read when a channel is made, registry and log when the process starts.\n");
  EXPECT_EQ(watcher_->Status().version, "5");
  const auto json = EndpointOf(Run({"diff", other, "--output", "json"}).out, 0);
  EXPECT_EQ(json.fields().at("difference_count").number_value(), 2);
  EXPECT_EQ(json.fields().at("circuits").number_value(), 3);
}

TEST_F(ConfigLive, WhatFitsNoCircuitIsNamed) {
  Follow();
  EXPECT_THAT(Run({"show"}).out, Not(HasSubstr("no circuit")));
  const std::string text =
      Yaml(9) + "      shop.Inventory/Lisst: {}\n    services: {shop.Inventory: {}, shop.I: {}}\n" +
      "  paiment: {}\n";
  const std::string other = (folder_ / "other.yaml").string();
  WriteInPlace(other, text);
  const Ran diff = Run({"diff", other});
  const std::string named =
      "  fits no circuit so far: inventory shop.I\n"
      "  fits no circuit so far: inventory shop.Inventory/Lisst\n"
      "  fits no circuit so far: paiment\n";
  EXPECT_THAT(diff.out, HasSubstr("9s\n" + named)) << diff.err;
  const auto json = EndpointOf(Run({"diff", other, "--output", "json"}).out, 0);
  EXPECT_EQ(json.fields().at("unused_override_count").number_value(), 3);
  WriteInPlace(file(), text);
  ASSERT_TRUE(watcher_->Reload().ok());
  EXPECT_THAT(Run({"show"}).out, HasSubstr(named));
}

TEST_F(ConfigLive, DiffSaysWhatIsWrongWithAFile) {
  Follow();
  const std::string other = (folder_ / "other.yaml").string();
  WriteInPlace(other, "dependencies:\n  inventory:\n    default:\n      open_duratoin: 3s\n");
  const Ran ran = Run({"diff", other});
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("other.yaml:4"), HasSubstr("open_duration")));
  const Ran missing = Run({"diff", (folder_ / "missing.yaml").string()});
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(missing.err, HasSubstr("missing.yaml"));
}

TEST_F(ConfigLive, DiffNamesTheFirstOfMany) {
  Follow();
  for (int i = 0; i < 20; ++i) {
    server_.Add(absl::StrCat("inventory/shop.Inventory/M", i), "inventory");
  }
  const std::string other = (folder_ / "other.yaml").string();
  WriteInPlace(other, Yaml(9));
  EXPECT_THAT(Run({"diff", other}).out, AllOf(HasSubstr("22 of 23 circuits"),
                                              HasSubstr("and 12 more: --verbose names them\n")));
  EXPECT_THAT(Run({"diff", other, "--verbose"}).out,
              AllOf(HasSubstr("Inventory/M19\n"), Not(HasSubstr("--verbose"))));
}

TEST_F(ConfigLive, Reload) {
  Follow();
  WriteInPlace(file(), Yaml(9));
  const Ran ran = Run({"reload", "--reason", "new limits"});
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr(absl::StrCat("in force: ", file(),
                                           ", version 9; the policy of 2 of 3 circuits changed\n")),
                    HasSubstr("    open_duration: 5s -> 9s\n")));
  EXPECT_EQ(watcher_->Status().version, "9");

  WriteInPlace(file(), "dependencies: 7\n");
  const Ran refused = Run({"reload", "--reason", "new limits"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("policies.yaml:1"), HasSubstr("config check")));
  EXPECT_EQ(watcher_->Status().version, "9");
}

TEST_F(ConfigLive, ReloadNeedsAReason) {
  Follow();
  const Ran ran = Run({"reload"});
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_THAT(ran.err, HasSubstr("--reason"));
}

TEST_F(ConfigLive, OfSeveralProcesses) {
  Follow();
  AdminServer other([](fusebox::CircuitAdminOptions& options) { options.instance = "test-2"; });
  const Ran ran = RunCtl({"--endpoint", server_.address(), "--endpoint", other.address(), "config",
                          "reload", "--reason", "new limits"});
  EXPECT_EQ(ran.exit_code, 3);  // one of them follows none
  EXPECT_THAT(ran.out, HasSubstr("test-1"));
  EXPECT_THAT(ran.err, HasSubstr("follows no configuration file"));
}

}  // namespace
}  // namespace fusebox_testing
