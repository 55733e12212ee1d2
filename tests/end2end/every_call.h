// SPDX-License-Identifier: Apache-2.0
//
// A case that runs for every style of stub and every kind of method:
//
//   class MyTest : public EveryCallTest {};
//   TEST_P(MyTest, Works) { MakeCall(style(), kind(), ...); }
//   FUSEBOX_FOR_EVERY_CALL(MyTest);
#ifndef FUSEBOX_TESTS_END2END_EVERY_CALL_H_
#define FUSEBOX_TESTS_END2END_EVERY_CALL_H_

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

class EveryCallTest : public testing::TestWithParam<std::tuple<Style, Kind>> {
 protected:
  Style style() const { return std::get<Style>(GetParam()); }
  Kind kind() const { return std::get<Kind>(GetParam()); }
};

inline std::string EveryCallName(const testing::TestParamInfo<std::tuple<Style, Kind>>& cell) {
  return Name(std::get<Style>(cell.param)) + "_" + Name(std::get<Kind>(cell.param));
}

}  // namespace fusebox_testing

#define FUSEBOX_FOR_EVERY_CALL(suite)                                                            \
  INSTANTIATE_TEST_SUITE_P(                                                                      \
      EveryCall, suite, testing::Combine(testing::ValuesIn(kStyles), testing::ValuesIn(kKinds)), \
      EveryCallName)

#endif  // FUSEBOX_TESTS_END2END_EVERY_CALL_H_
