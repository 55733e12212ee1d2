// SPDX-License-Identifier: Apache-2.0
//
// Which statuses are this process' own gRPC's (rule C2).
#include "interceptors/local_failure.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "interceptors/channel_target.h"

namespace fusebox_testing {
namespace {

using fusebox::internal::IsLocalFailure;
using fusebox::internal::IsUnconnected;
using fusebox::internal::kLocalFailures;
using grpc::StatusCode;

grpc::Status StatusOf(const fusebox::internal::LocalFailure& local,
                      const std::string& prefix = "") {
  return grpc::Status(local.code, prefix + std::string(local.text) + "12 vs. 2)");
}

TEST(LocalFailureTest, C2_EachOfTheTableFromTheTargetIsLocal) {
  for (const fusebox::internal::LocalFailure& local : kLocalFailures) {
    for (const char* const target : {"inventory:50051", "dns:///inventory:50051",
                                     "xds:///inventory", "unknown", "", "10.0.0.7:50051"}) {
      EXPECT_TRUE(IsLocalFailure(StatusOf(local), target, target)) << local.text;
      EXPECT_TRUE(IsLocalFailure(StatusOf(local, "CLIENT: "), target, target)) << local.text;
      EXPECT_TRUE(IsLocalFailure(StatusOf(local), target, "")) << "of a target that isn't known";
    }
  }
}

TEST(LocalFailureTest, C2_TheSameFromAPeerIsTheServers) {
  for (const fusebox::internal::LocalFailure& local : kLocalFailures) {
    for (const char* const peer : {"ipv4:10.0.0.7:50051", "ipv6:%5B2001:db8::7%5D:50051",
                                   "unix:/run/inventory", "unix-abstract:inventory"}) {
      EXPECT_FALSE(IsLocalFailure(StatusOf(local), peer, "inventory:50051")) << local.text;
      EXPECT_FALSE(IsLocalFailure(StatusOf(local), peer, "")) << "of a target that isn't known";
      EXPECT_FALSE(IsLocalFailure(StatusOf(local), peer, "ipv4:10.0.0.7:50051,10.0.0.8:50051"));
    }
  }
}

TEST(LocalFailureTest, C2_ATargetThatIsAnAddressLeavesItToTheText) {
  for (const fusebox::internal::LocalFailure& local : kLocalFailures) {
    for (const char* const target : {"ipv4:10.0.0.7:50051", "unix:/run/inventory", "inproc"}) {
      EXPECT_TRUE(IsLocalFailure(StatusOf(local), target, target)) << local.text;
      EXPECT_FALSE(IsLocalFailure(StatusOf(local, "SERVER: "), target, target)) << local.text;
      EXPECT_FALSE(IsLocalFailure(StatusOf(local, "upstream: "), target, target)) << local.text;
    }
  }
}

TEST(LocalFailureTest, C2_WhatIsNotInTheTableIsNotLocal) {
  constexpr char kTarget[] = "inventory:50051";
  for (int code = 1; code < 17; ++code) {
    const grpc::Status status(static_cast<StatusCode>(code), "failed to connect to all addresses");
    EXPECT_FALSE(IsLocalFailure(status, kTarget, kTarget)) << code;
  }
  for (const fusebox::internal::LocalFailure& local : kLocalFailures) {
    const grpc::Status deadline(StatusCode::DEADLINE_EXCEEDED, std::string(local.text));
    EXPECT_FALSE(IsLocalFailure(deadline, kTarget, kTarget));
  }
}

TEST(LocalFailureTest, R20_AChannelWithoutAConnectionIsKnownFromAServerThatSaysSo) {
  constexpr char kTarget[] = "inventory:50051";
  constexpr char kServer[] = "ipv4:10.0.0.7:50051";
  for (const char* text : {"failed to connect to all addresses; last error: UNKNOWN: refused",
                           "connections to all backends failing; last error: refused"}) {
    const grpc::Status status(StatusCode::UNAVAILABLE, text);
    EXPECT_TRUE(IsUnconnected(status, kTarget, kTarget));
    EXPECT_TRUE(IsUnconnected(status, kTarget, ""));
    EXPECT_TRUE(IsUnconnected(status, kServer, kServer));
    EXPECT_FALSE(IsUnconnected(status, kServer, kTarget));
    EXPECT_FALSE(IsUnconnected({StatusCode::INTERNAL, text}, kTarget, kTarget));
  }
  EXPECT_FALSE(IsUnconnected({StatusCode::UNAVAILABLE, "restarting"}, kTarget, kTarget));
}

TEST(LocalFailureTest, C2_TheChannelsOwnSendLimitIsKnownByItsNumber) {
  const auto exhausted = [](const std::string& text) {
    return grpc::Status(StatusCode::RESOURCE_EXHAUSTED, text);
  };
  EXPECT_TRUE(
      fusebox::internal::IsOwnSendLimit(exhausted("Sent message larger than max (7 vs. 2)"), 2));
  EXPECT_TRUE(fusebox::internal::IsOwnSendLimit(
      exhausted("CLIENT: Sent message larger than max (7 vs. 2)"), 2));
  EXPECT_FALSE(
      fusebox::internal::IsOwnSendLimit(exhausted("Sent message larger than max (7 vs. 2)"), 3));
  EXPECT_FALSE(
      fusebox::internal::IsOwnSendLimit(exhausted("Sent message larger than max (7 vs. 12)"), 2));
  EXPECT_FALSE(fusebox::internal::IsOwnSendLimit(
      exhausted("SERVER: Sent message larger than max (7 vs. 2)"), 2));
  EXPECT_FALSE(fusebox::internal::IsOwnSendLimit(
      exhausted("Received message larger than max (7 vs. 2)"), 2));
  EXPECT_FALSE(fusebox::internal::IsOwnSendLimit(
      grpc::Status(StatusCode::INTERNAL, "Sent message larger than max (7 vs. 2)"), 2));
}

TEST(ChannelTargetTest, C2_IsNotKnownBeforeTheFirstCallNorOfSeveralChannels) {
  // Never followed, only compared.
  const std::array<char, 2> channels{};
  const auto* const one = reinterpret_cast<const grpc::ChannelInterface*>(&channels[0]);
  const auto* const other = reinterpret_cast<const grpc::ChannelInterface*>(&channels[1]);
  fusebox::internal::ChannelTarget target;
  EXPECT_EQ(target.text(), "");
  target.See(one);
  target.See(one);
  const grpc::ClientContext context;  // of no call: its peer is empty
  target.Learn(context);
  EXPECT_EQ(target.text(), context.peer());
  target.See(other);
  EXPECT_EQ(target.text(), "");
}

}  // namespace
}  // namespace fusebox_testing
