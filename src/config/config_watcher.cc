// SPDX-License-Identifier: Apache-2.0
#include "fusebox/config/config_watcher.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/text.h"
#include "src/config/config_follower.h"
#include "src/config/file_watcher.h"

namespace fusebox {

using internal::ConfigFollower;
using internal::DurationText;
using internal::FileWatcher;
using internal::FileWatcherOptions;

namespace {

void CheckRange(absl::string_view field, absl::Duration value, absl::Duration min,
                absl::Duration max, std::vector<std::string>& errors) {
  if (min <= value && value <= max) return;
  errors.push_back(absl::StrCat(field, " = ", DurationText(value), ", must be from ",
                                DurationText(min), " to ", DurationText(max)));
}

absl::Status Validate(const ConfigWatcherOptions& options) {
  std::vector<std::string> errors;
  if (options.path.empty() || options.path.find('\0') != std::string::npos) {
    errors.emplace_back("path = \"\", must be a file's");
  }
  if (options.registry == nullptr) errors.emplace_back("registry = null, must not be null");
  CheckRange("still_for", options.still_for, absl::ZeroDuration(), absl::Minutes(1), errors);
  CheckRange("longest_wait", options.longest_wait, absl::ZeroDuration(), absl::Hours(1), errors);
  CheckRange("poll_interval", options.poll_interval, absl::Milliseconds(1), absl::Hours(1), errors);
  if (errors.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("invalid config watcher: ", absl::StrJoin(errors, "; ")));
}

FileWatcherOptions FileOptions(const ConfigWatcherOptions& options) {
  FileWatcherOptions file;
  file.still_for = options.still_for;
  file.longest_wait = options.longest_wait;
  file.poll_interval = options.poll_interval;
  file.always_poll = options.always_poll;
  return file;
}

}  // namespace

// The follower is shared with those who are in one of its methods by way of the registry; the
// thread isn't.
class ConfigWatcher::Impl {
 public:
  explicit Impl(ConfigWatcherOptions options)
      : registry_(options.registry),
        path_(options.path),
        file_options_(FileOptions(options)),
        follower_(std::make_shared<ConfigFollower>(std::move(options))) {}

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    file_watcher_ = nullptr;
    follower_->End();
    if (is_control_) registry_->SetConfigControl({}).IgnoreError();
  }

  absl::Status Start() {
    if (absl::Status status = registry_->SetConfigControl(follower_); !status.ok()) return status;
    is_control_ = true;
    // Before the file is read: what happens to it after that is noticed.
    file_watcher_ = std::make_unique<FileWatcher>(path_, file_options_,
                                                  [follower = follower_] { follower->Look(); });
    if (absl::Status status = follower_->Begin(); !status.ok()) return status;
    if (file_watcher_->Start()) return absl::OkStatus();
    return absl::ResourceExhaustedError("the process can't have another thread");
  }

  ConfigFollower& follower() { return *follower_; }

 private:
  const std::shared_ptr<CircuitRegistry> registry_;
  const std::string path_;
  const FileWatcherOptions file_options_;
  const std::shared_ptr<ConfigFollower> follower_;
  bool is_control_ = false;
  std::unique_ptr<FileWatcher> file_watcher_;
};

absl::StatusOr<std::unique_ptr<ConfigWatcher>> ConfigWatcher::Start(ConfigWatcherOptions options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  // The process may go to another folder.
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(options.path, error);
  if (error) {
    return absl::FailedPreconditionError(absl::StrCat(
        "path = \"", options.path, "\": of which folder can't be told: ", error.message()));
  }
  options.path = absolute.string();
  auto impl = std::make_unique<Impl>(std::move(options));
  if (absl::Status status = impl->Start(); !status.ok()) return status;
  return std::unique_ptr<ConfigWatcher>(new ConfigWatcher(std::move(impl)));
}

ConfigWatcher::ConfigWatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ConfigWatcher::~ConfigWatcher() = default;

std::shared_ptr<const Config> ConfigWatcher::config() const { return impl_->follower().config(); }

absl::StatusOr<InterceptorOptions> ConfigWatcher::Options(absl::string_view dependency) const {
  return impl_->follower().Options(dependency);
}

// NOLINTNEXTLINE(readability-make-member-function-const): it moves what the watcher is about.
absl::StatusOr<OverridesResult> ConfigWatcher::Reload(const Operator& by) {
  return impl_->follower().Reload(by);
}

absl::StatusOr<OverridesResult> ConfigWatcher::Diff(const Config& config) const {
  return impl_->follower().Diff(config);
}

ConfigStatus ConfigWatcher::Status() const { return impl_->follower().Status(); }

}  // namespace fusebox
