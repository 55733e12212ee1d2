// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_CONFIG_CONTROL_H_
#define FUSEBOX_SRC_CORE_CONFIG_CONTROL_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "fusebox/config_status.h"
#include "src/base/mutex.h"

namespace fusebox::internal {

// Who follows a registry's configuration file, if anyone does. Thread-safe.
class ConfigControlSlot {
 public:
  absl::Status Set(std::weak_ptr<ConfigControl> control) {
    MutexLock lock(mutex_);
    if (!control_.expired() && !control.expired()) {
      return absl::FailedPreconditionError("the registry's policies are from a file already");
    }
    control_ = std::move(control);
    return absl::OkStatus();
  }

  std::shared_ptr<ConfigControl> Get() const {
    MutexLock lock(mutex_);
    return control_.lock();
  }

 private:
  mutable Mutex mutex_;
  std::weak_ptr<ConfigControl> control_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_CONFIG_CONTROL_H_
