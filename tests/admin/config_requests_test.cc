// SPDX-License-Identifier: Apache-2.0
//
// The configuration file, as the admin service tells of it and has it read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/config_status.h"
#include "fusebox/policy_overrides.h"
#include "tests/admin/admin_server.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitRegistry;
using fusebox::ConfigControl;
using fusebox::ConfigStatus;
using fusebox::DependencyOverrides;
using fusebox::Operator;
using fusebox::OverridesResult;
using fusebox::PolicyOverrides;
using fusebox::PolicyPatch;
using testing::ElementsAre;
using testing::HasSubstr;
namespace v1 = fusebox::v1;
using Stub = v1::CircuitAdmin::Stub;

PolicyPatch OpenFor(absl::Duration duration, const std::string& source) {
  PolicyPatch patch;
  patch.values.open_duration = duration;
  patch.fields = {{"open_duration", source}};
  return patch;
}

PolicyOverrides OverridesOf(absl::Duration duration) {
  PolicyOverrides overrides;
  DependencyOverrides& inventory = overrides.dependencies.emplace_back();
  inventory.dependency = "inventory";
  inventory.default_policy = OpenFor(duration, "a.yaml:3");
  return overrides;
}

// What a text says is how long circuits stay OPEN.
class TestControl final : public ConfigControl {
 public:
  explicit TestControl(std::shared_ptr<CircuitRegistry> registry) : registry_(std::move(registry)) {
    status.file = "a.yaml";
  }

  ConfigStatus Status() const override { return status; }

  absl::StatusOr<OverridesResult> Reload(const Operator& by) override {
    who = by.who;
    if (text.empty()) return absl::InvalidArgumentError("a.yaml:1: wrong\na.yaml:2: wrong too");
    auto result = registry_->SetOverrides(Parsed(text), by);
    status.in_force = true;
    status.hash = "0123";
    status.version = "7";
    status.loaded_at = absl::FromUnixSeconds(1'000);
    return result;
  }

  absl::StatusOr<OverridesResult> Preview(absl::string_view of, absl::string_view format,
                                          absl::string_view file) const override {
    if (format != "yaml" && format != "json") return absl::InvalidArgumentError("no such format");
    if (of.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(file, ":1: wrong\n", file, ":2: wrong too"));
    }
    return registry_->PreviewOverrides(Parsed(of));
  }

  ConfigStatus status;
  std::string text;
  std::string who;

 private:
  static PolicyOverrides Parsed(absl::string_view text) {
    absl::Duration duration;
    EXPECT_TRUE(absl::ParseDuration(text, &duration));
    return OverridesOf(duration);
  }

  const std::shared_ptr<CircuitRegistry> registry_;
};

class ConfigRequestsTest : public testing::Test {
 protected:
  explicit ConfigRequestsTest(const AdminServer::Change& change = {}) : server_(change) {
    server_.Add("inventory/shop.Inventory/Reserve", "inventory");
    server_.Add("payment/shop.Payment/Pay", "payment");
    control_ = std::make_shared<TestControl>(server_.registry());
    EXPECT_TRUE(server_.registry()->SetConfigControl(control_).ok());
  }

  grpc::Status Get(v1::GetConfigResponse& response) {
    return Call(server_.stub(), &Stub::GetConfig, v1::GetConfigRequest(), response);
  }
  grpc::Status Diff(const std::string& text, v1::DiffConfigResponse& response) {
    v1::DiffConfigRequest request;
    request.set_text(text);
    request.set_file("b.yaml");
    return Call(server_.stub(), &Stub::DiffConfig, request, response);
  }
  grpc::Status Reload(v1::ReloadConfigResponse& response) {
    v1::ReloadConfigRequest request;
    request.set_reason("new limits");
    return Call(server_.stub(), &Stub::ReloadConfig, request, response);
  }

  AdminServer server_;
  std::shared_ptr<TestControl> control_;
};

class ReadOnlyConfigTest : public ConfigRequestsTest {
 protected:
  ReadOnlyConfigTest()
      : ConfigRequestsTest([](fusebox::CircuitAdminOptions& options) {
          options.allow_writes = false;
          options.write_authorizer = nullptr;
        }) {}
};

