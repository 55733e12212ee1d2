// SPDX-License-Identifier: Apache-2.0
//
// From a status code to an outcome (rule C2).
#include "fusebox/outcome.h"

#include <set>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/rejection.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

OutcomeKind KindOf(int code) { return DefaultOutcomeKind(static_cast<absl::StatusCode>(code)); }

TEST(DefaultOutcomeKind, C2_TheTableOfThe17Codes) {
  const std::set<int> failures = {2, 4, 13, 14, 15};
  for (int code = 0; code < kStatusCodeCount; ++code) {
    const OutcomeKind want = code == 1                  ? OutcomeKind::kIgnored
                             : code == 8                ? OutcomeKind::kOverload
                             : failures.count(code) > 0 ? OutcomeKind::kFailure
                                                        : OutcomeKind::kSuccess;
    EXPECT_EQ(KindOf(code), want) << code;
  }
}

TEST(DefaultOutcomeKind, C2_ACodeOutsideTheTableIsReadAsUnknown) {
  for (const int code : {-1, 17, 20, 1000, -2147483647}) {
    EXPECT_EQ(KindOf(code), OutcomeKind::kFailure) << code;
  }
}

TEST(Outcome, C2_FromStatusKeepsCodeAndMessage) {
  const absl::Status status = absl::UnavailableError("refused");
  const Outcome outcome = Outcome::FromStatus(status);
  EXPECT_EQ(outcome.kind, OutcomeKind::kFailure);
  EXPECT_EQ(outcome.code, 14);
  EXPECT_EQ(outcome.message, "refused");
  EXPECT_FALSE(outcome.latency.has_value());
  EXPECT_TRUE(outcome.timed);
  EXPECT_EQ(Outcome::FromStatus(absl::OkStatus()).kind, OutcomeKind::kSuccess);
  EXPECT_EQ(Outcome::FromStatus(absl::NotFoundError("x")).kind, OutcomeKind::kSuccess);
  EXPECT_EQ(Outcome::FromStatus(absl::CancelledError("x")).kind, OutcomeKind::kIgnored);
}

TEST(Outcome, C5_FromStatusTakesADelayForPushback) {
  constexpr absl::string_view kRetryInfo = "type.googleapis.com/google.rpc.RetryInfo";
  Rejection rejection;
  rejection.retry_after = absl::Seconds(90);
  absl::Status busy = absl::ResourceExhaustedError("busy");
  busy.SetPayload(kRetryInfo, *ToStatus(rejection).GetPayload(kRetryInfo));
  EXPECT_EQ(Outcome::FromStatus(busy).pushback, absl::Seconds(90));
}

TEST(Outcome, C5_FromStatusTakesNoneOfARejectionThatIsPassedOn) {
  Rejection rejection;
  rejection.retry_after = absl::Minutes(5);
  const absl::Status passed_on = ToStatus(rejection);
  absl::Status as_internal = absl::InternalError("upstream");
  passed_on.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& bytes) { as_internal.SetPayload(url, bytes); });
  for (const absl::Status& status : {passed_on, as_internal}) {
    EXPECT_EQ(Outcome::FromStatus(status).kind, OutcomeKind::kFailure);
    EXPECT_EQ(Outcome::FromStatus(status).pushback, absl::ZeroDuration());
  }
}

TEST(Outcome, MakersSetTheKind) {
  EXPECT_EQ(Outcome::Success().kind, OutcomeKind::kSuccess);
  EXPECT_EQ(Outcome::Ignored().kind, OutcomeKind::kIgnored);
  EXPECT_EQ(Outcome::Failure().kind, OutcomeKind::kFailure);
  EXPECT_EQ(Outcome::Failure().code, 2);
  EXPECT_EQ(Outcome::Failure(14, "refused").message, "refused");
}

TEST(OutcomeKindName, NamesEachKind) {
  EXPECT_EQ(OutcomeKindName(OutcomeKind::kSuccess), "success");
  EXPECT_EQ(OutcomeKindName(OutcomeKind::kFailure), "failure");
  EXPECT_EQ(OutcomeKindName(OutcomeKind::kIgnored), "ignored");
  EXPECT_EQ(OutcomeKindName(OutcomeKind::kOverload), "overload");
}

}  // namespace
}  // namespace fusebox
