// SPDX-License-Identifier: Apache-2.0
//
// What the admin service is made of, where a call would be too much to ask.
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/fork.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/admin/circuit_filter.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/circuit_writes.h"
#include "src/admin/fair_executor.h"
#include "src/admin/page_token.h"
#include "src/admin/peer.h"
#include "src/admin/quote.h"
#include "src/admin/request_errors.h"
#include "src/admin/watch_places.h"
#include "src/base/glob.h"
#include "src/base/operator_verbs.h"
#include "src/proto/time_conversion.h"
#include "tests/admin/admin_server.h"

namespace fusebox::internal {
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

// What a glob means, by trying everything.
bool FitsByTrying(absl::string_view glob, absl::string_view text) {
  if (glob.empty()) return text.empty();
  if (glob[0] == '*') {
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (FitsByTrying(glob.substr(1), text.substr(i))) return true;
    }
    return false;
  }
  if (text.empty() || (glob[0] != '?' && glob[0] != text[0])) return false;
  return FitsByTrying(glob.substr(1), text.substr(1));
}

TEST(Glob, MeansTheSameWhateverItIsMadeOf) {
  absl::BitGen random;
  for (int round = 0; round < 3'000; ++round) {
    const auto random_text = [&random](absl::string_view letters, std::size_t size) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i)
        text += letters[absl::Uniform(random, 0U, letters.size())];
      return text;
    };
    const std::string text = random_text("ab", absl::Uniform(random, 0U, 12U));
    const std::string glob = random_text("ab*?", absl::Uniform(random, 0U, 8U));
    ASSERT_EQ(GlobMatches(glob, text), FitsByTrying(glob, text)) << glob << " " << text;
    ASSERT_EQ(GlobMatches(ShortestGlob(glob), text), FitsByTrying(glob, text)) << glob << text;
    // The same over several words of places.
    const std::string far(absl::Uniform(random, 60U, 200U), 'c');
    ASSERT_EQ(GlobMatches(far + glob, far + text), FitsByTrying(glob, text)) << glob << " " << text;
    // There are no more `?` in it than that.
    const std::string near(8, 'c');
    ASSERT_EQ(GlobMatches("*" + glob, far + text), FitsByTrying("*" + glob, near + text));
  }
}

