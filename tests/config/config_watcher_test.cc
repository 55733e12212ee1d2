// SPDX-License-Identifier: Apache-2.0
//
// A file that is followed: what becomes of each change, and that what is refused changes nothing.
#include "fusebox/config/config_watcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/config/config.h"
#include "fusebox/fork.h"
#include "fusebox/state.h"
#include "tests/config/written_files.h"
#include "tests/support/in_child.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitBreaker;
using fusebox::CircuitRegistry;
using fusebox::Config;
using fusebox::ConfigControl;
using fusebox::ConfigFormat;
using fusebox::ConfigStatus;
using fusebox::ConfigWatcher;
using fusebox::ConfigWatcherOptions;
using fusebox::Event;
using fusebox::EventKind;
using fusebox::Operator;
using fusebox::OverridesResult;
using fusebox::Policy;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kCircuit[] = "payment/shop.Payment/Pay";

// A file by which the circuits of `payment` stay OPEN for so long.
std::string Yaml(int seconds, const std::string& version = "") {
  return absl::StrCat(version.empty() ? "" : absl::StrCat("version: \"", version, "\"\n"),
                      "dependencies:\n  payment:\n    default:\n      open_duration: ", seconds,
                      "s\n");
}

// What a listener was told of, one after the other.
class Results {
 public:
  void Add(const absl::StatusOr<OverridesResult>& result) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (result.ok()) {
      results_.push_back(result);
    } else {
      // A status of its own: of those that are shared, ThreadSanitizer doesn't see the count.
      results_.emplace_back(absl::Status(result.status().code(), result.status().message()));
    }
    changed_.notify_all();
  }

  // The next one. Waits for a very long time, and no longer than needed.
  absl::StatusOr<OverridesResult> Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::minutes(2), [&] { return !results_.empty(); })) {
      return absl::DeadlineExceededError("nothing was told");
    }
    absl::StatusOr<OverridesResult> result = std::move(results_.front());
    results_.erase(results_.begin());
    return result;
  }

  bool empty() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return results_.empty();
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<absl::StatusOr<OverridesResult>> results_;
};

class ConfigWatcherTest : public testing::Test {
 protected:
  ConfigWatcherTest() {
    registry_ = std::make_shared<CircuitRegistry>();
    circuit_ = registry_->GetOrCreate(kCircuit, {}, "payment").value();
  }

  std::filesystem::path file() const { return folder_ / "payments.yaml"; }

  ConfigWatcherOptions Options() {
    ConfigWatcherOptions options;
    options.path = file().string();
    options.registry = registry_;
    options.still_for = absl::Milliseconds(5);
    options.listener = [this](const auto& result) { results_.Add(result); };
    return options;
  }

  absl::Status Start(ConfigWatcherOptions options) {
    absl::StatusOr<std::unique_ptr<ConfigWatcher>> started =
        ConfigWatcher::Start(std::move(options));
    if (!started.ok()) return started.status();
    watcher_ = *std::move(started);
    return absl::OkStatus();
  }
  void StartWith(const std::string& yaml) {
    WriteInPlace(file(), yaml);
    ASSERT_TRUE(Start(Options()).ok());
  }

  // How long the circuit stays OPEN, by the policy in force.
  int OpenSeconds() const {
    return static_cast<int>(absl::ToInt64Seconds(
        circuit_->Snapshot().policy->open_duration.value_or(absl::Seconds(0))));
  }

  void ExpectReloaded(int seconds) {
    const absl::StatusOr<OverridesResult> result = TakeLasting("");
    EXPECT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(OpenSeconds(), seconds);
    const ConfigStatus status = watcher_->Status();
    EXPECT_TRUE(status.last_attempt_ok);
    EXPECT_EQ(status.error, "");
    EXPECT_EQ(LastEvent().kind, EventKind::kConfigReloaded);
  }

  // With that error, and nothing has changed.
  void ExpectRefused(const std::string& error, int seconds) {
    const std::string hash = watcher_->Status().hash;
    const absl::StatusOr<OverridesResult> result = TakeLasting(error);
    EXPECT_FALSE(result.ok());
    EXPECT_THAT(result.status().message(), AllOf(HasSubstr("payments.yaml"), HasSubstr(error)));
    EXPECT_EQ(OpenSeconds(), seconds);
    const ConfigStatus status = watcher_->Status();
    EXPECT_FALSE(status.last_attempt_ok);
    EXPECT_THAT(status.error, HasSubstr(error));
    EXPECT_EQ(status.hash, hash);
    EXPECT_EQ(LastEvent().kind, EventKind::kConfigRefused);
    EXPECT_THAT(LastEvent().detail, HasSubstr("payments.yaml"));
  }