TEST_F(ConfigRequestsTest, SayWhatIsInForceAndWhereItIsFrom) {
  v1::GetConfigResponse response;
  ASSERT_TRUE(Get(response).ok());
  EXPECT_EQ(response.instance(), "test-1");
  EXPECT_EQ(response.status().file(), "a.yaml");
  EXPECT_EQ(response.status().hash(), "");
  EXPECT_FALSE(response.status().has_loaded_time());
  EXPECT_EQ(response.override_count(), 0);

  PolicyOverrides overrides = OverridesOf(absl::Seconds(5));
  overrides.dependencies[0].methods["shop.Inventory/Reserve"] =
      OpenFor(absl::Seconds(6), "a.yaml:9");
  ASSERT_TRUE(server_.registry()->SetOverrides(overrides, {}).ok());
  control_->status.in_force = true;
  control_->status.hash = "0123";
  control_->status.version = "7";
  control_->status.loaded_at = absl::FromUnixSeconds(1'000);
  control_->status.error = "a.yaml:1: wrong";
  control_->status.reloads = 2;
  ASSERT_TRUE(Get(response).ok());
  EXPECT_EQ(response.status().hash(), "0123");
  EXPECT_EQ(response.status().version(), "7");
  EXPECT_EQ(response.status().loaded_time().seconds(), 1'000);
  EXPECT_EQ(response.status().error(), "a.yaml:1: wrong");
  EXPECT_EQ(response.status().reloads(), 2);
  ASSERT_EQ(response.override_count(), 2);
  const v1::ConfigOverride& of_all = response.overrides(0);
  EXPECT_EQ(of_all.dependency(), "inventory");
  EXPECT_EQ(of_all.scope(), "");
  EXPECT_THAT(of_all.change().update_mask().paths(), ElementsAre("open_duration"));
  EXPECT_THAT(of_all.sources(), ElementsAre("a.yaml:3"));
  EXPECT_EQ(of_all.change().policy().open_duration().seconds(), 5);
  EXPECT_FALSE(of_all.change().policy().has_jitter());  // which it doesn't name
  EXPECT_EQ(response.overrides(1).scope(), "shop.Inventory/Reserve");
  EXPECT_EQ(response.overrides(1).change().policy().open_duration().seconds(), 6);
}

constexpr char kToken[] = "0123456789abcdef0123456789abcdef";

// Where writes are those of who has the token.
class ConfigToStrangersTest : public ConfigRequestsTest {
 protected:
  ConfigToStrangersTest()
      : ConfigRequestsTest([](fusebox::CircuitAdminOptions& options) {
          options.write_authorizer = fusebox::AllowBearerToken(kToken, "ci").value();
        }) {}

  std::string ErrorToldTo(const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::GetConfigResponse response;
    EXPECT_TRUE(server_.stub().GetConfig(&context, {}, &response).ok());
    return response.status().error();
  }
};

TEST_F(ConfigToStrangersTest, SayThatAFileIsRefusedAndNotWhatIsInIt) {
  EXPECT_EQ(ErrorToldTo(""), "");
  control_->status.error = "a.yaml:1: version = \"the password is 1234\", must be text";
  EXPECT_EQ(ErrorToldTo(kToken), control_->status.error);
  EXPECT_EQ(ErrorToldTo(""), "refused; only callers whom the authorizer gives a name are told why");
}

TEST_F(ReadOnlyConfigTest, SayWhatIsWrongWithAFileWhereOnlyTheApplicationWrites) {
  control_->status.error = "a.yaml:1: wrong";
  v1::GetConfigResponse response;
  ASSERT_TRUE(Get(response).ok());
  EXPECT_EQ(response.status().error(), "a.yaml:1: wrong");
}

TEST_F(ConfigRequestsTest, NameWhatFitsNoCircuit) {
  PolicyOverrides overrides = OverridesOf(absl::Seconds(5));
  overrides.dependencies[0].methods["shop.Inventory/Reserv"] = OpenFor(absl::Seconds(6), "");
  overrides.dependencies.emplace_back().dependency = "inventry";
  ASSERT_TRUE(server_.registry()->SetOverrides(overrides, {}).ok());
  v1::GetConfigResponse response;
  ASSERT_TRUE(Get(response).ok());
  EXPECT_EQ(response.unused_override_count(), 2);
  ASSERT_EQ(response.unused_overrides_size(), 2);
  EXPECT_EQ(response.unused_overrides(0).dependency(), "inventory");
  EXPECT_EQ(response.unused_overrides(0).scope(), "shop.Inventory/Reserv");
  EXPECT_EQ(response.unused_overrides(1).dependency(), "inventry");
  EXPECT_EQ(response.unused_overrides(1).scope(), "");
}

TEST_F(ConfigRequestsTest, SayNothingOfAFileThatNobodyFollows) {
  control_ = nullptr;
  v1::GetConfigResponse got;
  ASSERT_TRUE(Get(got).ok());
  EXPECT_FALSE(got.has_status());
  v1::DiffConfigResponse diff;
  EXPECT_EQ(ReasonOf(Diff("5s", diff)), "NO_CONFIG");
  v1::ReloadConfigResponse reloaded;
  const grpc::Status status = Reload(reloaded);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "NO_CONFIG");
}

TEST_F(ConfigRequestsTest, SayCircuitByCircuitWhatWouldChange) {
  v1::DiffConfigResponse response;
  ASSERT_TRUE(Diff("25s", response).ok());
  EXPECT_EQ(response.circuits(), 2);
  EXPECT_EQ(response.difference_count(), 1);
  ASSERT_EQ(response.differences_size(), 1);
  EXPECT_EQ(response.differences(0).circuit(), "inventory/shop.Inventory/Reserve");
  EXPECT_EQ(response.differences(0).before().open_duration().seconds(), 10);
  EXPECT_EQ(response.differences(0).after().open_duration().seconds(), 25);
  EXPECT_TRUE(server_.registry()->Overrides().dependencies.empty());  // nothing has changed
}

TEST_F(ConfigRequestsTest, NameEachThingThatIsWrongWithAText) {
  v1::DiffConfigResponse response;
  const grpc::Status status = Diff("", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ViolatedFields(status), ElementsAre("text", "text"));
  EXPECT_THAT(status.error_message(), HasSubstr("b.yaml:2: wrong too"));
}

TEST_F(ConfigRequestsTest, TakeALargeTextAndRefuseALargerOne) {
  v1::DiffConfigResponse response;
  EXPECT_EQ(Diff(std::string(1'000'000, '0') + "5s", response).error_message(), "");
  const grpc::Status status = Diff(std::string(1'100'000, '0') + "5s", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(ViolatedFields(status), ElementsAre("request"));
}

TEST_F(ConfigRequestsTest, AnswerWithTheFirstOfVeryManyDifferences) {
  for (int i = 0; i < 1'500; ++i)
    server_.Add(absl::StrCat("inventory/shop.Inventory/M", i), "inventory");
  v1::DiffConfigResponse response;
  ASSERT_TRUE(Diff("25s", response).ok());
  EXPECT_EQ(response.difference_count(), 1'501);
  EXPECT_EQ(response.differences_size(), 1'000);
}

TEST_F(ConfigRequestsTest, ReloadOnDemand) {
  control_->text = "25s";
  v1::ReloadConfigResponse response;
  const grpc::Status status = Reload(response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.instance(), "test-1");
  EXPECT_EQ(response.status().version(), "7");
  EXPECT_EQ(response.difference_count(), 1);
  EXPECT_NE(control_->who, "");
}

TEST_F(ConfigRequestsTest, SayWhyAFileIsRefused) {
  v1::ReloadConfigResponse response;
  const grpc::Status status = Reload(response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "CONFIG_REFUSED");
  EXPECT_THAT(status.error_message(), HasSubstr("a.yaml:1: wrong; a.yaml:2: wrong too"));
}

TEST_F(ConfigRequestsTest, ReloadForAReasonAlone) {
  v1::ReloadConfigResponse response;
  const grpc::Status status =
      Call(server_.stub(), &Stub::ReloadConfig, v1::ReloadConfigRequest(), response);
  EXPECT_THAT(ViolatedFields(status), ElementsAre("reason"));
  EXPECT_EQ(control_->who, "");
}

TEST_F(ReadOnlyConfigTest, ReloadOnlyWhereWritesAreAllowed) {
  v1::ReloadConfigResponse reloaded;
  EXPECT_EQ(ReasonOf(Reload(reloaded)), "WRITES_NOT_ALLOWED");
  v1::DiffConfigResponse diff;
  EXPECT_TRUE(Diff("5s", diff).ok());
  v1::GetConfigResponse got;
  EXPECT_TRUE(Get(got).ok());
}

// A control whose answer a test holds back.
class SlowControl final : public ConfigControl {
 public:
  ConfigStatus Status() const override { return {}; }
  absl::StatusOr<OverridesResult> Reload(const Operator& /*by*/) override {
    return OverridesResult();
  }
  absl::StatusOr<OverridesResult> Preview(absl::string_view /*text*/, absl::string_view /*format*/,
                                          absl::string_view /*file*/) const override {
    std::unique_lock<std::mutex> lock(mutex_);
    called_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    return OverridesResult();
  }
  void AwaitCaller() {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return called_; });
  }
  void Open() {
    const std::lock_guard<std::mutex> lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  mutable bool called_ = false;
  bool open_ = false;
};

// Those who look at circuits don't wait for those who compare a file.
TEST_F(ConfigRequestsTest, CompareWhileOthersAreAnswered) {
  ASSERT_TRUE(server_.registry()->SetConfigControl({}).ok());
  const auto slow = std::make_shared<SlowControl>();
  ASSERT_TRUE(server_.registry()->SetConfigControl(slow).ok());
  std::thread caller([this] {
    v1::DiffConfigResponse response;
    EXPECT_TRUE(Diff("5s", response).ok());
  });
  slow->AwaitCaller();
  EXPECT_THAT(server_.List(), testing::SizeIs(2));
  slow->Open();
  caller.join();
}

// Many calls of DiffConfig at the same time.
class ManyDiffs {
 public:
  ManyDiffs(Stub& stub, const std::string& token, int count) {
    for (int i = 0; i < count; ++i)
      callers_.emplace_back([this, &stub, token] { One(stub, token); });
  }

  void AwaitRefused(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    refused_one_.wait(lock, [&] { return refused_ == count; });
  }

  // How many were answered, once all of them are over.
  int Answered() {
    for (std::thread& caller : callers_) caller.join();
    return answered_;
  }

 private:
  void One(Stub& stub, const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    v1::DiffConfigRequest request;
    request.set_text("5s");
    v1::DiffConfigResponse response;
    const grpc::Status status = stub.DiffConfig(&context, request, &response);
    const std::lock_guard<std::mutex> lock(mutex_);
    if (status.ok()) {
      ++answered_;
    } else {
      EXPECT_EQ(ReasonOf(status), "TOO_MANY_REQUESTS");
      ++refused_;
      refused_one_.notify_all();
    }
  }

  std::mutex mutex_;
  std::condition_variable refused_one_;
  int refused_ = 0;
  int answered_ = 0;
  std::vector<std::thread> callers_;
};

TEST_F(ConfigToStrangersTest, KeepNotManyTextsWaiting) {
  ASSERT_TRUE(server_.registry()->SetConfigControl({}).ok());
  const auto slow = std::make_shared<SlowControl>();
  ASSERT_TRUE(server_.registry()->SetConfigControl(slow).ok());
  ManyDiffs of_strangers(server_.stub(), "", 12);
  of_strangers.AwaitRefused(8);
  ManyDiffs of_operators(server_.stub(), kToken, 5);  // who have places of their own
  of_operators.AwaitRefused(1);
  slow->Open();
  EXPECT_EQ(of_strangers.Answered(), 4);
  EXPECT_EQ(of_operators.Answered(), 4);
  v1::DiffConfigResponse response;
  EXPECT_TRUE(Diff("5s", response).ok());  // there are places again
}

}  // namespace
}  // namespace fusebox_testing
