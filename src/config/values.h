// SPDX-License-Identifier: Apache-2.0
//
// Single values, as files have them.
#ifndef FUSEBOX_SRC_CONFIG_VALUES_H_
#define FUSEBOX_SRC_CONFIG_VALUES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "src/config/node.h"

namespace fusebox::internal {

// As an error shows it: "1.5", "a map". Printable, and cut.
std::string Shown(const ConfigNode& node);

// Whether it turns something off: null, `off` or false. And on: `on` or true.
bool IsOff(const ConfigNode& node);
bool IsOn(const ConfigNode& node);

// Each is empty, or what the node must be: "a whole number". `share`: a number of which 1 is the
// whole, so that 50% is one too.
std::string Read(const ConfigNode& node, bool share, int64_t& value);
std::string Read(const ConfigNode& node, bool share, double& value);
std::string Read(const ConfigNode& node, bool share, bool& value);
std::string Read(const ConfigNode& node, bool share, absl::Duration& value);

// A text that can be shown. 1 to `most` bytes.
std::string ReadText(const ConfigNode& node, std::size_t most, std::string& value);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_VALUES_H_
