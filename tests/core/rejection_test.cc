// SPDX-License-Identifier: Apache-2.0
//
// What a rejected caller gets (docs/rules.md): the message, the bytes, and the way back.
#include "fusebox/rejection.h"

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "src/base/printable.h"
#include "tests/core/test_circuit.h"
#include "tests/support/hostile_texts.h"

namespace fusebox::internal {
namespace {

using fusebox_testing::HostileTexts;
using fusebox_testing::TestCircuit;

constexpr absl::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
constexpr absl::string_view kRetryInfoUrl = "type.googleapis.com/google.rpc.RetryInfo";

Rejection OpenRejection() {
  return {RejectionReason::kOpen, "inventory/shop.Inventory/Reserve", State::kOpen,
          absl::Seconds(27) + absl::Milliseconds(400)};
}

Rejection FullRejection() {
  return {RejectionReason::kHalfOpenFull, "c", State::kHalfOpen, absl::ZeroDuration()};
}

void ExpectSame(const std::optional<Rejection>& got, const Rejection& want) {
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->reason, want.reason);
  EXPECT_EQ(got->circuit, want.circuit);
  EXPECT_EQ(got->state, want.state);
  EXPECT_EQ(got->retry_after, want.retry_after);
  EXPECT_EQ(got->unknown_reason, want.unknown_reason);
  EXPECT_EQ(got->unknown_state, want.unknown_state);
}

std::vector<Rejection> Samples() {
  std::vector<Rejection> samples = {OpenRejection(), FullRejection()};
  for (const absl::Duration delay :
       {absl::Nanoseconds(1), absl::Seconds(1), absl::Seconds(1) - absl::Nanoseconds(1),
        365 * absl::Hours(24)}) {
    samples.push_back(OpenRejection());
    samples.back().retry_after = delay;
  }
  for (const std::string& name :
       {std::string(), std::string(256, 'n'), std::string("\xC3\xA9/\xE2\x82\xAC")}) {
    samples.push_back(OpenRejection());
    samples.back().circuit = name;
  }
  return samples;
}

// However a rejection came to that name: made by hand, or read from what another process says.
TEST(Rejection, WhateverTheNameItCanBeShownAndPassedOn) {
  for (const std::string& name : HostileTexts()) {
    Rejection rejection = OpenRejection();
    rejection.circuit = name;
    const std::string bytes = EncodeRejection(rejection);
    const std::string message = RejectionMessage(rejection);
    const absl::Status status = ToStatus(rejection);
    EXPECT_LE(bytes.size(), 1'024U);
    EXPECT_LE(message.size(), 512U);
    EXPECT_TRUE(IsPrintable(absl::string_view(message))) << message;
    EXPECT_EQ(status.message(), message);
    for (const std::optional<Rejection>& read : {DecodeRejection(bytes), GetRejection(status)}) {
      ASSERT_TRUE(read);
      EXPECT_EQ(read->circuit, Printable(name, 256));
    }
  }
}

TEST(Rejection, AnothersNameIsReadAsTextThatCanBeShown) {
  Rejection rejection = OpenRejection();
  rejection.circuit = "their name";
  std::string bytes = EncodeRejection(rejection);
  for (std::size_t at = bytes.find("their"); at != std::string::npos;
       at = bytes.find("their", at)) {
    bytes.replace(at, 5, "\x1b[2J\xff");
  }
  EXPECT_EQ(DecodeRejection(bytes)->circuit, "\\x1b[2J\\xff name");
}

TEST(RejectionMessage, NamesCircuitStateAndTime) {
  EXPECT_EQ(RejectionMessage(OpenRejection()),
            "circuit \"inventory/shop.Inventory/Reserve\" is OPEN; may be tried in 27.4s");
  EXPECT_EQ(RejectionMessage(FullRejection()),
            "circuit \"c\" is HALF_OPEN and every probe is out; may be tried as soon as one comes "
            "back");
}

TEST(RejectionReasonName, IsTheErrorInfosReason) {
  EXPECT_EQ(RejectionReasonName(RejectionReason::kOpen), "CIRCUIT_OPEN");
  EXPECT_EQ(RejectionReasonName(RejectionReason::kHalfOpenFull), "CIRCUIT_HALF_OPEN_FULL");
  EXPECT_EQ(kRejectionDomain, "fusebox");
}

TEST(EncodeRejection, IsAGoogleRpcStatusToTheByte) {
  // google.rpc.Status { code: 14 message: ... details: Any{ErrorInfo} details: Any{RetryInfo} }.
  const std::string message = RejectionMessage(FullRejection());
  const std::string error_info = std::string("\x0A\x16") + "CIRCUIT_HALF_OPEN_FULL" + "\x12\x07" +
                                 "fusebox" + "\x1A\x0C" + "\x0A\x07" + "circuit" + "\x12\x01" +
                                 "c" + "\x1A\x12" + "\x0A\x05" + "state" + "\x12\x09" + "HALF_OPEN";
  const std::string retry_info = std::string("\x0A\x00", 2);
  ASSERT_LT(message.size(), 128U);
  ASSERT_EQ(error_info.size(), 67U);
  const std::string want = std::string("\x08\x0E\x12") + static_cast<char>(message.size()) +
                           message +                                               //
                           "\x1A\x6F" + "\x0A\x28" + std::string(kErrorInfoUrl) +  //
                           "\x12\x43" + error_info +                               //
                           "\x1A\x2E" + "\x0A\x28" + std::string(kRetryInfoUrl) +  //
                           "\x12\x02" + retry_info;
  EXPECT_EQ(EncodeRejection(FullRejection()), want);
}

TEST(EncodeRejection, WritesTheDelayAsSecondsAndNanos) {
  Rejection rejection = OpenRejection();
  rejection.retry_after = absl::Seconds(2) + absl::Nanoseconds(5);
  const std::string bytes = EncodeRejection(rejection);
  EXPECT_EQ(bytes.substr(bytes.size() - 6), std::string("\x0A\x04\x08\x02\x10\x05", 6));
}

TEST(DecodeRejection, ReadsBackWhatWasWritten) {
  for (const Rejection& rejection : Samples()) {
    ExpectSame(DecodeRejection(EncodeRejection(rejection)), rejection);
  }
}

TEST(GetRejection, ReadsBackWhatToStatusWrote) {
  for (const Rejection& rejection : Samples()) {
    const absl::Status status = ToStatus(rejection);
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(status.message(), RejectionMessage(rejection));
    ExpectSame(GetRejection(status), rejection);
  }
}

TEST(GetRejection, ReadsBackWhatABreakerGave) {
  TestCircuit circuit;
  circuit.Open();
  circuit.Advance(absl::Seconds(4));
  const Rejection open = circuit->TryAcquire().rejection();
  ExpectSame(GetRejection(ToStatus(open)),
             {RejectionReason::kOpen, "circuit", State::kOpen, absl::Seconds(6)});
  circuit.Advance(absl::Seconds(6));
  const std::vector<Permit> probes = circuit.AcquireMany(2);
  const Rejection full = circuit->TryAcquire().rejection();
  ExpectSame(GetRejection(ToStatus(full)),
             {RejectionReason::kHalfOpenFull, "circuit", State::kHalfOpen, absl::ZeroDuration()});
}

TEST(GetRejection, IsEmptyForARealUnavailable) {
  EXPECT_FALSE(GetRejection(absl::UnavailableError("connection refused")).has_value());
  EXPECT_FALSE(GetRejection(absl::OkStatus()).has_value());
  absl::Status with_delay = absl::UnavailableError("overloaded");
  with_delay.SetPayload(kRetryInfoUrl, *ToStatus(OpenRejection()).GetPayload(kRetryInfoUrl));
  EXPECT_FALSE(GetRejection(with_delay).has_value());
}

TEST(GetRejection, IsEmptyForAnotherCodeEvenWithTheDetails) {
  const absl::Status rejected = ToStatus(OpenRejection());
  absl::Status internal = absl::InternalError(rejected.message());
  rejected.ForEachPayload(
      [&](absl::string_view url, const absl::Cord& bytes) { internal.SetPayload(url, bytes); });
  EXPECT_FALSE(GetRejection(internal).has_value());
}

// `bytes` with the first `what` in it replaced by `by`, of the same length.
std::string Replaced(std::string bytes, const std::string& what, const std::string& by) {
  EXPECT_EQ(what.size(), by.size());
  const std::size_t at = bytes.find(what);
  EXPECT_NE(at, std::string::npos);
  return bytes.replace(at, what.size(), by);
}

TEST(DecodeRejection, IsEmptyForWhatFuseboxDidNotWrite) {
  const std::string bytes = EncodeRejection(OpenRejection());
  ASSERT_TRUE(DecodeRejection(bytes).has_value());
  EXPECT_FALSE(DecodeRejection(Replaced(bytes, "fusebox", "fuseBox")).has_value());
  EXPECT_FALSE(DecodeRejection(Replaced(bytes, "\x08\x0E", "\x08\x0D")).has_value());  // code 13
  EXPECT_FALSE(DecodeRejection(Replaced(bytes, "ErrorInfo", "ErrorInfa")).has_value());
  EXPECT_FALSE(DecodeRejection(Replaced(bytes, "RetryInfo", "RetryInfa")).has_value());
  EXPECT_FALSE(DecodeRejection(Replaced(bytes, "state", "stata")).has_value());
}

// As a newer version writes it, which knows more of both.
TEST(DecodeRejection, AReasonThatIsNotKnownIsKeptAsItIsWritten) {
  const std::string bytes =
      Replaced(EncodeRejection(OpenRejection()), "CIRCUIT_OPEN", "CIRCUIT_BUSY");
  const std::optional<Rejection> read = DecodeRejection(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->reason, RejectionReason::kUnknown);
  EXPECT_EQ(read->unknown_reason, "CIRCUIT_BUSY");
  EXPECT_EQ(read->state, State::kOpen);
  EXPECT_EQ(read->unknown_state, "");
  EXPECT_EQ(read->circuit, OpenRejection().circuit);
  EXPECT_EQ(read->retry_after, OpenRejection().retry_after);
  EXPECT_EQ(RejectionMessage(*read),
            "circuit \"inventory/shop.Inventory/Reserve\" is OPEN and lets no call through; may be "
            "tried in 27.4s");
}

TEST(DecodeRejection, AStateThatIsNotKnownIsKeptAsItIsWritten) {
  const std::string bytes =
      Replaced(EncodeRejection(FullRejection()), "\x12\x09HALF_OPEN", "\x12\x09QUARANTEE");
  const std::optional<Rejection> read = DecodeRejection(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->state, State::kUnknown);
  EXPECT_EQ(read->unknown_state, "QUARANTEE");
  EXPECT_EQ(read->reason, RejectionReason::kHalfOpenFull);
  EXPECT_EQ(read->unknown_reason, "");
}

TEST(DecodeRejection, WhatIsNotKnownIsPassedOnAsItIsWritten) {
  Rejection rejection = OpenRejection();
  rejection.reason = RejectionReason::kUnknown;
  rejection.unknown_reason = "CIRCUIT_OVER_QUOTA";
  rejection.state = State::kUnknown;
  rejection.unknown_state = "BUSY";
  for (const std::optional<Rejection>& read :
       {DecodeRejection(EncodeRejection(rejection)), GetRejection(ToStatus(rejection))}) {
    ExpectSame(read, rejection);
  }
}

TEST(DecodeRejection, ANameThatIsNotKnownIsTextThatCanBeShown) {
  for (const std::string& name : HostileTexts()) {
    if (name.empty()) continue;
    Rejection rejection = OpenRejection();
    rejection.reason = RejectionReason::kUnknown;
    rejection.unknown_reason = name;
    rejection.state = State::kUnknown;
    rejection.unknown_state = name;
    const std::string bytes = EncodeRejection(rejection);
    EXPECT_LE(bytes.size(), 1'024U);
    EXPECT_TRUE(IsPrintable(RejectionMessage(rejection)));
    const std::optional<Rejection> read = DecodeRejection(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->unknown_reason, Printable(name, kMaxUnknownNameBytes));
    EXPECT_EQ(read->unknown_state, Printable(name, kMaxUnknownNameBytes));
  }
}

TEST(HasRejectionInfo, C5_GoesByTheDomainAlone) {
  const std::string bytes = EncodeRejection(OpenRejection());
  EXPECT_TRUE(HasRejectionInfo(bytes));
  EXPECT_TRUE(HasRejectionInfo(Replaced(bytes, "\x08\x0E", "\x08\x0D")));  // code 13
  EXPECT_TRUE(HasRejectionInfo(Replaced(bytes, "CIRCUIT_OPEN", "CIRCUIT_NEWS")));
  EXPECT_TRUE(HasRejectionInfo(Replaced(bytes, "RetryInfo", "RetryInfa")));
  EXPECT_FALSE(HasRejectionInfo(Replaced(bytes, "fusebox", "fuseBox")));
  EXPECT_FALSE(HasRejectionInfo(Replaced(bytes, "ErrorInfo", "ErrorInfa")));
  EXPECT_FALSE(HasRejectionInfo(bytes.substr(0, bytes.size() - 1)));
  EXPECT_FALSE(HasRejectionInfo(""));
}

TEST(HasRejectionInfo, C5_ReadsAStatusPayload) {
  EXPECT_TRUE(HasRejectionInfo(ToStatus(OpenRejection())));
  absl::Status with_delay = absl::UnavailableError("overloaded");
  with_delay.SetPayload(kRetryInfoUrl, *ToStatus(OpenRejection()).GetPayload(kRetryInfoUrl));
  EXPECT_FALSE(HasRejectionInfo(with_delay));
  EXPECT_FALSE(HasRejectionInfo(absl::OkStatus()));
}

TEST(DecodeRejection, SkipsFieldsThatItDoesNotKnow) {
  const std::string bytes = EncodeRejection(OpenRejection());
  const std::string unknown = std::string("\x20\x07", 2) +                           // varint 4
                              std::string("\x29\x01\x02\x03\x04\x05\x06\x07\x08") +  // fixed64 5
                              std::string("\x35\x01\x02\x03\x04") +                  // fixed32 6
                              std::string("\x3A\x02hi");                             // bytes 7
  ExpectSame(DecodeRejection(unknown + bytes), OpenRejection());
  ExpectSame(DecodeRejection(bytes + unknown), OpenRejection());
}

TEST(DecodeRejection, ATruncationAtAnyLengthIsEmpty) {
  for (const Rejection& rejection : Samples()) {
    const std::string bytes = EncodeRejection(rejection);
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      // A copy of just that size, so that a sanitizer sees a read beyond it.
      const std::vector<char> prefix(bytes.begin(),
                                     bytes.begin() + static_cast<std::ptrdiff_t>(size));
      EXPECT_FALSE(DecodeRejection({prefix.data(), prefix.size()}).has_value()) << size;
    }
  }
}

TEST(GetRejection, ATruncatedPayloadIsEmpty) {
  const absl::Status whole = ToStatus(OpenRejection());
  for (const absl::string_view url : {kErrorInfoUrl, kRetryInfoUrl}) {
    const std::string bytes(*whole.GetPayload(url));
    // Cut to nothing, a RetryInfo is one that tells no delay, and well formed.
    for (std::size_t size = url == kRetryInfoUrl ? 1 : 0; size < bytes.size(); ++size) {
      absl::Status cut = whole;
      cut.SetPayload(url, absl::Cord(absl::string_view(bytes).substr(0, size)));
      EXPECT_FALSE(GetRejection(cut).has_value()) << url << " of " << size;
    }
  }
}

TEST(DecodeRejection, RandomBytesAndRandomDamageNeverCrash) {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 64, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    EXPECT_FALSE(DecodeRejection(bytes).has_value());
  }
  const std::string whole = EncodeRejection(OpenRejection());
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = whole;
    for (std::size_t hits = 1 + random() % 3; hits > 0; --hits) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (const std::optional<Rejection> rejection = DecodeRejection(bytes)) {
      (void)RejectionMessage(*rejection);
      (void)EncodeRejection(*rejection);
    }
  }
}

