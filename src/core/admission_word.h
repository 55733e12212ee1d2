// SPDX-License-Identifier: Apache-2.0
//
// What a call must know of its circuit to get by without the lock, in one word that is read and
// written whole.
#ifndef FUSEBOX_SRC_CORE_ADMISSION_WORD_H_
#define FUSEBOX_SRC_CORE_ADMISSION_WORD_H_

#include <cstdint>

#include "fusebox/state.h"
#include "src/core/state_machine.h"

namespace fusebox {

class AdmissionWord {
 public:
  // What the policy needs a clock for.
  struct ClockUse {
    bool calls = false;   // each is timed
    bool window = false;  // it has slices
  };

  AdmissionWord() = default;  // asks for the lock in every case
  AdmissionWord(const StateMachine::FastPath& path, Mode mode, uint64_t epoch, ClockUse clock)
      : bits_(epoch << kFlagBits | (path.admits ? kAdmits : 0) | (path.rejects ? kRejects : 0) |
              (path.successes_matter ? 0 : kSuccessesOnlyCount) |
              (mode == Mode::kForcedOpen ? kForcedOpen : 0) |
              (mode == Mode::kDisabled ? kDisabled : 0) | (clock.calls ? kTimesCalls : 0) |
              (clock.window ? kHasSlices : 0)) {}

  static AdmissionWord FromBits(uint64_t bits) {
    AdmissionWord word;
    word.bits_ = bits;
    return word;
  }
  uint64_t bits() const { return bits_; }

  // Every call is admitted, and neither a limit nor an ignored result is to be looked at.
  bool admits() const { return (bits_ & kAdmits) != 0; }
  // Every call is rejected until a time.
  bool rejects() const { return (bits_ & kRejects) != 0; }
  // A fast success of the present epoch need only be counted.
  bool successes_only_count() const { return (bits_ & kSuccessesOnlyCount) != 0; }
  bool forced_open() const { return (bits_ & kForcedOpen) != 0; }
  bool disabled() const { return (bits_ & kDisabled) != 0; }
  uint64_t epoch() const { return bits_ >> kFlagBits; }

  // Every call is admitted with the present epoch, and none is timed.
  bool admits_plainly() const { return (bits_ & (kAdmits | kDisabled | kTimesCalls)) == kAdmits; }
  // The same, and a success of the present epoch need only be counted, whatever the time is.
  bool counts_plainly() const {
    constexpr uint64_t kLooked =
        kAdmits | kDisabled | kTimesCalls | kHasSlices | kSuccessesOnlyCount;
    return (bits_ & kLooked) == (kAdmits | kSuccessesOnlyCount);
  }

 private:
  static constexpr int kFlagBits = 7;
  static constexpr uint64_t kAdmits = 1;
  static constexpr uint64_t kRejects = 2;
  static constexpr uint64_t kSuccessesOnlyCount = 4;
  static constexpr uint64_t kForcedOpen = 8;
  static constexpr uint64_t kDisabled = 16;
  static constexpr uint64_t kTimesCalls = 32;
  static constexpr uint64_t kHasSlices = 64;

  uint64_t bits_ = 0;
};

}  // namespace fusebox

#endif  // FUSEBOX_SRC_CORE_ADMISSION_WORD_H_
