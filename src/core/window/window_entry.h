// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_WINDOW_WINDOW_ENTRY_H_
#define FUSEBOX_SRC_CORE_WINDOW_WINDOW_ENTRY_H_

namespace fusebox::internal {

// One recorded call, as far as a window remembers it. Ignored calls never get here.
struct WindowEntry {
  bool failure = false;
  bool slow = false;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_WINDOW_WINDOW_ENTRY_H_
