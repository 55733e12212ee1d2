// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/status_classifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace fusebox_testing {
namespace {

using fusebox::CallResult;
using fusebox::OutcomeKind;
using fusebox::StatusClassifier;
using grpc::StatusCode;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::array kKinds = {OutcomeKind::kSuccess, OutcomeKind::kFailure, OutcomeKind::kIgnored,
                               OutcomeKind::kOverload};

// rule C2.
const std::map<StatusCode, OutcomeKind>& StandardTable() {
  static const auto* const kTable = new std::map<StatusCode, OutcomeKind>{
      {StatusCode::OK, OutcomeKind::kSuccess},
      {StatusCode::CANCELLED, OutcomeKind::kIgnored},
      {StatusCode::UNKNOWN, OutcomeKind::kFailure},
      {StatusCode::INVALID_ARGUMENT, OutcomeKind::kSuccess},
      {StatusCode::DEADLINE_EXCEEDED, OutcomeKind::kFailure},
      {StatusCode::NOT_FOUND, OutcomeKind::kSuccess},
      {StatusCode::ALREADY_EXISTS, OutcomeKind::kSuccess},
      {StatusCode::PERMISSION_DENIED, OutcomeKind::kSuccess},
      {StatusCode::RESOURCE_EXHAUSTED, OutcomeKind::kOverload},
      {StatusCode::FAILED_PRECONDITION, OutcomeKind::kSuccess},
      {StatusCode::ABORTED, OutcomeKind::kSuccess},
      {StatusCode::OUT_OF_RANGE, OutcomeKind::kSuccess},
      {StatusCode::UNIMPLEMENTED, OutcomeKind::kSuccess},
      {StatusCode::INTERNAL, OutcomeKind::kFailure},
      {StatusCode::UNAVAILABLE, OutcomeKind::kFailure},
      {StatusCode::DATA_LOSS, OutcomeKind::kFailure},
      {StatusCode::UNAUTHENTICATED, OutcomeKind::kSuccess},
  };
  return *kTable;
}

OutcomeKind Classify(const StatusClassifier& classifier, StatusCode code,
                     std::optional<absl::Duration> time_to_deadline = std::nullopt) {
  const grpc::Status status(code, "message");
  return classifier.Classify(
      {"/shop.Inventory/Reserve", status, {}, absl::Milliseconds(5), time_to_deadline});
}

StatusClassifier MustCreate(StatusClassifier::Options options) {
  auto classifier = StatusClassifier::Create(std::move(options));
  EXPECT_TRUE(classifier.ok()) << classifier.status();
  return classifier.ok() ? *std::move(classifier) : StatusClassifier();
}

TEST(StatusClassifierTest, C2_StandardTable) {
  ASSERT_EQ(StandardTable().size(), 17U);
  for (const StatusClassifier& classifier : {StatusClassifier(), MustCreate({})}) {
    for (const auto& [code, kind] : StandardTable()) {
      EXPECT_EQ(Classify(classifier, code), kind) << code;
    }
  }
}

TEST(StatusClassifierTest, C1_EachCodeCanBeSetAndChangesNoOther) {
  for (const auto& entry : StandardTable()) {
    for (const OutcomeKind set : kKinds) {
      StatusClassifier::Options options;
      options.codes[entry.first] = set;
      const StatusClassifier classifier = MustCreate(std::move(options));
      for (const auto& [code, kind] : StandardTable()) {
        EXPECT_EQ(Classify(classifier, code), code == entry.first ? set : kind) << code;
      }
    }
  }
}

TEST(StatusClassifierTest, C2_AMessageThatIsTooLargeIsNoOverload) {
  for (const char* text : {"Received message larger than max (5 vs. 4)",
                           "SERVER: Sent message larger than max (5 vs. 4)",
                           "CLIENT: Received message larger than max (5 vs. 4)"}) {
    const grpc::Status status(StatusCode::RESOURCE_EXHAUSTED, text);
    EXPECT_EQ(StatusClassifier().Classify({"/shop.Inventory/Reserve", status, {}, {}, {}}),
              OutcomeKind::kFailure)
        << text;
  }
}

TEST(StatusClassifierTest, C2_UnknownCodesAreReadAsUnknown) {
  for (const int number : {-2, -1, 17, 31}) {
    EXPECT_EQ(Classify(StatusClassifier(), static_cast<StatusCode>(number)), OutcomeKind::kFailure);
    StatusClassifier::Options options;
    options.codes[StatusCode::UNKNOWN] = OutcomeKind::kIgnored;
    EXPECT_EQ(Classify(MustCreate(std::move(options)), static_cast<StatusCode>(number)),
              OutcomeKind::kIgnored);
  }
}

// ---- The predicate.

TEST(StatusClassifierTest, C1_PredicateOverrulesTheTable) {
  for (const OutcomeKind kind : kKinds) {
    StatusClassifier::Options options;
    options.codes[StatusCode::OK] = OutcomeKind::kIgnored;
    options.predicate = [kind](const CallResult&) { return kind; };
    const StatusClassifier classifier = MustCreate(std::move(options));
    for (const auto& entry : StandardTable()) EXPECT_EQ(Classify(classifier, entry.first), kind);
  }
}

TEST(StatusClassifierTest, C1_PredicateMayAbstain) {
  StatusClassifier::Options options;
  options.codes[StatusCode::OK] = OutcomeKind::kFailure;
  options.predicate = [](const CallResult&) { return std::nullopt; };
  const StatusClassifier classifier = MustCreate(std::move(options));
  for (const auto& [code, kind] : StandardTable()) {
    EXPECT_EQ(Classify(classifier, code), code == StatusCode::OK ? OutcomeKind::kFailure : kind);
  }
}

TEST(StatusClassifierTest, C1_PredicateSeesTheCall) {
  int asked = 0;
  StatusClassifier::Options options;
  options.predicate = [&](const CallResult& call) -> std::optional<OutcomeKind> {
    ++asked;
    EXPECT_EQ(call.method, "/shop.Inventory/Reserve");
    EXPECT_EQ(call.status.error_code(), StatusCode::ABORTED);
    EXPECT_EQ(call.status.error_message(), "why");
    EXPECT_EQ(call.trailing_metadata.count("tenant"), 1U);
    EXPECT_EQ(call.trailing_metadata.find("tenant")->second, "blue");
    EXPECT_EQ(call.latency, absl::Milliseconds(250));
    EXPECT_EQ(call.time_to_deadline, absl::Seconds(3));
    return OutcomeKind::kFailure;
  };
  const grpc::Status status(StatusCode::ABORTED, "why");
  EXPECT_EQ(MustCreate(std::move(options))
                .Classify({"/shop.Inventory/Reserve",
                           status,
                           {{"tenant", "blue"}},
                           absl::Milliseconds(250),
                           absl::Seconds(3)}),
            OutcomeKind::kFailure);
  EXPECT_EQ(asked, 1);
}

// ---- Deadlines (rule C3).

TEST(StatusClassifierTest, C3_DeadlineBeforeTheStartIsIgnoredWhateverTheStatus) {
  int asked = 0;
  StatusClassifier::Options options;
  options.predicate = [&](const CallResult&) {
    ++asked;
    return OutcomeKind::kFailure;
  };
  const StatusClassifier classifier = MustCreate(std::move(options));
  for (const auto& entry : StandardTable()) {
    for (const absl::Duration passed : {absl::ZeroDuration(), -absl::Nanoseconds(1),
                                        -absl::Hours(1), -absl::InfiniteDuration()}) {
      EXPECT_EQ(Classify(StatusClassifier(), entry.first, passed), OutcomeKind::kIgnored);
      EXPECT_EQ(Classify(classifier, entry.first, passed), OutcomeKind::kIgnored);
    }
  }
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(Classify(classifier, StatusCode::OK, absl::Nanoseconds(1)), OutcomeKind::kFailure);
}

TEST(StatusClassifierTest, C3_MinDeadlineIsOffByDefault) {
  EXPECT_EQ(Classify(StatusClassifier(), StatusCode::DEADLINE_EXCEEDED, absl::Nanoseconds(1)),
            OutcomeKind::kFailure);
}

TEST(StatusClassifierTest, C3_MinDeadlineIgnoresJustDeadlineExceededOfImpatientCalls) {
  StatusClassifier::Options options;
  options.min_deadline = absl::Milliseconds(10);
  const StatusClassifier classifier = MustCreate(std::move(options));
  const absl::Duration just_less = absl::Milliseconds(10) - absl::Nanoseconds(1);
  EXPECT_EQ(Classify(classifier, StatusCode::DEADLINE_EXCEEDED, just_less), OutcomeKind::kIgnored);
  EXPECT_EQ(Classify(classifier, StatusCode::DEADLINE_EXCEEDED, absl::Milliseconds(10)),
            OutcomeKind::kFailure);
  EXPECT_EQ(Classify(classifier, StatusCode::DEADLINE_EXCEEDED), OutcomeKind::kFailure);
  for (const auto& [code, kind] : StandardTable()) {
    if (code == StatusCode::DEADLINE_EXCEEDED) continue;
    EXPECT_EQ(Classify(classifier, code, just_less), kind) << code;
  }
}

// ---- Callers that give up (rule C3).

OutcomeKind ClassifyAfter(const StatusClassifier& classifier, StatusCode code,
                          std::optional<absl::Duration> silence,
                          std::optional<absl::Duration> time_to_deadline = std::nullopt) {
  const grpc::Status status(code, "message");
  CallResult call{"/shop.Inventory/Reserve", status, {}, absl::Milliseconds(5), time_to_deadline};
  call.silence = silence;
  return classifier.Classify(call);
}

TEST(StatusClassifierTest, C3_CancelledAfterIsOffByDefault) {
  EXPECT_EQ(ClassifyAfter(StatusClassifier(), StatusCode::CANCELLED, absl::Hours(1)),
            OutcomeKind::kIgnored);
}

TEST(StatusClassifierTest, C3_CancelledAfterCountsJustCancelledCallsThatWaited) {
  StatusClassifier::Options options;
  options.cancelled_after = absl::Seconds(2);
  const StatusClassifier classifier = MustCreate(std::move(options));
  const absl::Duration just_less = absl::Seconds(2) - absl::Nanoseconds(1);
  EXPECT_EQ(ClassifyAfter(classifier, StatusCode::CANCELLED, just_less), OutcomeKind::kIgnored);
  EXPECT_EQ(ClassifyAfter(classifier, StatusCode::CANCELLED, absl::Seconds(2)),
            OutcomeKind::kFailure);
  EXPECT_EQ(ClassifyAfter(classifier, StatusCode::CANCELLED, std::nullopt), OutcomeKind::kIgnored);
  EXPECT_EQ(
      ClassifyAfter(classifier, StatusCode::CANCELLED, absl::Seconds(2), absl::ZeroDuration()),
      OutcomeKind::kIgnored);
  for (const auto& [code, kind] : StandardTable()) {
    if (code == StatusCode::CANCELLED) continue;
    EXPECT_EQ(ClassifyAfter(classifier, code, absl::Seconds(2)), kind) << code;
  }
}

// ---- What the server didn't say (rule C2).

TEST(StatusClassifierTest, C2_WhatIsLocalIsIgnoredWhateverTheCode) {
  for (const auto& entry : StandardTable()) {
    const grpc::Status status(entry.first, "message");
    CallResult call{"/shop.Inventory/Reserve", status, {}, absl::Milliseconds(5), std::nullopt};
    call.local = true;
    EXPECT_EQ(StatusClassifier().Classify(call), OutcomeKind::kIgnored);
  }
}

TEST(StatusClassifierTest, C2_ACallWithoutItsMessageIsAFailureWhateverTheTableSays) {
  StatusClassifier::Options options;
  options.codes[StatusCode::UNIMPLEMENTED] = OutcomeKind::kSuccess;
  const StatusClassifier classifier = MustCreate(std::move(options));
  const grpc::Status status(StatusCode::UNIMPLEMENTED, "message");
  CallResult call{"/shop.Inventory/Reserve", status, {}, absl::Milliseconds(5), std::nullopt};
  call.no_message = true;
  EXPECT_EQ(classifier.Classify(call), OutcomeKind::kFailure);
}

TEST(StatusClassifierTest, C1_PredicateOverrulesAllOfThem) {
  StatusClassifier::Options options;
  options.cancelled_after = absl::Milliseconds(1);
  options.predicate = [](const CallResult& call) {
    EXPECT_TRUE(call.local);
    EXPECT_TRUE(call.no_message);
    EXPECT_EQ(call.silence, absl::Seconds(1));
    return OutcomeKind::kSuccess;
  };
  const grpc::Status status(StatusCode::CANCELLED, "message");
  CallResult call{"/shop.Inventory/Reserve", status, {}, absl::Milliseconds(5), std::nullopt};
  call.local = true;
  call.no_message = true;
  call.silence = absl::Seconds(1);
  EXPECT_EQ(MustCreate(std::move(options)).Classify(call), OutcomeKind::kSuccess);
}

// ---- Options.

TEST(StatusClassifierTest, OneErrorNamesAllThatIsWrong) {
  StatusClassifier::Options options;
  options.codes[static_cast<StatusCode>(17)] = OutcomeKind::kSuccess;
  options.codes[StatusCode::DO_NOT_USE] = OutcomeKind::kSuccess;
  options.codes[StatusCode::INTERNAL] = static_cast<OutcomeKind>(7);
  options.min_deadline = absl::Hours(25);
  options.cancelled_after = absl::Microseconds(999);
  const absl::Status status = StatusClassifier::Create(std::move(options)).status();
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("codes: code = 17, must be from 0 to 16"),
                    HasSubstr("codes: code = -1, must be"), HasSubstr("codes[13] = 7"),
                    HasSubstr("min_deadline = 25h"), HasSubstr("from 0 to 24h"),
                    HasSubstr("cancelled_after = 999us"), HasSubstr("0, or from 1ms to 24h")));
}

