// SPDX-License-Identifier: Apache-2.0
//
// What a registry knows of the configuration file that its policies are from, and how those who
// read a registry ask for more: the admin service, exporters of metrics. An application has this
// from fusebox/config/config_watcher.h.
//
//   if (std::shared_ptr<fusebox::ConfigControl> config = registry->config_control()) {
//     const fusebox::ConfigStatus status = config->Status();
//     if (!status.last_attempt_ok) Warn(status.error);
//   }
#ifndef FUSEBOX_CONFIG_STATUS_H_
#define FUSEBOX_CONFIG_STATUS_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/export.h"
#include "fusebox/policy_overrides.h"

namespace fusebox {

// Of one moment. A plain value.
struct ConfigStatus {
  std::string file;  // its path, as it was given

  // ---- What is in force.

  bool in_force = false;             // false: no file has been read so far, and the rest is empty
  std::string version;               // the `version` in it; may be empty
  std::string hash;                  // of its bytes: SHA-256 in hexadecimal
  absl::Time loaded_at;              // when it was put in force
  std::size_t circuits = 0;          // that there were then
  std::size_t circuits_changed = 0;  // of those, that got another policy by it

  // ---- The last time that the file was looked at. What was refused changed nothing.

  absl::Time last_attempt;
  bool last_attempt_ok = false;
  std::string error;  // why it was refused, a line for each thing that is wrong; else empty

  // ---- Counts since the file is followed.

  int64_t reloads = 0;   // put in force, the first one among them
  int64_t refusals = 0;  // files that were refused
};

// Who follows a configuration file.
//
// Thread-safety: every method may be called from any thread at any time.
class FUSEBOX_EXPORT ConfigControl {
 public:
  ConfigControl(const ConfigControl&) = delete;
  ConfigControl& operator=(const ConfigControl&) = delete;
  virtual ~ConfigControl();

  virtual ConfigStatus Status() const = 0;

  // Reads the file now, and puts it in force. Not OK: it is refused, with all that is wrong, and
  // nothing has changed.
  virtual absl::StatusOr<OverridesResult> Reload(const Operator& by) = 0;

  // What would change if the file had this text, which is `yaml`, `json` or `text` by
  // `format`. `file` is what errors call it.
  virtual absl::StatusOr<OverridesResult> Preview(absl::string_view text, absl::string_view format,
                                                  absl::string_view file) const = 0;

 protected:
  ConfigControl() = default;
};

}  // namespace fusebox

#endif  // FUSEBOX_CONFIG_STATUS_H_