  // What it comes to in the end: between two files there may be none for a moment, and one that is
  // being written is empty before anything is in it.
  absl::StatusOr<OverridesResult> TakeLasting(const std::string& expected) {
    for (;;) {
      absl::StatusOr<OverridesResult> result = results_.Take();
      const absl::string_view error = result.status().message();
      const bool passes =
          absl::StrContains(error, "is empty") || absl::StrContains(error, "No such file");
      if (!passes || (!expected.empty() && absl::StrContains(error, expected))) return result;
    }
  }

  // Of no circuit.
  Event LastEvent() const {
    Event last;
    for (const Event& event : registry_->EventsSince(0).events) {
      if (event.circuit.empty()) last = event;
    }
    return last;
  }

  // The file is right again, and followed as before.
  void ExpectGoesOn() {
    WriteAsEditor(file(), Yaml(77));
    ExpectReloaded(77);
  }

  TestFolder folder_;
  std::shared_ptr<CircuitRegistry> registry_;
  std::shared_ptr<CircuitBreaker> circuit_;
  Results results_;
  std::unique_ptr<ConfigWatcher> watcher_;
};

// ---- To begin with.

TEST_F(ConfigWatcherTest, TheFileIsInForceOnceItHasStarted) {
  StartWith(Yaml(7, "first"));
  EXPECT_EQ(OpenSeconds(), 7);
  const auto later = registry_->GetOrCreate("payment/shop.Payment/Refund", {}, "payment").value();
  EXPECT_EQ(later->Snapshot().policy->open_duration, absl::Seconds(7));

  const ConfigStatus status = watcher_->Status();
  EXPECT_EQ(status.file, file().string());
  EXPECT_TRUE(status.in_force);
  EXPECT_EQ(status.version, "first");
  EXPECT_EQ(status.hash, watcher_->config()->hash());
  EXPECT_EQ(status.circuits, 1U);
  EXPECT_EQ(status.circuits_changed, 1U);
  EXPECT_TRUE(status.last_attempt_ok);
  EXPECT_LE(status.loaded_at, status.last_attempt);
  EXPECT_EQ(status.reloads, 1);
  EXPECT_EQ(registry_->config_control()->Status().hash, status.hash);

  const Event event = LastEvent();
  EXPECT_EQ(event.kind, EventKind::kConfigReloaded);
  EXPECT_THAT(event.detail, AllOf(HasSubstr(file().string()), HasSubstr("version \"first\""),
                                  HasSubstr(status.hash.substr(0, 12)),
                                  HasSubstr("changed the policy of 1 of 1 circuits")));
}

TEST_F(ConfigWatcherTest, AFileThatIsWrongIsAnErrorOfStart) {
  WriteInPlace(file(), "dependencies:\n  payment:\n    default:\n      open_duratoin: 3s\n");
  const absl::Status status = Start(Options());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("payments.yaml:4"), HasSubstr("open_duration")));
  EXPECT_EQ(registry_->config_control(), nullptr);
  WriteInPlace(file(), Yaml(3));
  EXPECT_TRUE(Start(Options()).ok());
}

TEST_F(ConfigWatcherTest, SoIsOneThatIsMissing) {
  EXPECT_EQ(Start(Options()).code(), absl::StatusCode::kNotFound);
}

TEST_F(ConfigWatcherTest, UnlessItMayBe) {
  ConfigWatcherOptions options = Options();
  options.allow_missing = true;
  ASSERT_TRUE(Start(options).ok());
  EXPECT_EQ(watcher_->config(), nullptr);
  EXPECT_FALSE(watcher_->Status().in_force);
  EXPECT_FALSE(watcher_->Status().last_attempt_ok);
  EXPECT_EQ(watcher_->Options("payment").status().code(), absl::StatusCode::kFailedPrecondition);
  WriteInPlace(file(), Yaml(4));
  ExpectReloaded(4);
}

