// SPDX-License-Identifier: Apache-2.0
//
// What a call must know of its circuit to get by without the lock.
#ifndef FUSEBOX_SRC_CORE_PUBLISHED_ADMISSION_H_
#define FUSEBOX_SRC_CORE_PUBLISHED_ADMISSION_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <variant>

#include "absl/time/time.h"
#include "fusebox/policy.h"
#include "fusebox/rejection.h"
#include "fusebox/state.h"
#include "src/base/dcheck.h"
#include "src/core/state_machine.h"

namespace fusebox::internal {

// The yes and no of it, with the epoch, in one word that is read and written whole.
class AdmissionWord {
 public:
  // What the policy needs a clock for.
  struct ClockUse {
    bool calls = false;   // each is timed
    bool window = false;  // it has slices
  };

  AdmissionWord() = default;  // asks for the lock in every case
  AdmissionWord(const StateMachine::FastPath& path, Mode mode, uint64_t epoch, ClockUse clock)
      : bits_(epoch << kFlagBits | (path.admits ? kAdmits : 0) | RejectionBits(path.rejects) |
              (path.successes_matter ? 0 : kSuccessesOnlyCount) |
              (mode == Mode::kDisabled ? kDisabled : 0) | (clock.calls ? kTimesCalls : 0) |
              (clock.window ? kHasSlices : 0) | (path.may_probe ? kMayProbe : 0) |
              (path.takes_places ? kTakesPlaces : 0) |
              (path.hung_calls.slots != nullptr ? kCountsHungCalls : 0)) {}

  static AdmissionWord FromBits(uint64_t bits) {
    AdmissionWord word;
    word.bits_ = bits;
    return word;
  }
  uint64_t bits() const { return bits_; }

  // Every call is admitted for which there is a place, and neither another limit nor an ignored
  // result is to be looked at.
  bool admits() const { return (bits_ & kAdmits) != 0; }
  // A call that is admitted takes a place, of which there are `max_in_flight`; disabled, any
  // number.
  bool takes_places() const { return (bits_ & kTakesPlaces) != 0; }
  // A call that is admitted is counted among those that may hang, by its start.
  bool counts_hung_calls() const { return (bits_ & kCountsHungCalls) != 0; }
  // Every call is rejected until a time.
  bool rejects() const { return (bits_ & kRejects) != 0; }
  RejectionReason reason() const {
    return static_cast<RejectionReason>(bits_ >> kReasonShift & kReasonMask);
  }
  State state() const { return static_cast<State>(bits_ >> kStateShift & kStateMask); }
  // Not every call, but those for which a ramp's credit isn't enough.
  bool ramps() const { return rejects() && reason() == RejectionReason::kRamping; }
  // The machine has to hear of it.
  bool rejection_looks() const { return (bits_ & kLooks) != 0; }
  // One that can't reach the dependency is another matter.
  bool rejects_if_reachable() const { return (bits_ & kIfReachable) != 0; }
  // A fast success of the present epoch need only be counted.
  bool successes_only_count() const { return (bits_ & kSuccessesOnlyCount) != 0; }
  bool disabled() const { return (bits_ & kDisabled) != 0; }
  // A call that isn't rejected by the word may become a probe.
  bool may_probe() const { return (bits_ & kMayProbe) != 0; }
  uint64_t epoch() const { return bits_ >> kFlagBits; }

  // Every call is admitted with the present epoch, and none is timed, counted among those that may
  // hang, or takes a place.
  bool admits_plainly() const {
    constexpr uint64_t kLooked =
        kAdmits | kDisabled | kTimesCalls | kTakesPlaces | kCountsHungCalls;
    return (bits_ & kLooked) == kAdmits;
  }
  // The same, and a success of the present epoch need only be counted, whatever the time is.
  bool counts_plainly() const {
    constexpr uint64_t kLooked =
        kAdmits | kDisabled | kTimesCalls | kHasSlices | kSuccessesOnlyCount | kCountsHungCalls;
    return (bits_ & kLooked) == (kAdmits | kSuccessesOnlyCount);
  }

 private:
  static constexpr int kFlagBits = 17;
  static constexpr uint64_t kAdmits = 1;
  static constexpr uint64_t kRejects = 2;
  static constexpr uint64_t kSuccessesOnlyCount = 4;
  static constexpr uint64_t kLooks = 8;
  static constexpr uint64_t kDisabled = 16;
  static constexpr uint64_t kTimesCalls = 32;
  static constexpr uint64_t kHasSlices = 64;
  static constexpr uint64_t kMayProbe = 128;
  static constexpr uint64_t kTakesPlaces = 256;
  static constexpr uint64_t kIfReachable = 512;
  static constexpr int kReasonShift = 10;
  static constexpr uint64_t kReasonMask = 0xF;
  static constexpr int kStateShift = 14;
  static constexpr uint64_t kStateMask = 0x3;
  static constexpr uint64_t kCountsHungCalls = 1 << 16;

  static uint64_t RejectionBits(const std::optional<StateMachine::FastPath::Rejects>& rejects) {
    if (!rejects) return 0;
    const auto reason = static_cast<uint64_t>(rejects->reason);
    const auto state = static_cast<uint64_t>(rejects->state);
    FUSEBOX_DCHECK(reason <= kReasonMask && state <= kStateMask);
    return kRejects | (rejects->looks ? kLooks : 0) | (rejects->if_reachable ? kIfReachable : 0) |
           reason << kReasonShift | state << kStateShift;
  }