TEST(DecodeRejection, AnyDelayCanBeReadAndWrittenAgain) {
  // Seconds and nanos as large, and as negative, as varints can say.
  const std::string bytes = EncodeRejection(FullRejection());
  const std::string head = bytes.substr(0, bytes.size() - std::string(kRetryInfoUrl).size() - 8);
  for (const std::string& varint :
       {std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x7F"),
        std::string("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01"), std::string("\x80\x01")}) {
    const std::string duration = "\x08" + varint + "\x10" + varint;
    const std::string retry_info =
        std::string("\x0A") + static_cast<char>(duration.size()) + duration;
    const std::string any = "\x0A\x28" + std::string(kRetryInfoUrl) + "\x12" +
                            static_cast<char>(retry_info.size()) + retry_info;
    const std::optional<Rejection> rejection =
        DecodeRejection(head + "\x1A" + static_cast<char>(any.size()) + any);
    ASSERT_TRUE(rejection.has_value());
    EXPECT_FALSE(RejectionMessage(*rejection).empty());
    EXPECT_GE(rejection->retry_after, absl::ZeroDuration());
    const std::optional<Rejection> again = DecodeRejection(EncodeRejection(*rejection));
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(again->retry_after, rejection->retry_after);
    EXPECT_FALSE(ToStatus(*rejection).ok());
  }
}

}  // namespace
}  // namespace fusebox::internal