TEST(StatusClassifierTest, C3_MinDeadlineHasItsRange) {
  for (const absl::Duration good : {absl::ZeroDuration(), absl::Nanoseconds(1), absl::Hours(24)}) {
    StatusClassifier::Options options;
    options.min_deadline = good;
    EXPECT_TRUE(StatusClassifier::Create(std::move(options)).ok()) << good;
  }
  for (const absl::Duration bad : {-absl::Nanoseconds(1), absl::Hours(24) + absl::Nanoseconds(1),
                                   absl::InfiniteDuration(), -absl::InfiniteDuration()}) {
    StatusClassifier::Options options;
    options.min_deadline = bad;
    EXPECT_TRUE(absl::IsInvalidArgument(StatusClassifier::Create(std::move(options)).status()))
        << bad;
  }
}

TEST(StatusClassifierTest, C3_CancelledAfterHasItsRange) {
  for (const absl::Duration good :
       {absl::ZeroDuration(), absl::Milliseconds(1), absl::Seconds(2), absl::Hours(24)}) {
    StatusClassifier::Options options;
    options.cancelled_after = good;
    EXPECT_TRUE(StatusClassifier::Create(std::move(options)).ok()) << good;
  }
  for (const absl::Duration bad :
       {-absl::Seconds(1), absl::Nanoseconds(1), absl::Milliseconds(1) - absl::Nanoseconds(1),
        absl::Hours(24) + absl::Nanoseconds(1), absl::InfiniteDuration()}) {
    StatusClassifier::Options options;
    options.cancelled_after = bad;
    EXPECT_TRUE(absl::IsInvalidArgument(StatusClassifier::Create(std::move(options)).status()))
        << bad;
  }
}

}  // namespace
}  // namespace fusebox_testing