  uint64_t bits_ = 0;
};

// The word, and the times that go with it. Whoever holds the circuit's lock publishes; anyone
// reads.
//
// The word is stored last, with release. So a reader that has loaded it, which is with acquire,
// sees the times of that word or of a later one, and loads them relaxed. A later one does no harm:
// what a permit comes back with is checked against the epoch once more, by its run's tag or under
// the lock.
class PublishedAdmission {
 public:
  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

  AdmissionWord word() const {
    return AdmissionWord::FromBits(word_.load(std::memory_order_acquire));
  }
  // Of a word that rejects: until when; kNever: without an end.
  int64_t rejects_until() const { return rejects_until_.load(std::memory_order_relaxed); }
  // The same of one whose rejections are looks. Apart, so that no call is told of an opening's end
  // that is none.
  int64_t full_until() const { return full_until_.load(std::memory_order_relaxed); }
  // The latest that was seen: an earlier time is taken for it.
  int64_t latest_now() const { return latest_now_.load(std::memory_order_relaxed); }
  // A call of that length is slow; kNever: none is.
  int64_t slow_nanos() const { return slow_nanos_.load(std::memory_order_relaxed); }
  // Of a word by which calls take places; kNever: any number.
  int64_t max_in_flight() const { return max_in_flight_.load(std::memory_order_relaxed); }
  // Of a word whose rejections are a ramp's. Never null then.
  RampProgress* ramp() const { return ramp_.load(std::memory_order_relaxed); }
  // Of a word by which calls are counted among those that may hang: where, by slices of which
  // length, and until when no look finds too many. Never null then.
  HungCallSlots* hung_call_slots() const { return hung_slots_.load(std::memory_order_relaxed); }
  int64_t hung_slice_nanos() const { return hung_slice_nanos_.load(std::memory_order_relaxed); }
  int64_t quiet_until() const { return quiet_until_.load(std::memory_order_relaxed); }
  // Of the time window; 0: there is none.
  int64_t slice_nanos() const { return slice_nanos_.load(std::memory_order_relaxed); }

  // What a policy says. The word that goes with it is published next.
  // REQUIRES: the circuit's lock.
  void Set(const Policy& policy) {
    clock_ = {};
    int64_t slice_nanos = 0;
    if (const auto* window = std::get_if<TimeWindow>(&policy.window)) {
      clock_.window = true;
      slice_nanos = absl::ToInt64Nanoseconds(window->duration) / window->buckets;
    }
    int64_t slow_nanos = kNever;
    if (policy.slow_call_duration) {
      clock_.calls = true;
      slow_nanos = absl::ToInt64Nanoseconds(*policy.slow_call_duration);
    }
    slice_nanos_.store(slice_nanos, std::memory_order_relaxed);
    // Without one, a reader of the word before finds a place.
    max_in_flight_.store(policy.max_in_flight.value_or(kNever), std::memory_order_relaxed);
    slow_nanos_.store(slow_nanos, std::memory_order_relaxed);
  }

  // REQUIRES: the circuit's lock.
  void Publish(const StateMachine::FastPath& path, Mode mode, uint64_t epoch) {
    if (path.rejects) {
      (path.rejects->looks ? full_until_ : rejects_until_)
          .store(path.rejects->until.nanos(), std::memory_order_relaxed);
      if (path.rejects->ramp != nullptr) {
        ramp_.store(path.rejects->ramp, std::memory_order_relaxed);
      }
    }
    if (path.hung_calls.slots != nullptr) {
      hung_slots_.store(path.hung_calls.slots, std::memory_order_relaxed);
      hung_slice_nanos_.store(path.hung_calls.slice_nanos, std::memory_order_relaxed);
      quiet_until_.store(path.hung_calls.quiet_until.nanos(), std::memory_order_relaxed);
    }
    if (epoch != word().epoch()) looked_at_.store(kNoLook, std::memory_order_relaxed);
    latest_now_.store(path.now.nanos(), std::memory_order_relaxed);
    word_.store(AdmissionWord(path, mode, epoch, clock_).bits(), std::memory_order_release);
  }

  // When the last look was taken by a word of the present epoch, of which the machine has to hear;
  // about, as two threads may tell of theirs in any order. kNoLook: none was.
  void NoteLook(int64_t now) {
    if (looked_at() < now) looked_at_.store(now, std::memory_order_relaxed);
  }
  static constexpr int64_t kNoLook = std::numeric_limits<int64_t>::min();
  int64_t looked_at() const { return looked_at_.load(std::memory_order_relaxed); }

 private:
  // In the order of how often they are looked at: the first few are in one line of the circuit.
  std::atomic<uint64_t> word_{AdmissionWord().bits()};
  std::atomic<int64_t> slow_nanos_{kNever};
  std::atomic<int64_t> slice_nanos_{0};
  std::atomic<int64_t> max_in_flight_{kNever};
  std::atomic<int64_t> rejects_until_{0};
  std::atomic<int64_t> latest_now_{0};
  std::atomic<HungCallSlots*> hung_slots_{nullptr};
  std::atomic<int64_t> hung_slice_nanos_{1};
  std::atomic<int64_t> quiet_until_{0};
  std::atomic<int64_t> full_until_{0};
  std::atomic<RampProgress*> ramp_{nullptr};
  std::atomic<int64_t> looked_at_{kNoLook};
  AdmissionWord::ClockUse clock_;  // guarded by the lock
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_PUBLISHED_ADMISSION_H_
