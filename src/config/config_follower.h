// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_CONFIG_FOLLOWER_H_
#define FUSEBOX_SRC_CONFIG_CONFIG_FOLLOWER_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/config/config.h"
#include "fusebox/config/config_watcher.h"
#include "fusebox/config_status.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Reads one file and puts it in force. Lives for as long as anyone is in one of its methods, which
// may be longer than its watcher. Thread-safe.
class ConfigFollower final : public ConfigControl {
 public:
  explicit ConfigFollower(ConfigWatcherOptions options);

  // The first time. Tells nobody but the log.
  absl::Status Begin();

  // The file may have changed.
  void Look();

  // From now on nothing is put in force. Waits for what is being put in force now.
  void End();

  std::shared_ptr<const Config> config() const;
  absl::StatusOr<InterceptorOptions> Options(absl::string_view dependency) const;
  absl::StatusOr<OverridesResult> Diff(const Config& config) const;

  ConfigStatus Status() const override;
  absl::StatusOr<OverridesResult> Reload(const Operator& by) override;
  absl::StatusOr<OverridesResult> Preview(absl::string_view text, absl::string_view format,
                                          absl::string_view file) const override;

 private:
  using Loaded = absl::StatusOr<std::shared_ptr<const Config>>;

  // What becomes of a file that is as it was, and who is told of it.
  enum class Way {
    kLook,    // nothing becomes of it, and nobody is told
    kReload,  // it is put in force
  };

  absl::StatusOr<OverridesResult> Try(Way way, const Operator& who)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_);
  Loaded Load() const;
  absl::StatusOr<OverridesResult> Apply(const Loaded& loaded, const Operator& by) const;
  absl::StatusOr<OverridesResult> Diff(const Config& config, bool advises) const;
  absl::Status InFile(const absl::Status& error) const;
  bool IsInForce(const Config& config);
  void Accept(const std::shared_ptr<const Config>& config, const OverridesResult& result,
              const Operator& by);
  bool Refuse(const absl::Status& error, Way way, const Operator& by);
  void Tell(const absl::StatusOr<OverridesResult>& result) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(reload_);

  const ConfigWatcherOptions options_;
  const std::string file_;  // fit to be shown

  // Whose turn it is to read the file. Held while the application's functions are called.
  Mutex reload_;
  bool begun_ ABSL_GUARDED_BY(reload_) = false;
  bool ended_ ABSL_GUARDED_BY(reload_) = false;
  // Relaxed: what a thread reads is its own id only if it has written that itself.
  std::atomic<std::thread::id> reloading_{};

  mutable Mutex mutex_;
  std::shared_ptr<const Config> config_ ABSL_GUARDED_BY(mutex_);
  ConfigStatus status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_CONFIG_FOLLOWER_H_
