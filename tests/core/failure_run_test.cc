// SPDX-License-Identifier: Apache-2.0
#include "src/core/failure_run.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace fusebox::internal {
namespace {

// The same by the plainest means: all that ever came, in order.
class PlainRun {
 public:
  void AddFailure() { came_.push_back({true, false}); }
  void AddSuccess() { came_.push_back({false, true}); }
  std::size_t AddFirstMessage() {
    AddSuccess();
    return came_.size() - 1;
  }
  void TakeBack(std::size_t place) { came_[place].stands = false; }

  int64_t length() const {
    int64_t run = 0;
    for (std::size_t i = came_.size(); i > 0 && !came_[i - 1].stands; --i) {
      run += came_[i - 1].failure ? 1 : 0;
    }
    return run;
  }

 private:
  struct One {
    bool failure;
    bool stands;  // as a success
  };
  std::vector<One> came_;
};

TEST(FailureRun, R2_C6_IsWhatAListSays) {
  std::mt19937 random(1);
  for (int run = 0; run < 500; ++run) {
    const int64_t limit = 1 + random() % 30;
    FailureRun got(limit);
    PlainRun want;
    struct Out {
      int64_t got;
      std::size_t want;
    };
    std::vector<Out> out;
    for (int step = 0; step < 200 && want.length() < limit; ++step) {
      switch (random() % 7) {
        case 0:
        case 1:
          got.AddFailure();
          want.AddFailure();
          break;
        case 2:
          if (random() % 4 != 0) break;
          got.AddSuccess();
          want.AddSuccess();
          break;
        case 3:
        case 4:
          out.push_back({got.AddFirstMessage(), want.AddFirstMessage()});
          break;
        default: {
          if (out.empty()) break;
          const std::size_t which = random() % out.size();
          got.TakeBack(out[which].got);
          want.TakeBack(out[which].want);
          got.AddFailure();
          want.AddFailure();
          out.erase(out.begin() + static_cast<std::ptrdiff_t>(which));
        }
      }
      ASSERT_EQ(std::min(got.length(), limit), std::min(want.length(), limit))
          << "run " << run << " step " << step;
    }
  }
}

TEST(FailureRun, R15_LearnsNothingOfWhatIsTakenBack) {
  std::mt19937 random(2);
  for (int run = 0; run < 500; ++run) {
    FailureAverage learnt;
    FailureRun got(1'000'000, &learnt);
    std::vector<int64_t> places;  // in their order; of what stands
    std::vector<char> came;       // 'f', or a first message that stands
    for (int step = 0; step < 40; ++step) {
      if (random() % 3 == 0 && !places.empty()) {
        const std::size_t which = random() % places.size();
        got.TakeBack(places[which]);
        got.AddFailure();
        places.erase(places.begin() + static_cast<std::ptrdiff_t>(which));
        std::size_t nth = 0;
        came.erase(std::find_if(came.begin(), came.end(),
                                [&](char one) { return one == 's' && nth++ == which; }));
        came.push_back('f');
      } else if (random() % 2 == 0) {
        places.push_back(got.AddFirstMessage());
        came.push_back('s');
      } else {
        got.AddFailure();
        came.push_back('f');
      }
    }
    FailureAverage want;
    FailureRun plain(1'000'000, &want);
    for (const char one : came) one == 'f' ? plain.AddFailure() : plain.AddSuccess();
    ASSERT_EQ(got.length(), plain.length());
    ASSERT_EQ(learnt.share().bits(), want.share().bits());
  }
}

TEST(FailureRun, C6_LongRunsOfSuchBreaksAreBounded) {
  FailureRun run(1'000'000);
  const int64_t first = run.AddFirstMessage();
  std::vector<int64_t> places;
  for (int i = 0; i < 5'000; ++i) {
    run.AddFailure();
    places.push_back(run.AddFirstMessage());
  }
  run.TakeBack(first);
  for (const int64_t place : places) run.TakeBack(place);
  EXPECT_EQ(run.length(), 1'000);  // the breaks before those are forgotten
}

}  // namespace
}  // namespace fusebox::internal
