// SPDX-License-Identifier: Apache-2.0
//
// A server that asks to be left alone (rule C5).
#include "interceptors/pushback.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "fusebox/grpc/run.h"
#include "tests/interceptors/fake_batch_fixture.h"
#include "tests/support/fake_batch.h"
#include "tests/support/retry_info.h"

namespace fusebox_testing {
namespace {

using fusebox::internal::PushbackOf;
using grpc::StatusCode;

grpc::Status Busy(const std::string& details = {}) {
  return grpc::Status(StatusCode::RESOURCE_EXHAUSTED, "busy", details);
}

absl::Duration InMetadata(const std::string& value) {
  fusebox::CallResult::Metadata metadata;
  metadata.emplace("grpc-retry-pushback-ms", value);
  return PushbackOf(Busy(), metadata);
}

TEST(PushbackTest, C5_IsInTheTrailingMetadata) {
  EXPECT_EQ(InMetadata("1500"), absl::Milliseconds(1500));
  EXPECT_EQ(InMetadata("0"), absl::ZeroDuration());
}

TEST(PushbackTest, C5_ANegativeOrMalformedOneIsNoTime) {
  for (const char* const value : {"-1", "-1500", "", "soon", "1.5", "99999999999999999999"}) {
    EXPECT_EQ(InMetadata(value), absl::ZeroDuration()) << value;
  }
}

TEST(PushbackTest, C5_IsInTheDetails) {
  EXPECT_EQ(PushbackOf(Busy(RetryInfoDetails(absl::Milliseconds(2500))), {}),
            absl::Milliseconds(2500));
}

TEST(PushbackTest, C5_NoneAndMalformedDetailsAreNoTime) {
  EXPECT_EQ(PushbackOf(Busy(), {}), absl::ZeroDuration());
  const std::string details = RetryInfoDetails(absl::Seconds(9));
  for (std::size_t size = 0; size < details.size(); ++size) {
    EXPECT_EQ(PushbackOf(Busy(details.substr(0, size)), {}), absl::ZeroDuration()) << size;
  }
}

TEST(PushbackTest, C5_OfBothTheLonger) {
  fusebox::CallResult::Metadata metadata;
  metadata.emplace("grpc-retry-pushback-ms", "3000");
  EXPECT_EQ(PushbackOf(Busy(RetryInfoDetails(absl::Seconds(2))), metadata), absl::Seconds(3));
  EXPECT_EQ(PushbackOf(Busy(RetryInfoDetails(absl::Seconds(4))), metadata), absl::Seconds(4));
}

TEST(PushbackTest, C5_RunOverAGrpcStatusReadsTheDetails) {
  const auto outcome =
      fusebox::RunTraits<grpc::Status>::ToOutcome(Busy(RetryInfoDetails(absl::Seconds(2))));
  EXPECT_EQ(outcome.pushback, absl::Seconds(2));
}

// Its delay is what another circuit has left to wait, which may close at any time.
TEST(PushbackTest, C5_ARejectionThatIsPassedOnIsNone) {
  const std::string passed_on = RetryInfoDetails(absl::Minutes(5), "fusebox");
  fusebox::CallResult::Metadata metadata;
  metadata.emplace("grpc-retry-pushback-ms", "3000");
  for (const StatusCode code :
       {StatusCode::UNAVAILABLE, StatusCode::RESOURCE_EXHAUSTED, StatusCode::INTERNAL}) {
    const grpc::Status status(code, "upstream", passed_on);
    EXPECT_EQ(PushbackOf(status, {}), absl::ZeroDuration());
    EXPECT_EQ(PushbackOf(status, metadata), absl::ZeroDuration());
    const auto outcome = fusebox::RunTraits<grpc::Status>::ToOutcome(status);
    EXPECT_TRUE(fusebox::IsFailure(outcome.kind));
    EXPECT_EQ(outcome.pushback, absl::ZeroDuration());
  }
}

class PushbackCallTest : public testing::Test {
 protected:
  // Until when the circuit is open, if its last failure said this.
  absl::Duration OpenFor(const std::string& in_metadata, const std::string& details) {
    FakeChannel channel(clock_);
    for (int i = 0; i < 2; ++i) {
      const auto interceptor = channel.MakeInterceptor(CallType::UNARY);
      FakeBatch start(UnaryOps().send);
      interceptor->Intercept(&start);
      FakeBatch end(UnaryOps().recv);
      end.status = Busy(details);
      if (!in_metadata.empty()) {
        end.trailing_metadata.emplace("grpc-retry-pushback-ms", in_metadata);
      }
      interceptor->Intercept(&end);
    }
    return channel.breaker()->TryAcquire().retry_after();
  }

  const FakeClock clock_;
};

TEST_F(PushbackCallTest, R4_TheCircuitIsOpenForAtLeastThatLong) {
  EXPECT_EQ(OpenFor("", ""), absl::Seconds(30));
  EXPECT_EQ(OpenFor("10000", ""), absl::Seconds(30));
  EXPECT_EQ(OpenFor("45000", ""), absl::Seconds(45));
  EXPECT_EQ(OpenFor("", RetryInfoDetails(absl::Seconds(50))), absl::Seconds(50));
}

TEST_F(PushbackCallTest, C5_RejectionsThatArePassedOnOpenItForItsOwnTime) {
  const std::string passed_on = RetryInfoDetails(absl::Minutes(5), "fusebox");
  EXPECT_EQ(OpenFor("", passed_on), absl::Seconds(30));
  EXPECT_EQ(OpenFor("60000", passed_on), absl::Seconds(30));
}

TEST_F(PushbackCallTest, R4_NeverForLongerThanMaxOpenDuration) {
  EXPECT_EQ(OpenFor("999999999", ""), absl::Minutes(5));
  EXPECT_EQ(OpenFor("", RetryInfoDetails(absl::InfiniteDuration())), absl::Minutes(5));
}

}  // namespace
}  // namespace fusebox_testing
