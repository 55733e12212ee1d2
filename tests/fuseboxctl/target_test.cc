// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/target.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/fuseboxctl/connection.h"

namespace fuseboxctl {
namespace {

using testing::HasSubstr;

absl::StatusOr<Addresses> FakeNames(const std::string& host) {
  if (host == "fleet") return Addresses{{"10.0.0.7", "10.0.0.8"}, {"fd00::7", "fd00::8"}};
  if (host == "six") return Addresses{{}, {"fd00::7", "fd00::8"}};
  if (host == "fe80::1%ea0") return Addresses{{}, {"fe80::1%ea0"}};
  if (host == "one") return Addresses{{"10.0.0.7"}, {}};
  if (host == "localhost") return Addresses{{"127.0.0.1"}, {"::1"}};
  if (host == "four") return Addresses{{"127.0.0.1"}, {}};
  if (host == "poisoned") return Addresses{{"10.0.0.7"}, {"::1"}};
  if (host == "mixed") return Addresses{{"127.0.0.1", "10.0.0.7"}, {}};
  if (host == "empty") return Addresses{};
  return absl::UnavailableError("no such name");
}

std::vector<Target> Of(const std::string& endpoint) { return *TargetsOf(endpoint, FakeNames); }

TEST(Targets, AnAddressIsAskedAsItIs) {
  ASSERT_EQ(Of("10.0.0.7:50051").size(), 1U);
  EXPECT_EQ(Of("10.0.0.7:50051")[0].uri, "ipv4:10.0.0.7:50051");
  EXPECT_FALSE(Of("10.0.0.7:50051")[0].is_local);
  EXPECT_EQ(Of("[::1]:50051")[0].uri, "ipv6:[::1]:50051");
  EXPECT_TRUE(Of("[::1]:50051")[0].is_local);
  EXPECT_TRUE(Of("127.0.0.9:1")[0].is_local);
  EXPECT_EQ(Of("unix:/run/x.sock")[0].uri, "unix:/run/x.sock");
  EXPECT_TRUE(Of("unix:/run/x.sock")[0].is_local);
}

TEST(Targets, WhatIsLocalIsDecidedByTheAddressThatIsConnectedTo) {
  // Pinned: gRPC doesn't look the name up again.
  EXPECT_EQ(Of("four:1")[0].uri, "ipv4:127.0.0.1:1");
  EXPECT_EQ(Of("localhost:1")[0].uri, "ipv6:[::ffff:127.0.0.1]:1,[::1]:1");
  EXPECT_EQ(Of("dns:///localhost:1")[0].uri, "ipv6:[::ffff:127.0.0.1]:1,[::1]:1");
  EXPECT_EQ(Of("localhost:1")[0].authority, "localhost:1");
  EXPECT_EQ(Of("localhost:1")[0].server_name, "localhost");
  for (const char* const local : {"[0:0::1]:1", "[::ffff:127.0.0.1]:1", "ipv4:127.1.2.3:1"}) {
    EXPECT_TRUE(Of(local)[0].is_local) << local;
  }
  for (const char* const remote : {"poisoned:1", "[::ffff:10.0.0.7]:1", "0.0.0.0:1", "[::]:1",
                                   "127.0.0.1.example:1", "1270.0.0.1:1"}) {
    for (const Target& target : Of(remote)) EXPECT_FALSE(target.is_local) << remote;
  }
  EXPECT_TRUE(Of("mixed:1")[0].is_local);
  EXPECT_FALSE(Of("mixed:1")[1].is_local);
}

TEST(Targets, ThroughAProxyNothingButAUnixSocketIsLocal) {
  const auto proxied = [](const std::string& endpoint) {
    return (*TargetsOf(endpoint, FakeNames, Route::kProxy)).at(0);
  };
  EXPECT_EQ(proxied("nope:9090").uri, "dns:///nope:9090") << "the proxy looks names up";
  EXPECT_EQ(proxied("127.0.0.1:9090").uri, "ipv4:127.0.0.1:9090");
  for (const char* const endpoint : {"localhost:1", "127.0.0.1:1", "[::1]:1", "dns:///four:1"}) {
    EXPECT_FALSE(proxied(endpoint).is_local) << endpoint;
  }
  EXPECT_TRUE(proxied("unix:/run/x.sock").is_local);
}

TEST(Targets, EachAddressOfANameIsAskedOnceUnderTheNameOfItsCertificate) {
  const std::vector<Target> fleet = Of("fleet:9090");
  ASSERT_EQ(fleet.size(), 2U) << "over one kind of address, or each process would be asked twice";
  EXPECT_EQ(fleet[1].name, "10.0.0.8:9090");
  EXPECT_EQ(fleet[1].uri, "ipv4:10.0.0.8:9090");
  EXPECT_EQ(fleet[1].server_name, "fleet");
  EXPECT_EQ(fleet[1].authority, "fleet:9090");
  EXPECT_EQ(Of("six:9090")[0].uri, "ipv6:[fd00::7]:9090");
  EXPECT_EQ(Of("dns:///one:9090")[0].name, "one:9090");
  ASSERT_EQ(Of("localhost:9090").size(), 1U) << "one machine, whichever address it listens at";
  EXPECT_TRUE(Of("localhost:9090")[0].is_local);
}

TEST(Targets, ANameThatCannotBeLookedUpIsDeadAndNotAMistake) {
  EXPECT_THAT(Of("nope:9090")[0].lookup.message(), HasSubstr("no such name"));
  EXPECT_THAT(Of("empty:9090")[0].lookup.message(), HasSubstr("no addresses"));
}

// What a URI would end at isn't the end of a path, or a token would go to another socket.
TEST(Targets, ASocketsPathIsTakenToTheLetter) {
  EXPECT_EQ(Of("unix:/tmp/a#b?c d%20é.sock")[0].uri, "unix:/tmp/a%23b%3fc%20d%2520%c3%a9.sock");
  EXPECT_EQ(Of("unix:/tmp/a#b")[0].name, "unix:/tmp/a#b");
  EXPECT_EQ(Of("unix:///run/x.sock")[0].uri, "unix:/run/x.sock");
  EXPECT_EQ(Of("unix:run/x.sock")[0].uri, "unix:run/x.sock");
  EXPECT_EQ(Of("unix-abstract:a?b")[0].uri, "unix-abstract:a%3fb");
  EXPECT_EQ(Of("unix:/" + std::string(106, 'x'))[0].uri.size(), 112U);
}

TEST(Targets, AnAddressOfALinkIsInBracketsAndSaysWhichLink) {
  const Target target = Of("[fe80::1%ea0]:9090")[0];
  EXPECT_EQ(target.name, "[fe80::1%ea0]:9090");
  EXPECT_EQ(target.authority, "[fe80::1%ea0]:9090");
  EXPECT_EQ(target.uri, "ipv6:[fe80::1%25ea0]:9090") << "gRPC would take %ea for a byte";
}

TEST(Targets, WhatIsNoEndpointIsSaidToBeNone) {
  EXPECT_THAT(TargetsOf("unix://host/run/x", FakeNames).status().message(),
              HasSubstr("has no host: write unix:/path"));
  EXPECT_THAT(TargetsOf("unix:/" + std::string(107, 'x'), FakeNames).status().message(),
              HasSubstr("108 bytes, must be 1 to 107"));

  for (const char* const wrong :
       {"host", "host:", ":9090", "host:0", "host:65536", "host:http", "http://host:80",
        "::1:50051", "[::1:50051", "unix:", "unix://", "unix-abstract:", "a b:1"}) {
    EXPECT_THAT(TargetsOf(wrong, FakeNames).status().message(), HasSubstr("is not an endpoint"))
        << wrong;
  }
}

TEST(Connection, AnEndpointIsAskedOnceHoweverOftenItIsNamed) {
  ConnectionFlags flags;
  flags.endpoints = {"10.0.0.7:1", "10.0.0.7:1, 10.0.0.8:1"};
  EXPECT_EQ(Resolve(flags, FakeNames)->targets.size(), 2U);
  flags.endpoints = {"10.0.0.7:1", "one:1", "dns:///one:1", "fleet:1"};
  const auto targets = Resolve(flags, FakeNames)->targets;
  ASSERT_EQ(targets.size(), 2U) << "a name and its address are one process";
  EXPECT_EQ(targets[0].server_name, "one");
  flags.endpoints = {"127.0.0.1:1", "localhost:1", "four:1"};
  EXPECT_EQ(Resolve(flags, FakeNames)->targets.size(), 1U);
  flags.endpoints = {"localhost:1", "[::1]:1", "localhost:2", "unix:/x", "unix:/y", "unix:///x"};
  EXPECT_EQ(Resolve(flags, FakeNames)->targets.size(), 5U) << "others may listen there";
  flags.endpoints = {"nope:1", "nope:1", "nope:2"};
  EXPECT_EQ(Resolve(flags, FakeNames)->targets.size(), 2U);
}

}  // namespace
}  // namespace fuseboxctl
