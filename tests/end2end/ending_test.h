// SPDX-License-Identifier: Apache-2.0
//
// A case that runs for every cell of some endings, on a CLOSED circuit and as a probe:
//
//   class MyEndingTest : public EndingTest {
//     void Play() override { Expect(client, {status, counted}, [&] { return ...; }); }
//   };
//   TEST_P(MyEndingTest, IsCountedOnce) { PlayOnEachCircuit(); }
//   FUSEBOX_FOR_CELLS(EveryCall, MyEndingTest, EveryCell({Ending::kOk}));
#ifndef FUSEBOX_TESTS_END2END_ENDING_TEST_H_
#define FUSEBOX_TESTS_END2END_ENDING_TEST_H_

#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <optional>
#include <vector>

#include "tests/end2end/echo_call.h"
#include "tests/end2end/ending.h"
#include "tests/end2end/protected_client.h"

namespace fusebox_testing {

class EndingTest : public testing::TestWithParam<Cell> {
 protected:
  // Makes one call, and destroys its context. Gives the status if there was one to get.
  using MakeOneCall = std::function<std::optional<grpc::Status>()>;

  Ending ending() const { return GetParam().ending; }
  Style style() const { return GetParam().style; }
  Kind kind() const { return GetParam().kind; }

  // Whether the circuit is HALF_OPEN this time, and the call is its only probe.
  bool as_probe() const { return as_probe_; }

  // Plays on a CLOSED circuit; then, unless the ending takes its time, as a probe.
  void PlayOnEachCircuit();

  // For an ending that has another result with this gRPC: docs/endings.md says so, and its table
  // has what comes of it with 1.51.
  void LeaveOutOfTable() { is_in_table_ = false; }

  // Has one call made to this result: the circuit has counted just that, nothing is out, and a
  // probe's place is free again. `ExpectOneOf` is for endings that may go one way or the other.
  void Expect(ProtectedClient& client, const Result& result, const MakeOneCall& make_one_call) {
    ExpectOneOf(client, {result}, make_one_call);
  }
  void ExpectOneOf(ProtectedClient& client, const std::vector<Result>& results,
                   const MakeOneCall& make_one_call);

  Report Call(ProtectedClient& client, grpc::ClientContext& context) const {
    return MakeCall(style(), kind(), client.channel(), context);
  }
  grpc::Status CallUntilSoon(ProtectedClient& client) const;

  // On another thread, so that something may happen to it meanwhile.
  std::future<Report> CallInBackground(ProtectedClient& client, grpc::ClientContext& context) const;

 private:
  virtual void Play() = 0;

  bool as_probe_ = false;
  bool is_in_table_ = true;
};

}  // namespace fusebox_testing

#define FUSEBOX_FOR_CELLS(name, suite, cells)                                              \
  INSTANTIATE_TEST_SUITE_P(name, suite, testing::ValuesIn(cells),                          \
                           [](const testing::TestParamInfo<fusebox_testing::Cell>& cell) { \
                             return fusebox_testing::Name(cell.param);                     \
                           })

#endif  // FUSEBOX_TESTS_END2END_ENDING_TEST_H_
