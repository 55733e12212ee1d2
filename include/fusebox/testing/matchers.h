// SPDX-License-Identifier: Apache-2.0
//
// GoogleMock matchers for what a caller gets from a circuit, and for the circuit itself.
//
//   using fusebox_testing::IsInState;
//   using fusebox_testing::IsRejected;
//   using fusebox_testing::IsRejectedBy;
//   EXPECT_THAT(status, IsRejectedBy("inventory/shop.Inventory/Reserve"));
//   EXPECT_THAT(status, testing::Not(IsRejected()));  // failed, but was sent
//   EXPECT_THAT(breaker, IsInState(fusebox::State::kHalfOpen));
//
// A failure says what the status was: "which is UNAVAILABLE: connection refused, and no rejection
// by a circuit".
//
// The statuses may be absl::Status, absl::StatusOr and grpc::Status, which is read without its
// header: these matchers ask for fusebox::core and GoogleMock alone. fusebox::testing does not link
// GoogleMock, and neither does its package look for it: tests that include this header link it.
#ifndef FUSEBOX_TESTING_MATCHERS_H_
#define FUSEBOX_TESTING_MATCHERS_H_

#include <gmock/gmock.h>

#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/rejection.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"

namespace fusebox_testing {

// What the matchers know of a status, whichever its type.
struct StatusFacts {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::string message;
  std::optional<fusebox::Rejection> rejection;
};

inline StatusFacts FactsOf(const absl::Status& status) {
  return {status.code(), std::string(status.message()), fusebox::GetRejection(status)};
}

template <typename T>
StatusFacts FactsOf(const absl::StatusOr<T>& result) {
  return FactsOf(result.status());
}

// For grpc::Status, as fusebox/grpc/rejection_status.h has it. The codes of both have one number.
template <typename GrpcStatus>
auto FactsOf(const GrpcStatus& status) -> decltype(status.error_details(), StatusFacts()) {
  StatusFacts facts;
  facts.code = static_cast<absl::StatusCode>(status.error_code());
  facts.message = status.error_message();
  if (facts.code == absl::StatusCode::kUnavailable) {
    facts.rejection = fusebox::DecodeRejection(status.error_details());
  }
  return facts;
}

// Behind IsRejected, IsRejectedBy and IsRejectedBecause.
class RejectionMatcher {
 public:
  using CircuitMatcher = testing::Matcher<const std::string&>;

  RejectionMatcher(std::optional<CircuitMatcher> circuit,
                   std::optional<fusebox::RejectionReason> reason)
      : circuit_(std::move(circuit)), reason_(reason) {}

  template <typename Status>
  bool MatchAndExplain(const Status& status, testing::MatchResultListener* listener) const {
    const StatusFacts facts = FactsOf(status);
    if (!facts.rejection) {
      *listener << "which is " << absl::StatusCodeToString(facts.code);
      if (!facts.message.empty()) *listener << ": " << facts.message;
      if (facts.code == absl::StatusCode::kUnavailable) {
        *listener << ", and no rejection by a circuit";
      }
      return false;
    }
    *listener << "which is a rejection by the circuit \"" << facts.rejection->circuit
              << "\" because of " << fusebox::RejectionReasonName(facts.rejection->reason);
    return (!circuit_ || circuit_->Matches(facts.rejection->circuit)) &&
           (!reason_ || *reason_ == facts.rejection->reason);
  }

  void DescribeTo(std::ostream* out) const {
    *out << "is a rejection";
    DescribeDetails(out);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "is no rejection";
    DescribeDetails(out);
  }

 private:
  void DescribeDetails(std::ostream* out) const {
    if (circuit_) {
      *out << " by a circuit whose name ";
      circuit_->DescribeTo(out);
    }
    if (reason_) *out << " because of " << fusebox::RejectionReasonName(*reason_);
  }

  std::optional<CircuitMatcher> circuit_;
  std::optional<fusebox::RejectionReason> reason_;
};

// A call that a circuit rejected: it was never sent.
inline testing::PolymorphicMatcher<RejectionMatcher> IsRejected() {
  return testing::MakePolymorphicMatcher(RejectionMatcher(std::nullopt, std::nullopt));
}

// The same, by a circuit of that name; `circuit` is a string, or any matcher of one, as in
// `IsRejectedBy(StartsWith("inventory/"))`.
inline testing::PolymorphicMatcher<RejectionMatcher> IsRejectedBy(
    const testing::Matcher<const std::string&>& circuit) {
  return testing::MakePolymorphicMatcher(RejectionMatcher(circuit, std::nullopt));
}

// The same, for that reason, by whichever circuit. For both, `AllOf(IsRejectedBy(...),
// IsRejectedBecause(...))`.
inline testing::PolymorphicMatcher<RejectionMatcher> IsRejectedBecause(
    fusebox::RejectionReason reason) {
  return testing::MakePolymorphicMatcher(RejectionMatcher(std::nullopt, reason));
}

// Behind IsInState.
class StateMatcher {
 public:
  explicit StateMatcher(fusebox::State state) : state_(state) {}

  bool MatchAndExplain(const fusebox::CircuitSnapshot& circuit,
                       testing::MatchResultListener* listener) const {
    *listener << "which is the circuit \"" << circuit.name << "\" in state "
              << fusebox::StateName(circuit.state);
    if (circuit.mode != fusebox::Mode::kAutomatic) {
      *listener << ", mode " << fusebox::ModeName(circuit.mode);
    }
    return circuit.state == state_;
  }

  // To read a breaker's state applies the transitions that are due, so it isn't const; GoogleMock
  // shows its matchers what is const. No breaker is: `CircuitBreaker::Create` alone makes them.
  bool MatchAndExplain(const fusebox::CircuitBreaker& breaker,
                       testing::MatchResultListener* listener) const {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast): see above
    return MatchAndExplain(const_cast<fusebox::CircuitBreaker&>(breaker).Snapshot(), listener);
  }

  bool MatchAndExplain(fusebox::CircuitBreaker* breaker,
                       testing::MatchResultListener* listener) const {
    if (breaker == nullptr) {
      *listener << "which is no circuit";
      return false;
    }
    return MatchAndExplain(breaker->Snapshot(), listener);
  }
  bool MatchAndExplain(const std::shared_ptr<fusebox::CircuitBreaker>& breaker,
                       testing::MatchResultListener* listener) const {
    return MatchAndExplain(breaker.get(), listener);
  }

  void DescribeTo(std::ostream* out) const {
    *out << "is a circuit in state " << fusebox::StateName(state_);
  }
  void DescribeNegationTo(std::ostream* out) const {
    *out << "is a circuit in another state than " << fusebox::StateName(state_);
  }

 private:
  fusebox::State state_;
};

// A CircuitBreaker, a shared_ptr or pointer to one (null is in no state), or a CircuitSnapshot. A
// breaker is in the state that it is in when the matcher looks: OPEN is HALF_OPEN once its time is
// up. A circuit that is forced open is OPEN, a disabled one CLOSED.
inline testing::PolymorphicMatcher<StateMatcher> IsInState(fusebox::State state) {
  return testing::MakePolymorphicMatcher(StateMatcher(state));
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTING_MATCHERS_H_
