// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CORE_FAILURE_RUN_H_
#define FUSEBOX_SRC_CORE_FAILURE_RUN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "src/core/call_averages.h"

namespace fusebox::internal {

// How many failures there are in a row (R2), with successes that may be taken back: the first
// message of a stream that fails later is a success that was none (C6). Not thread-safe.
class FailureRun {
 public:
  // No run longer than `limit` is of interest: what lies further back is forgotten. `usual`, which
  // must outlive it, learns from what it is told; null: nobody wants to know.
  explicit FailureRun(int64_t limit, FailureAverage* usual = nullptr)
      : limit_(limit), usual_(usual) {}

  int64_t length() const { return length_; }

  void AddFailure() { ++length_; }
  void AddSuccess() { AddSuccesses(1); }
  void AddSuccesses(int64_t count);  // at least one

  // A success that may be taken back. Returns what `TakeBack` needs to find it.
  int64_t AddFirstMessage();

  // The run goes on, and `usual` is what it were, as if that success had not been. No effect if a
  // later success, which stands, has made it meaningless.
  void TakeBack(int64_t place);

 private:
  // Successes with no failure between them, all of which may still be taken back.
  struct Break {
    int64_t place = 0;     // ascending
    int64_t standing = 0;  // successes; at least 1
    int64_t before = 0;    // failures between the break before this one and this one
    FailureAverage usual;  // before those
  };

  // However long a run may be; so much is kept for no more than this many breaks.
  static constexpr std::size_t kMaxBreaks = 1'000;

  // Of most circuits there are none.
  struct Breaks {
    std::vector<Break> list;
    int64_t remembered = 0;  // failures before the present run: the sum over the list
    int64_t next_place = 0;
  };

  void Forget();
  void Learn(int64_t failures, int64_t successes);

  int64_t limit_;
  FailureAverage* usual_;
  int64_t length_ = 0;  // failures since the last break
  std::unique_ptr<Breaks> breaks_;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CORE_FAILURE_RUN_H_