TEST_F(ConfigWatcherTest, WhichIsNotToSayThatItMayBeWrong) {
  ConfigWatcherOptions options = Options();
  options.allow_missing = true;
  WriteInPlace(file(), "dependencies: 7\n");
  EXPECT_EQ(Start(options).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ConfigWatcherTest, OptionsThatAreWrongAreAllNamed) {
  ConfigWatcherOptions options;
  options.still_for = absl::Hours(1);
  options.longest_wait = absl::Seconds(-1);
  options.poll_interval = absl::ZeroDuration();
  const absl::Status status = Start(options);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  for (const char* const field :
       {"path", "registry", "still_for", "longest_wait", "poll_interval"}) {
    EXPECT_THAT(std::string(status.message()), HasSubstr(field));
  }
}

TEST_F(ConfigWatcherTest, ARegistryFollowsOneFileAtATime) {
  StartWith(Yaml(7));
  EXPECT_EQ(ConfigWatcher::Start(Options()).status().code(), absl::StatusCode::kFailedPrecondition);
  watcher_ = nullptr;
  EXPECT_EQ(registry_->config_control(), nullptr);
  EXPECT_EQ(OpenSeconds(), 7);  // stays
  EXPECT_TRUE(Start(Options()).ok());
}

// ---- Ways to change a file.

TEST_F(ConfigWatcherTest, WrittenInPlace) {
  StartWith(Yaml(7));
  WriteInPlace(file(), Yaml(8));
  ExpectReloaded(8);
}

TEST_F(ConfigWatcherTest, ARelativePathIsOfTheFolderOfItsStart) {
  const std::filesystem::path before = std::filesystem::current_path();
  WriteInPlace(file(), Yaml(5));
  std::filesystem::current_path(folder_.path());
  ConfigWatcherOptions options = Options();
  options.path = "payments.yaml";
  const absl::Status started = Start(std::move(options));
  std::filesystem::current_path(before);
  ASSERT_TRUE(started.ok()) << started;
  EXPECT_EQ(OpenSeconds(), 5);
  WriteInPlace(file(), Yaml(7));
  ExpectReloaded(7);
  EXPECT_TRUE(watcher_->Reload(Operator("sre")).ok());
}

TEST_F(ConfigWatcherTest, WrittenByAnEditor) {
  StartWith(Yaml(7));
  for (int seconds = 8; seconds < 12; ++seconds) {
    WriteAsEditor(file(), Yaml(seconds));
    ExpectReloaded(seconds);
  }
}

TEST_F(ConfigWatcherTest, MountedByKubernetes) {
  MountedConfigMap map(folder_ / "config", "payments.yaml");
  map.Update(Yaml(7));
  ConfigWatcherOptions options = Options();
  options.path = map.file().string();
  ASSERT_TRUE(Start(options).ok());
  map.Update(Yaml(8));
  ExpectReloaded(8);
  map.Update("dependencies: 7\n");
  ExpectRefused("must be", 8);
  map.Update(Yaml(9));
  ExpectReloaded(9);
}

TEST_F(ConfigWatcherTest, TruncatedAndCompletedLater) {
  StartWith(Yaml(7));
  const std::string text = Yaml(8);
  {
    std::ofstream to(file(), std::ios::binary);
    const absl::StatusOr<OverridesResult> nothing = results_.Take();
    EXPECT_THAT(std::string(nothing.status().message()), HasSubstr("is empty"));
    EXPECT_EQ(OpenSeconds(), 7);
    to << text.substr(0, text.size() - 2) << std::flush;  // "open_duration: 8" lacks its unit
    ExpectRefused("open_duration", 7);
    to << text.substr(text.size() - 2);
  }
  ExpectReloaded(8);
}

TEST_F(ConfigWatcherTest, DeletedAndBack) {
  StartWith(Yaml(7));
  std::filesystem::remove(file());
  ExpectRefused("No such file", 7);
  WriteInPlace(file(), Yaml(8));
  ExpectReloaded(8);
}

TEST_F(ConfigWatcherTest, DeletedAndBackAsItWas) {
  StartWith(Yaml(7));
  std::filesystem::remove(file());
  ExpectRefused("No such file", 7);
  WriteInPlace(file(), Yaml(7));
  ExpectReloaded(7);  // nothing has changed, but all is well again
}

TEST_F(ConfigWatcherTest, Unreadable) {
  StartWith(Yaml(7));
  if (geteuid() == 0) {
    // Root may read anything: what it can't read is no file.
    std::filesystem::create_symlink("payments.yaml", folder_ / "next");
    std::filesystem::rename(folder_ / "next", file());
    ExpectRefused("Too many levels", 7);
  } else {
    std::filesystem::permissions(file(), std::filesystem::perms::none);
    ExpectRefused("Permission denied", 7);
  }
  std::filesystem::remove(file());
  ExpectGoesOn();
}

TEST_F(ConfigWatcherTest, TenMegabytesOfGarbage) {
  StartWith(Yaml(7));
  std::string garbage(10'000'000, '\0');
  for (std::size_t i = 0; i < garbage.size(); ++i) garbage[i] = static_cast<char>(i * 7'919 >> 3);
  WriteAsEditor(file(), garbage);
  ExpectRefused("bytes", 7);
  garbage.resize(1'000'000);
  WriteAsEditor(file(), garbage);
  ExpectRefused("payments.yaml", 7);
  ExpectGoesOn();
}

TEST_F(ConfigWatcherTest, AYamlBomb) {
  StartWith(Yaml(7));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = absl::StrCat("*a", i - 1);
    absl::StrAppend(&bomb, "a", i, ": &a", i, " [");
    for (int k = 0; k < 10; ++k) absl::StrAppend(&bomb, k == 0 ? "" : ", ", before);
    absl::StrAppend(&bomb, "]\n");
  }
  WriteAsEditor(file(), bomb);
  ExpectRefused("payments.yaml", 7);
  ExpectGoesOn();
}

TEST_F(ConfigWatcherTest, ADevice) {
  StartWith(Yaml(7));
  std::filesystem::create_symlink("/dev/zero", folder_ / "next");
  std::filesystem::rename(folder_ / "next", file());
  ExpectRefused("not a regular file", 7);
  ExpectGoesOn();
}

TEST_F(ConfigWatcherTest, AFifo) {
  StartWith(Yaml(7));
  ASSERT_EQ(mkfifo((folder_ / "next").c_str(), 0600), 0);
  std::filesystem::rename(folder_ / "next", file());
  ExpectRefused("not a regular file", 7);
  ExpectGoesOn();
}

TEST_F(ConfigWatcherTest, AFolder) {
  StartWith(Yaml(7));
  std::filesystem::remove(file());
  std::filesystem::create_directory(file());
  ExpectRefused("payments.yaml", 7);
  std::filesystem::remove(file());
  ExpectGoesOn();
}

TEST_F(ConfigWatcherTest, LookedAtWhereTheKernelIsntAsked) {
  WriteInPlace(file(), Yaml(7));
  ConfigWatcherOptions options = Options();
  options.always_poll = true;
  options.poll_interval = absl::Milliseconds(2);
  ASSERT_TRUE(Start(options).ok());
  WriteInPlace(file(), Yaml(8));
  ExpectReloaded(8);
}

// ---- What is told.

TEST_F(ConfigWatcherTest, TheSameBytesAreNoNews) {
  StartWith(Yaml(7));
  WriteAsEditor(file(), Yaml(7));
  std::filesystem::last_write_time(file(), std::filesystem::file_time_type::clock::now());
  WriteAsEditor(file(), Yaml(8));
  ExpectReloaded(8);
  EXPECT_EQ(watcher_->Status().reloads, 2);
  EXPECT_TRUE(results_.empty());
}

TEST_F(ConfigWatcherTest, TheSameErrorIsNoNews) {
  StartWith(Yaml(7));
  WriteAsEditor(file(), "dependencies: 7\n");
  ExpectRefused("must be", 7);
  const uint64_t events = registry_->EventsSince(0).last;
  WriteAsEditor(file(), "dependencies: 7\n");
  WriteAsEditor(file(), Yaml(8));
  ExpectReloaded(8);
  EXPECT_EQ(watcher_->Status().refusals, 1);
  // The circuit's change of policy, and the reload.
  EXPECT_EQ(registry_->EventsSince(0).last, events + 2);
}

TEST_F(ConfigWatcherTest, TheEventNamesTheFirstErrorsAndTheStatusAllOfThem) {
  StartWith(Yaml(7, "seven"));
  std::string text = "dependencies:\n  payment:\n    default:\n";
  for (int i = 0; i < 20; ++i) absl::StrAppend(&text, "      wrong_", i, ": 1\n");
  WriteAsEditor(file(), text);
  ExpectRefused("wrong_19", 7);
  EXPECT_THAT(LastEvent().detail, AllOf(HasSubstr("wrong_0"), HasSubstr("and 17 more"),
                                        HasSubstr("\"seven\""), HasSubstr("stays in force")));
}

TEST_F(ConfigWatcherTest, ACircuitsTotalsModeAndStateStay) {
  StartWith(Yaml(7));
  circuit_->TryAcquire().permit().RecordSuccess();
  ASSERT_TRUE(circuit_->ForceOpen(Operator("oncall").Because("why")).ok());
  WriteInPlace(file(), Yaml(8));
  ExpectReloaded(8);
  EXPECT_EQ(circuit_->Snapshot().totals.success, 1);
  EXPECT_EQ(circuit_->Snapshot().mode, fusebox::Mode::kForcedOpen);
}

TEST_F(ConfigWatcherTest, APolicyThatACircuitCantHaveIsRefusedAsAWhole) {
  Policy policy;
  policy.max_open_duration = absl::Seconds(60);
  policy.backoff_multiplier = 2;
  ASSERT_TRUE(registry_->GetOrCreate("payment/shop.Payment/Slow", policy, "payment").ok());
  StartWith(Yaml(7));
  WriteInPlace(file(), Yaml(90));  // longer than the longest of that one
  ExpectRefused("shop.Payment/Slow", 7);
}

// ---- On demand.

TEST_F(ConfigWatcherTest, OnDemand) {
  StartWith(Yaml(7));
  WriteInPlace(file(), Yaml(8));
  const absl::StatusOr<OverridesResult> result =
      watcher_->Reload(Operator("oncall").Because("now"));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(OpenSeconds(), 8);
  EXPECT_TRUE(results_.Take().ok());

  const absl::StatusOr<OverridesResult> again = watcher_->Reload(Operator("oncall").Because("now"));
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->circuits, 1U);
  EXPECT_THAT(again->differences, IsEmpty());
  EXPECT_EQ(LastEvent().actor, "oncall");
}

