// SPDX-License-Identifier: Apache-2.0
//
// What the admin service is made of, where a call would be too much to ask.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/admin/circuit_filter.h"
#include "src/admin/glob.h"
#include "src/admin/page_token.h"
#include "src/admin/peer.h"
#include "src/admin/request_errors.h"
#include "src/admin/time_conversion.h"
#include "src/admin/utf8.h"

namespace fusebox {
namespace {

TEST(Glob, FitsTheWholeText) {
  EXPECT_TRUE(GlobMatches("a/b", "a/b"));
  EXPECT_FALSE(GlobMatches("a/b", "a/bc"));
  EXPECT_FALSE(GlobMatches("a/b", "xa/b"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_FALSE(GlobMatches("?", ""));
}

TEST(Glob, AStarStandsForAnythingSlashesToo) {
  EXPECT_TRUE(GlobMatches("inventory/*", "inventory/shop.Inventory/Reserve"));
  EXPECT_TRUE(GlobMatches("*/Reserve", "inventory/shop.Inventory/Reserve"));
  EXPECT_TRUE(GlobMatches("*Inv*Res*", "inventory/shop.Inventory/Reserve"));
  EXPECT_FALSE(GlobMatches("*Inv*Res", "inventory/shop.Inventory/Reserve"));
  EXPECT_TRUE(GlobMatches("a**b", "ab"));
  EXPECT_TRUE(GlobMatches("*ab", "aab"));
  EXPECT_TRUE(GlobMatches("*aba", "ababa"));
}

TEST(Glob, AQuestionMarkStandsForOneCharacter) {
  EXPECT_TRUE(GlobMatches("a?c", "abc"));
  EXPECT_FALSE(GlobMatches("a?c", "ac"));
  EXPECT_TRUE(GlobMatches("a?c",
                          "a\xC3\xA9"
                          "c"));
  EXPECT_TRUE(GlobMatches("*?", "a"));
}

TEST(Glob, ManyStarsTakeNoLongerThanTheProductOfTheLengths) {
  std::string glob;
  for (int i = 0; i < 500; ++i) glob += "*a";
  EXPECT_FALSE(GlobMatches(glob + "b", std::string(2'000, 'a')));
}

TEST(ValidUtf8, KeepsWhatIsAndMarksWhatIsNot) {
  EXPECT_EQ(ValidUtf8("abc \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\xA5"),
            "abc \xC3\xA9 \xE2\x82\xAC \xF0\x9F\x94\xA5");
  EXPECT_EQ(ValidUtf8("a\xFFz"), "a?z");
  EXPECT_EQ(ValidUtf8("\xC3"), "?");  // cut short
  EXPECT_EQ(ValidUtf8("\xE2\x82"), "??");
  EXPECT_EQ(ValidUtf8("\xC0\x80"), "??");            // overlong
  EXPECT_EQ(ValidUtf8("\xED\xA0\x80"), "???");       // a surrogate
  EXPECT_EQ(ValidUtf8("\xF4\x90\x80\x80"), "????");  // beyond the last character
  EXPECT_EQ(ValidUtf8("\xE2(\xA1"), "?(?");
}

TEST(PageToken, IsGoodForItsFilterAlone) {
  v1::CircuitFilter filter;
  filter.add_name_globs("a*");
  const std::string token = MakePageToken(filter, "abc/\xFF");
  EXPECT_EQ(ReadPageToken(filter, token), "abc/\xFF");
  filter.add_name_globs("b*");
  EXPECT_EQ(ReadPageToken(filter, token), std::nullopt);
  EXPECT_EQ(ReadPageToken(filter, ""), std::nullopt);
  EXPECT_EQ(ReadPageToken(filter, "!"), std::nullopt);
  EXPECT_EQ(ReadPageToken(filter, MakePageToken(filter, "")), std::nullopt);
}

TEST(TimeConversion, OfTimes) {
  const absl::Time time = absl::FromUnixNanos(-1'500'000'000);
  EXPECT_EQ(ToProto(time).seconds(), -2);  // nanoseconds count forward
  EXPECT_EQ(ToProto(time).nanos(), 500'000'000);
}

TEST(TimeConversion, OfDurationsAndBack) {
  for (const absl::Duration duration : {absl::ZeroDuration(), absl::Nanoseconds(1),
                                        absl::Milliseconds(-1500), absl::Hours(9'000)}) {
    EXPECT_EQ(FromProto(ToProto(duration)), duration);
  }
}

TEST(TimeConversion, WhatIsNoDurationIsNone) {
  const auto from = [](int64_t seconds, int32_t nanos) {
    google::protobuf::Duration proto;
    proto.set_seconds(seconds);
    proto.set_nanos(nanos);
    return FromProto(proto);
  };
  EXPECT_TRUE(from(315'576'000'000, 999'999'999).has_value());
  EXPECT_FALSE(from(315'576'000'001, 0).has_value());
  EXPECT_FALSE(from(INT64_MIN, 0).has_value());
  EXPECT_FALSE(from(0, 1'000'000'000).has_value());
  EXPECT_FALSE(from(0, INT32_MIN).has_value());
  EXPECT_FALSE(from(1, -1).has_value());
  EXPECT_FALSE(from(-1, 1).has_value());
}

TEST(RequestErrors, AreABadRequestForAnyLanguage) {
  RequestErrors errors;
  EXPECT_TRUE(errors.ToStatus().ok());
  errors.Add("page_size", "-1, must be from 0 to 1000");
  errors.Add("filter.states", std::string(300, 'x'));  // a length of two bytes
  const grpc::Status status = errors.ToStatus();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(),
              testing::StartsWith("invalid request: page_size = -1, must be from 0 to 1000; "));
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), status.error_message());
  ASSERT_EQ(details.details_size(), 1);
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  ASSERT_EQ(bad_request.field_violations_size(), 2);
  EXPECT_EQ(bad_request.field_violations(0).field(), "page_size");
  EXPECT_EQ(bad_request.field_violations(0).description(), "-1, must be from 0 to 1000");
  EXPECT_EQ(bad_request.field_violations(1).description(), std::string(300, 'x'));
}

TEST(RequestErrors, TellNoMoreThanArrives) {
  RequestErrors errors;
  for (int i = 0; i < 1'000; ++i) errors.Add("a", "b");
  const grpc::Status status = errors.ToStatus();
  google::rpc::Status details;
  ASSERT_TRUE(details.ParseFromString(status.error_details()));
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad_request));
  const int told = bad_request.field_violations_size();
  EXPECT_GE(told, 100);
  EXPECT_THAT(status.error_message(),
              testing::EndsWith(absl::StrCat("a = b; and ", 1'000 - told, " more")));
  EXPECT_LT(status.error_message().size() + status.error_details().size(), 8'000u);
}

TEST(Peer, OnThisMachine) {
  EXPECT_EQ(LocalPeerName("ipv4:127.0.0.1:1234"), "local 127.0.0.1");
  EXPECT_EQ(LocalPeerName("ipv4:127.9.8.7:1"), "local 127.9.8.7");
  EXPECT_EQ(LocalPeerName("ipv6:%5B::1%5D:1234"), "local ::1");
  EXPECT_EQ(LocalPeerName("ipv6:[::1]:1234"), "local ::1");
  EXPECT_EQ(LocalPeerName("ipv6:%5B::ffff:127.0.0.1%5D:1"), "local ::ffff:127.0.0.1");
  EXPECT_EQ(LocalPeerName("unix:/run/admin.sock"), "local unix socket");
  EXPECT_EQ(LocalPeerName("unix:"), "local unix socket");
  EXPECT_EQ(LocalPeerName("unix-abstract:a"), "local unix socket");
}

TEST(Peer, Elsewhere) {
  for (const char* peer :
       {"", "ipv4:10.0.0.1:1", "ipv4:128.0.0.1:1", "ipv4:1270.0.1:1", "ipv4:127.0.0.1.example:1",
        "ipv6:%5B2001:db8::1%5D:1", "ipv6:%5B::2%5D:1", "ipv6:%5B::ffff:10.0.0.1%5D:1", "unknown",
        "127.0.0.1:1", "dns:127.0.0.1", "ipv4:"}) {
    EXPECT_EQ(LocalPeerName(peer), std::nullopt) << peer;
  }
}

TEST(Peer, ATokenIsSafeOnThisMachineOrUnderATransportThatSaysSo) {
  const char* const away = "ipv4:10.0.0.1:1";
  EXPECT_TRUE(IsPrivate("ipv4:127.0.0.1:1", "TSI_SECURITY_NONE"));
  EXPECT_TRUE(IsPrivate(away, "TSI_PRIVACY_AND_INTEGRITY"));
  EXPECT_FALSE(IsPrivate(away, "TSI_SECURITY_NONE"));
  EXPECT_FALSE(IsPrivate(away, "TSI_INTEGRITY_ONLY"));
  EXPECT_FALSE(IsPrivate(away, ""));
}

TEST(CircuitFilter, AnEventMatchesByWhereItLeadsFromOrTo) {
  v1::CircuitFilter proto;
  proto.add_states(v1::STATE_OPEN);
  const CircuitFilter filter(proto);
  Event event;
  event.from = State::kClosed;
  event.to = State::kClosed;
  EXPECT_FALSE(filter.MatchesMove(event));
  event.to = State::kOpen;
  EXPECT_TRUE(filter.MatchesMove(event));
  event.from = State::kOpen;
  event.to = State::kHalfOpen;
  EXPECT_TRUE(filter.MatchesMove(event));
}

}  // namespace
}  // namespace fusebox