TEST(Glob, CharactersOfSeveralBytesAreOneAtAnyPlace) {
  for (const char* const character : {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x94\xA5"}) {
    for (const std::size_t before : {0U, 1U, 60U, 61U, 62U, 63U, 64U, 65U, 127U}) {
      const std::string text = std::string(before, 'x') + character + "yz";
      EXPECT_TRUE(GlobMatches(std::string(before, '?') + "?yz", text)) << before;
      EXPECT_TRUE(GlobMatches("*?yz", text)) << before;
      EXPECT_FALSE(GlobMatches(std::string(before, '?') + "??yz", text)) << before;
      EXPECT_TRUE(GlobMatches(std::string("*") + character + "??", text)) << before;
    }
  }
}

TEST(Glob, ManyStarsTakeNoLongerThanTheProductOfTheLengths) {
  std::string glob;
  for (int i = 0; i < 500; ++i) glob += "*a";
  EXPECT_FALSE(GlobMatches(glob + "b", std::string(2'000, 'a')));
}

TEST(Glob, TheShortestHasOneStarOfARun) {
  EXPECT_EQ(ShortestGlob(""), "");
  EXPECT_EQ(ShortestGlob("abc"), "abc");
  EXPECT_EQ(ShortestGlob(std::string(300, '*')), "*");
  EXPECT_EQ(ShortestGlob("a**b***"), "a*b*");
  EXPECT_EQ(ShortestGlob("a*?*?b?"), "a??*b?");
  EXPECT_EQ(ShortestGlob("*?"), "?*");
}

TEST(Quoted, TellsBackWhatCanBeShown) {
  EXPECT_EQ(Quoted("abc \u00e9 \u20ac"), "\"abc \u00e9 \u20ac\"");
  EXPECT_EQ(Quoted("a\x1b\u202e"), "\"a\\x1b\\u202e\"");
  EXPECT_EQ(Quoted(std::string(300, 'x')), "\"" + std::string(256, 'x') + "...\", of 300 bytes");
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

// Of a process that is built with another protobuf, too.
TEST(PageToken, IsTheSameInEveryBuild) {
  v1::CircuitFilter filter;
  EXPECT_EQ(MakePageToken(filter, "shop/a"), "YThjN2Y4MzIyODFhMzljNXNob3AvYQ");
  filter.add_states(v1::STATE_OPEN);
  filter.add_states(v1::STATE_HALF_OPEN);
  filter.add_modes(v1::MODE_FORCED_OPEN);
  filter.add_name_globs("shop/*");
  filter.add_targets("dns:///shop:50051");
  EXPECT_EQ(MakePageToken(filter, "shop/a"), "OTNmNjc0NTczYzk1N2NiY3Nob3AvYQ");
}

TEST(PageToken, NoPartOfTheFilterIsForgotten) {
  std::set<std::string> tokens = {MakePageToken({}, "a")};
  const google::protobuf::Descriptor& type = *v1::CircuitFilter::descriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const google::protobuf::FieldDescriptor& field = *type.field(i);
    ASSERT_TRUE(field.is_repeated()) << field.DebugString();
    for (const int value : {1, 2}) {
      v1::CircuitFilter filter;
      const google::protobuf::Reflection& reflection = *filter.GetReflection();
      field.enum_type() != nullptr ? reflection.AddEnumValue(&filter, &field, value)
                                   : reflection.AddString(&filter, &field, std::to_string(value));
      EXPECT_TRUE(tokens.insert(MakePageToken(filter, "a")).second) << filter.DebugString();
    }
  }
}

TEST(PageToken, TextsOfAFilterDontRunIntoEachOther) {
  v1::CircuitFilter ab_c;
  ab_c.add_name_globs("ab");
  ab_c.add_name_globs("c");
  v1::CircuitFilter a_bc;
  a_bc.add_name_globs("a");
  a_bc.add_name_globs("bc");
  EXPECT_NE(MakePageToken(ab_c, "x"), MakePageToken(a_bc, "x"));
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

TEST(Peer, IsOnePlaceWhateverItCanChooseOfItsAddress) {
  EXPECT_EQ(PeerPlace("ipv4:10.0.0.1:1234"), "10.0.0.1");
  EXPECT_EQ(PeerPlace("ipv4:10.0.0.1:5"), "10.0.0.1");
  EXPECT_EQ(PeerPlace("ipv6:%5B2001:db8:1:2::1%5D:1234"), "2001:db8:1:2::/64");
  EXPECT_EQ(PeerPlace("ipv6:[2001:db8:1:2:3:4:5:6]:5"), "2001:db8:1:2::/64");
  EXPECT_EQ(PeerPlace("ipv6:%5B2001:db8:1:3::1%5D:1234"), "2001:db8:1:3::/64");
  EXPECT_EQ(PeerPlace("ipv6:%5B::ffff:10.0.0.1%5D:1"), "10.0.0.1") << "and not all of IPv4";
  EXPECT_EQ(PeerPlace("ipv6:%5Bfe80::1%25eth0%5D:1"), "fe80::/64%eth0");
  for (const char* peer : {"ipv4:127.0.0.1:1", "ipv4:127.9.8.7:1", "ipv6:%5B::1%5D:1",
                           "unix:", "unix:/tmp/any", "unix-abstract:any", "inproc"}) {
    EXPECT_EQ(PeerPlace(peer), "local") << peer;
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

// ---- Who gets a place, and whose turn it is.

std::vector<WatchPlaces::Id> TakeMany(WatchPlaces& places, const Caller& caller, int count) {
  std::vector<WatchPlaces::Id> ids;
  for (int i = 0; i < count; ++i) {
    const auto taken = places.Take(caller);
    if (!taken) break;
    ids.push_back(taken->id);
  }
  return ids;
}

TEST(WatchPlaces, AStrangerGetsAStrangersPlaceAndNoOtherOnes) {
  WatchPlaces places(6);
  const auto many = TakeMany(places, {"10.0.0.1", false}, 6);
  ASSERT_EQ(many.size(), 6U);
  EXPECT_FALSE(places.Take({"10.0.0.1", false}).has_value());
  EXPECT_EQ(places.Take({"10.0.0.2", false})->evicted, many[0]) << "who has most gives the oldest";
  EXPECT_EQ(TakeMany(places, {"10.0.0.2", false}, 9).size(), 2U) << "until they have as many";
  EXPECT_EQ(TakeMany(places, {"oncall", true}, 6).size(), 6U);
  EXPECT_FALSE(places.Take({"10.0.0.3", false}).has_value());
  EXPECT_EQ(TakeMany(places, {"ci", true}, 6).size(), 3U);
  EXPECT_EQ(places.taken(), 6U);
}

TEST(WatchPlaces, WhatIsGivenBackIsFree) {
  WatchPlaces places(1);
  const WatchPlaces::Id id = places.Take({"a", true})->id;
  EXPECT_FALSE(places.Take({"b", true}).has_value()) << "as many as it would have";
  places.GiveBack(id);
  places.GiveBack(id);
  EXPECT_EQ(places.Take({"b", true})->evicted, std::nullopt);
}

// Something that happens once, and that another thread waits for.
class Signal {
 public:
  void Notify() { promise_.set_value(); }
  void Wait() { future_.wait(); }

 private:
  std::promise<void> promise_;
  std::future<void> future_ = promise_.get_future();
};

// Keeps an executor's thread until it is let go, so that what is submitted meanwhile waits.
class Hold {
 public:
  explicit Hold(FairExecutor& executor) {
    executor.Post({"holder", true}, [state = state_] {
      state->begun.Notify();
      state->released.Wait();
      return false;
    });
    state_->begun.Wait();
  }
  void Release() { state_->released.Notify(); }

 private:
  // The executor's thread may still be at it when this is gone.
  struct State {
    Signal begun;
    Signal released;
  };
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

TEST(FairExecutor, CallersTakeTurnsASliceEach) {
  std::string order;  // the executor's, until it is done
  Signal done;
  FairExecutor executor;
  Hold hold(executor);
  const auto work = [&](char who, int slices) {
    return [&order, &done, who, slices]() mutable {
      order += who;
      if (order.size() == 11) done.Notify();
      return --slices > 0;
    };
  };
  for (int i = 0; i < 3; ++i) executor.Post({"greedy", false}, work('g', 2));
  executor.Post({"other", false}, work('o', 1));
  executor.Post({"last", false}, work('l', 1));
  executor.Post({"oncall", true}, work('N', 3));
  hold.Release();
  done.Wait();
  EXPECT_EQ(order, "gNoNlNggggg") << "whoever has a name has every other turn";
}

TEST(FairExecutor, WhatWaitsIsBounded) {
  FairExecutor executor;
  Hold hold(executor);
  const auto submit = [&executor](const Caller& caller, int count) {
    int taken = 0;
    for (int i = 0; i < count; ++i) {
      taken += executor.Submit(
                   caller, [] { return false; }, [] {})
                   ? 1
                   : 0;
    }
    return taken;
  };
  EXPECT_EQ(submit({"a", false}, 1'000), 128);
  EXPECT_EQ(submit({"oncall", true}, 1'000), 128);
  hold.Release();
}

TEST(FairExecutor, NoNumberOfStrangersKeepsAnotherOneOut) {
  std::map<std::string, int> ran;  // the executor's, until it is done
  std::map<std::string, int> dropped;
  Signal done;
  FairExecutor executor;
  Hold hold(executor);
  const auto submit = [&](const std::string& who, int count) {
    int taken = 0;
    for (int i = 0; i < count; ++i) {
      const auto run = [&ran, who] {
        ++ran[who];
        return false;
      };
      taken += executor.Submit({who, false}, run, [&dropped, who] { ++dropped[who]; }) ? 1 : 0;
    }
    return taken;
  };
  for (const char* const who : {"a", "b", "c", "d"}) EXPECT_EQ(submit(who, 200), 128);
  EXPECT_EQ(submit("e", 1), 1) << "though 512 are waiting";
  EXPECT_EQ(dropped.size(), 1U) << "one of whoever has most";
  EXPECT_EQ(submit("e", 200), 101) << "until it has as many as the others";
  int given_up = 0;
  for (const auto& [who, count] : dropped) {
    EXPECT_NE(who, "e");
    EXPECT_NEAR(count, 25, 1) << who;
    given_up += count;
  }
  EXPECT_EQ(given_up, 102);
  executor.Post({"z", false}, [&, waits = 600]() mutable {
    if (--waits == 0) done.Notify();
    return waits > 0;
  });
  hold.Release();
  done.Wait();
  EXPECT_EQ(ran["e"], 102);
  EXPECT_EQ(ran["a"] + dropped["a"], 128) << "each is run or dropped, and not both";
}

TEST(FairExecutor, WhatIsPostedKeepsNoRequestOutOfItsTurn) {
  std::string order;  // the executor's, until it is done
  Signal done;
  FairExecutor executor;
  Hold hold(executor);
  const Caller caller{"a", false};
  const auto work = [&](char what) {
    return [&order, &done, what] {
      order += what;
      if (order.size() == 903) done.Notify();
      return false;
    };
  };
  for (int i = 0; i < 900; ++i) executor.Post(caller, work('w'));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(executor.Submit(caller, work('R'), [] {}));
  hold.Release();
  done.Wait();
  EXPECT_EQ(order.substr(0, 8), "RwRwRwww");
}

TEST(FairExecutor, AStoppedOneHasNoThreadAndGoesOnLater) {
  Signal first;
  Signal second;
  FairExecutor executor;
  executor.Post({"a", false}, [&] {
    first.Notify();
    return false;
  });
  first.Wait();
  PrepareFork();
  bool ran = false;  // there is no thread to touch it
  executor.Post({"a", false}, [&] {
    ran = true;
    second.Notify();
    return false;
  });
  EXPECT_FALSE(ran);
  ResumeAfterFork();
  second.Wait();
  EXPECT_TRUE(ran);
}

TEST(CircuitScan, StopsWhenItsBudgetIsSpentAndGoesOnWhereItWas) {
  fusebox_testing::TestCircuits circuits;
  for (int i = 0; i < 500; ++i) circuits.Add(absl::StrCat("c", 1'000 + i));
  v1::CircuitFilter proto;
  proto.add_name_globs("*" + std::string(30, '?') + "Z");
  proto.add_name_globs("c1499*");
  const CircuitFilter filter(proto);
  std::string position;
  int scans = 0;
  while (true) {
    ++scans;
    CircuitScan scan(*circuits.registry(), position);
    WorkBudget budget(1'000);
    if (const auto match = scan.NextMatch(filter, budget)) {
      EXPECT_EQ(match->snapshot.name, "c1499");
      break;
    }
    ASSERT_TRUE(budget.spent());
    ASSERT_LT(position, scan.position());
    position = scan.position();
  }
  EXPECT_GT(scans, 20);
}

TEST(CircuitWrites, WhatNobodyWaitsForIsNotDone) {
  fusebox_testing::TestCircuits circuits;
  for (int i = 0; i < 100; ++i) circuits.Add(absl::StrCat("c", i));
  const CircuitWrites writes(circuits.registry(), "", {});
  v1::ApplyToCircuitsRequest request;
  request.set_all(true);
  request.set_reason("because");
  request.mutable_disable();
  v1::ApplyToCircuitsResponse response;
  EXPECT_EQ(writes.ApplyToMany(request, "who", response, [] { return true; }).error_code(),
            grpc::StatusCode::CANCELLED);
  EXPECT_EQ(response.results_size(), 0);
  EXPECT_EQ(circuits.Add("c0").Snapshot().mode, Mode::kAutomatic);
  EXPECT_TRUE(writes.ApplyToMany(request, "who", response).ok());
  EXPECT_EQ(response.results_size(), 100);
}

TEST(CircuitReads, EveryPageEndsSoonAndNoCircuitIsLeftOut) {
  fusebox_testing::TestCircuits circuits;
  for (int i = 0; i < 3'000; ++i) circuits.Add(absl::StrCat("c", 10'000 + i));
  const CircuitReads reads(circuits.registry(), "", {});
  v1::ListCircuitsRequest request;
  for (int i = 0; i < 99; ++i) {
    request.mutable_filter()->add_name_globs("*" + std::string(30, '?') +
                                             absl::StrCat("Z", 10 + i));
  }
  request.mutable_filter()->add_name_globs("c?????");
  request.mutable_filter()->add_name_globs("*999");
  EXPECT_FALSE(reads.List(request, *std::make_unique<v1::ListCircuitsResponse>()).ok());
  request.mutable_filter()->mutable_name_globs()->DeleteSubrange(99, 1);
  std::vector<std::string> names;
  int pages = 0;
  do {
    v1::ListCircuitsResponse page;
    ASSERT_TRUE(reads.List(request, page).ok());
    for (const v1::Circuit& circuit : page.circuits()) names.push_back(circuit.name());
    request.set_page_token(page.next_page_token());
    ASSERT_LT(++pages, 100);
  } while (!request.page_token().empty());
  EXPECT_THAT(names, testing::ElementsAre("c10999", "c11999", "c12999"));
  EXPECT_GE(pages, 5) << "some of them without circuits";
}

TEST(CircuitFilter, CountsEachPatternOnce) {
  v1::CircuitFilter proto;
  for (int i = 0; i < 100; ++i) proto.add_name_globs("*" + std::string(30, '?') + "Z");
  v1::CircuitFilter once;
  once.add_name_globs(proto.name_globs(0));
  EXPECT_EQ(CircuitFilter(proto).StepsForName(10), CircuitFilter(once).StepsForName(10));
}

TEST(CircuitFilter, WeighsWhatAGlobTakesAndNotHowItIsWritten) {
  const auto steps = [](const std::string& glob) {
    v1::CircuitFilter proto;
    proto.add_name_globs(glob);
    return CircuitFilter(proto).StepsForName(250);
  };
  EXPECT_EQ(steps(std::string(300, '*') + "Z"), steps("*Z"));
  const int64_t one_star = steps("a*b*c") - steps("ab*c");
  const int64_t one_letter = steps("ab*c") - steps("a*c");
  EXPECT_GT(one_star, one_letter);
  EXPECT_GE(one_letter, 5) << "it goes over 4 words";
  EXPECT_GE(steps("*"), 500) << "the name is made ready for globs";
  EXPECT_EQ(steps("a"), 0) << "it is looked up";
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

// One that has no row in the table of verbs would answer UNIMPLEMENTED.
TEST(Verbs, EveryMethodThatMovesACircuitIsOneOfThem) {
  std::set<std::string> verbs = {"GetCircuit"};
#define FUSEBOX_INSERT(verb, ...) verbs.insert(#verb "Circuit");
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_INSERT)
#undef FUSEBOX_INSERT
  const google::protobuf::ServiceDescriptor& service =
      *v1::GetInstanceRequest::descriptor()->file()->service(0);
  for (int i = 0; i < service.method_count(); ++i) {
    const std::string name(service.method(i)->name());
    if (!absl::EndsWith(name, "Circuit")) continue;
    EXPECT_EQ(verbs.count(name), 1U) << name;
  }
}

}  // namespace
}  // namespace fusebox::internal
