// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_TESTING_EXPLAIN_H_
#define FUSEBOX_TESTS_TESTING_EXPLAIN_H_

#include <gmock/gmock.h>

#include <string>

namespace fusebox_testing {

// What a failed EXPECT_THAT(value, matcher) says after "Expected:".
template <typename T, typename M>
std::string Description(const M& matcher) {
  return testing::DescribeMatcher<const T&>(matcher);
}

// And what it says of the value, after printing it.
template <typename T, typename M>
std::string Explanation(const T& value, const M& matcher) {
  testing::StringMatchResultListener listener;
  testing::SafeMatcherCast<const T&>(matcher).MatchAndExplain(value, &listener);
  return listener.str();
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_TESTING_EXPLAIN_H_
