// SPDX-License-Identifier: Apache-2.0
//
// A few threads that act one at a time, so that what they do together is one run that can be
// repeated.
#ifndef FUSEBOX_TESTS_MODEL_CREW_H_
#define FUSEBOX_TESTS_MODEL_CREW_H_

#include <functional>
#include <memory>
#include <vector>

namespace fusebox_testing {

// Not thread-safe: one thread hands out the work.
class Crew {
 public:
  Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew();

  // How many there are to choose from. Number 0 is the calling thread; then come one that has
  // counters of its own, and two that share theirs.
  static constexpr int kSize = 4;

  // Returns when that one has done it.
  void Do(int number, const std::function<void()>& work);

 private:
  class Member;
  // Most of them are only there to take up the counters that a thread has for itself.
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_CREW_H_