TEST_F(ConfigWatcherTest, OnDemandWithoutAFile) {
  StartWith(Yaml(7));
  std::filesystem::remove(file());
  EXPECT_EQ(watcher_->Reload().status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(OpenSeconds(), 7);
}

TEST_F(ConfigWatcherTest, NotFromWhatAReloadCalls) {
  WriteInPlace(file(), Yaml(7));
  ConfigWatcherOptions options = Options();
  absl::Status inner;
  options.listener = [&](const auto& result) {
    inner = watcher_->Reload().status();
    results_.Add(result);
  };
  ASSERT_TRUE(Start(options).ok());
  WriteAsEditor(file(), Yaml(8));
  EXPECT_TRUE(results_.Take().ok());
  EXPECT_EQ(inner.code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ConfigWatcherTest, WhoHasTheControlMayKeepItAndFindsItOver) {
  StartWith(Yaml(7));
  const std::shared_ptr<ConfigControl> control = registry_->config_control();
  watcher_ = nullptr;
  EXPECT_EQ(control->Reload({}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(control->Status().circuits_changed, 1U);
}

// ---- Before a change.

TEST_F(ConfigWatcherTest, WhatAnotherFileWouldChange) {
  StartWith(Yaml(7));
  const auto config = Config::Parse(Yaml(8), ConfigFormat::kYaml, "other.yaml").value();
  for (const absl::StatusOr<OverridesResult>& result :
       {watcher_->Diff(*config),
        registry_->config_control()->Preview(Yaml(8), "yaml", "other.yaml")}) {
    ASSERT_TRUE(result.ok()) << result.status();
    ASSERT_EQ(result->differences.size(), 1U);
    EXPECT_EQ(result->differences[0].circuit, kCircuit);
    EXPECT_EQ(result->differences[0].before->open_duration, absl::Seconds(7));
    EXPECT_EQ(result->differences[0].after->open_duration, absl::Seconds(8));
  }
  EXPECT_EQ(OpenSeconds(), 7);
  EXPECT_EQ(watcher_->Status().reloads, 1);
}

TEST_F(ConfigWatcherTest, WhatIsWrongWithAnotherFile) {
  StartWith(Yaml(7));
  const std::shared_ptr<ConfigControl> control = registry_->config_control();
  EXPECT_THAT(std::string(control->Preview("dependencies: 7", "yaml", "b.yaml").status().message()),
              HasSubstr("b.yaml:1"));
  EXPECT_EQ(control->Preview(Yaml(7), "toml", "b.toml").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(watcher_->Status().last_attempt_ok);
}

// ---- What the application has.

TEST_F(ConfigWatcherTest, AChannelsOptions) {
  StartWith("dependencies:\n  payment:\n    scope: per_service\n");
  const auto options = watcher_->Options("payment");
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->dependency, "payment");
  EXPECT_EQ(options->registry, registry_);
  EXPECT_EQ(options->scope, fusebox::CircuitScope::kPerService);
}

TEST_F(ConfigWatcherTest, AFunctionThatIsntThereIsRefused) {
  const std::string text = Yaml(9) + "    circuit_key: tenant\n";
  WriteInPlace(file(), text);
  EXPECT_EQ(Start(Options()).code(), absl::StatusCode::kInvalidArgument);

  StartWith(Yaml(7));
  WriteInPlace(file(), text);
  ExpectRefused("tenant", 7);
  watcher_ = nullptr;

  ConfigWatcherOptions options = Options();
  options.functions.circuit_keys["tenant"] = [](const fusebox::CallInfo&) { return "a"; };
  ASSERT_TRUE(Start(options).ok());
  EXPECT_EQ(OpenSeconds(), 9);
  EXPECT_NE(watcher_->Options("payment")->circuit_key, nullptr);
}

// To check that there is a function takes no call of it: a file may be looked at often, and by
// whoever may read.
TEST_F(ConfigWatcherTest, NoFunctionIsCalledBeforeAChannelIsMade) {
  const std::string functions = "    fallbacks: {shop.Payment/Pay: cached}\n";
  WriteInPlace(file(), Yaml(7) + functions);
  ConfigWatcherOptions options = Options();
  int calls = 0;
  options.functions.fallbacks["cached"] = [&calls](absl::string_view, fusebox::FallbackTable&) {
    ++calls;
    throw std::runtime_error("no such luck");
  };
  ASSERT_TRUE(Start(options).ok());
  WriteInPlace(file(), Yaml(8) + functions);
  ExpectReloaded(8);
  EXPECT_TRUE(registry_->config_control()->Preview(Yaml(9) + functions, "yaml", "b.yaml").ok());
  EXPECT_EQ(calls, 0);
  const absl::Status status = watcher_->Options("payment").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("payments.yaml:5"), HasSubstr("std::runtime_error")));
  EXPECT_EQ(calls, 1);
}

// Whoever may look at circuits need not know what the application's functions are called.
TEST_F(ConfigWatcherTest, ThoseWhoCompareAFileAreNotToldWhatFunctionsThereAre) {
  WriteInPlace(file(), Yaml(7));
  ConfigWatcherOptions options = Options();
  options.functions.circuit_keys["tenant"] = [](const fusebox::CallInfo&) { return "a"; };
  ASSERT_TRUE(Start(options).ok());
  const std::string text = Yaml(8) + "    circuit_key: tenat\n";
  const absl::Status status = registry_->config_control()->Preview(text, "yaml", "b.yaml").status();
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("b.yaml:5"), HasSubstr("\"tenat\""),
                                                   testing::Not(HasSubstr("tenant"))));
  WriteInPlace(file(), text);
  ExpectRefused("did you mean tenant?", 7);
}

