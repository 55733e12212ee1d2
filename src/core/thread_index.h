// SPDX-License-Identifier: Apache-2.0
//
// Small numbers for threads, so that each can have counters of its own.
#ifndef FUSEBOX_SRC_CORE_THREAD_INDEX_H_
#define FUSEBOX_SRC_CORE_THREAD_INDEX_H_

#include <limits>

namespace fusebox {

// The number of the calling thread: the smallest that no living thread has, from 0 on. It is free
// again when the thread ends; whoever gets it next sees all that its last holder wrote. After that,
// in destructors of its other thread-local objects and, on the main thread, of static objects, a
// thread is kEndingThreadIndex, as are all others that end.
int ThreadIndex();
inline constexpr int kEndingThreadIndex = std::numeric_limits<int>::max();

// How `ThreadIndex` finds it: no construction to check for, and no call.
inline constexpr int kNoThreadIndex = -1;
inline thread_local int t_thread_index = kNoThreadIndex;
int TakeThreadIndex();

inline int ThreadIndex() {
  const int index = t_thread_index;
  return index != kNoThreadIndex ? index : TakeThreadIndex();
}

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_THREAD_INDEX_H_
