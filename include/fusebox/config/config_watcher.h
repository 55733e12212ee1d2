// SPDX-License-Identifier: Apache-2.0
//
// Policies from a file that is followed: what changes there is in force a moment later, for the
// circuits that there are and for those to come (docs/configuration.md).
//
//   fusebox::ConfigWatcherOptions options;
//   options.path = "payments.yaml";
//   options.registry = registry;
//   absl::StatusOr<std::unique_ptr<fusebox::ConfigWatcher>> watcher =
//       fusebox::ConfigWatcher::Start(std::move(options));
//   if (!watcher.ok()) return watcher.status();
//   absl::StatusOr<fusebox::InterceptorOptions> channel = (*watcher)->Options("inventory");
#ifndef FUSEBOX_CONFIG_CONFIG_WATCHER_H_
#define FUSEBOX_CONFIG_CONFIG_WATCHER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/config/config.h"
#include "fusebox/config_status.h"
#include "fusebox/export.h"
#include "fusebox/grpc/interceptor_options.h"
#include "fusebox/policy_overrides.h"

namespace fusebox {

// What is to be followed, and how.
struct ConfigWatcherOptions {
  // A file that `Config::Load` reads, or a symbolic link to one. Required.
  std::string path;

  // What the file's overrides are for. Required; no other watcher may be there for it.
  std::shared_ptr<CircuitRegistry> registry;

  // What the file may refer to. A file that refers to others is refused.
  ConfigFunctions functions;

  // Starts although there is no such file: then the code's policies hold until there is one. A file
  // that is refused is an error of `Start` even so.
  bool allow_missing = false;

  // Told after each file that was put in force, or refused, later than `Start`: on the watcher's
  // thread, or on that of who called `Reload`. Never twice at the same time; must not call
  // `Reload`. May be empty.
  std::function<void(const absl::StatusOr<OverridesResult>&)> listener;

  // A change is looked at when nothing has happened to the file for so long, and after
  // `longest_wait` at the latest if it is written all the time.
  absl::Duration still_for = absl::Milliseconds(100);  // 0 to 1 minute
  absl::Duration longest_wait = absl::Seconds(2);      // 0 to 1 hour

  // The kernel tells of changes (inotify). Where it can't, the file is looked at this often; with
  // `always_poll` it isn't asked: for network file systems, where others write to the file.
  absl::Duration poll_interval = absl::Seconds(2);  // 1 ms to 1 hour
  bool always_poll = false;

  // Instead of `Config::Load`, for files that it can't read. Called as the listener is.
  std::function<absl::StatusOr<std::shared_ptr<const Config>>(const std::string& path)> load;
};

// Follows one file. When it has changed and is still, it is read as a whole, checked as a whole,
// and put in force as a whole (`CircuitRegistry::SetOverrides`), if its bytes are others than those
// in force. One that can't be read, or with anything wrong in it, or that is empty or gone, is
// refused: all stays as it is. Either is told by an event (kConfigReloaded, kConfigRefused), the
// registry's `config_control`, metrics, the admin service, and the listener.
//
// The policies follow the file. What else it says of a channel holds for the channels that are made
// with `Options` from then on, and what it says of the registry for the next one.
//
// Thread-safety: every method may be called from any thread at any time.
// Ownership: has one thread. When it is destroyed, which waits for a file that is being put in
// force, the policies stay as they are. Not to be destroyed by what a reload calls.
class FUSEBOX_EXPORT ConfigWatcher {
 public:
  // The file is in force when this returns. Errors as those of `Config::Load`. INVALID_ARGUMENT too
  // for options out of range, a function that isn't there, or a policy that a circuit can't have;
  // FAILED_PRECONDITION if the registry has a watcher; RESOURCE_EXHAUSTED if the process can't have
  // another thread.
  static absl::StatusOr<std::unique_ptr<ConfigWatcher>> Start(ConfigWatcherOptions options);

  ~ConfigWatcher();
  ConfigWatcher(const ConfigWatcher&) = delete;
  ConfigWatcher& operator=(const ConfigWatcher&) = delete;

  // The one in force; null if there has been none so far.
  std::shared_ptr<const Config> config() const;

  // `Config::Options` of the one in force, with the watcher's registry and functions.
  // FAILED_PRECONDITION if there is none.
  absl::StatusOr<InterceptorOptions> Options(absl::string_view dependency) const;

  // Reads the file now, without waiting until it is still, and puts it in force, even if it is the
  // same. Not OK: it is refused, as above. FAILED_PRECONDITION if it is called from what a reload
  // calls: a listener.
  absl::StatusOr<OverridesResult> Reload(const Operator& by = {});

  // What `Reload` would change if the file were `config`.
  absl::StatusOr<OverridesResult> Diff(const Config& config) const;

  ConfigStatus Status() const;

 private:
  class Impl;
  explicit ConfigWatcher(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_CONFIG_CONFIG_WATCHER_H_