TEST_F(ConfigWatcherTest, AnotherWayToLoad) {
  ConfigWatcherOptions options = Options();
  options.load = [](const std::string& path) {
    return Config::Parse(Yaml(13), ConfigFormat::kYaml, path);
  };
  ASSERT_TRUE(Start(options).ok());
  EXPECT_EQ(OpenSeconds(), 13);
}

TEST_F(ConfigWatcherTest, WhatTheApplicationsFunctionsThrowEndsThere) {
  StartWith(Yaml(7));
  watcher_ = nullptr;
  ConfigWatcherOptions options = Options();
  bool throws = false;
  options.load = [&throws](const std::string& path) {
    if (throws) throw std::runtime_error("no such luck");
    return Config::Load(path);
  };
  options.listener = [this](const auto& result) {
    results_.Add(result);
    throw std::runtime_error("no more");
  };
  ASSERT_TRUE(Start(options).ok());
  throws = true;
  EXPECT_EQ(watcher_->Reload().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(results_.Take().status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(registry_->Stats().user_code_failures, 1);
  throws = false;
  EXPECT_TRUE(watcher_->Reload().ok());
}

TEST_F(ConfigWatcherTest, EachForkedProcessFollowsTheFile) {
  StartWith(Yaml(7));
  fusebox::PrepareFork();
  const int in_child = InChild<int>([this] {
    fusebox::ResumeAfterFork();
    WriteAsEditor(file(), Yaml(8));
    const bool reloaded = results_.Take().ok();
    watcher_ = nullptr;
    return reloaded ? OpenSeconds() : 0;
  });
  EXPECT_EQ(in_child, 8);
  fusebox::ResumeAfterFork();
  ExpectReloaded(8);
}

}  // namespace
}  // namespace fusebox_testing
