// SPDX-License-Identifier: Apache-2.0
#include "fusebox/circuit_name.h"

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fusebox/circuit_registry.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/hostile_texts.h"

namespace fusebox {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string OfMethod(absl::string_view target, absl::string_view method) {
  return CircuitName::OfMethod(target, method).text();
}
std::string OfService(absl::string_view target, absl::string_view service) {
  return CircuitName::OfService(target, service).text();
}
std::string OfTarget(absl::string_view target) { return CircuitName::OfTarget(target).text(); }
std::string OfKey(absl::string_view target, absl::string_view key) {
  return CircuitName::OfKey(target, key).text();
}

TEST(CircuitName, P3_OrdinaryNamesAreAsTheyHaveAlwaysBeen) {
  EXPECT_EQ(OfMethod("inventory", "/shop.Inventory/Reserve"), "inventory/shop.Inventory/Reserve");
  EXPECT_EQ(OfMethod("inventory", "shop.Inventory/Reserve"), "inventory/shop.Inventory/Reserve");
  EXPECT_EQ(OfMethod("inventory", "/Echo/Say"), "inventory/Echo/Say");
  EXPECT_EQ(OfMethod("dns:///inventory:50051", "/shop.Inventory/Reserve"),
            "dns:///inventory:50051/shop.Inventory/Reserve");
  EXPECT_EQ(OfMethod("unix:/run/inventory.sock", "/shop.Inventory/Reserve"),
            "unix:/run/inventory.sock/shop.Inventory/Reserve");
  EXPECT_EQ(OfMethod("[::1]:50051", "/shop.Inventory/Reserve"),
            "[::1]:50051/shop.Inventory/Reserve");
  EXPECT_EQ(OfService("inventory", "/shop.Inventory"), "inventory/shop.Inventory");
  EXPECT_EQ(OfTarget("inventory"), "inventory");
  EXPECT_EQ(OfTarget("dns:///inventory:50051"), "dns:///inventory:50051");
  EXPECT_EQ(OfKey("inventory", "acme"), "inventory/acme");
  EXPECT_EQ(OfKey("inventory", "acme.example"), "inventory/acme.example");
  EXPECT_EQ(OfKey("inventory", "Kaufhaus Österreich (🇦🇹)"), "inventory/Kaufhaus Österreich (🇦🇹)");
  EXPECT_EQ(OfKey("dns:///inventory:50051", "acme"), "dns:///inventory:50051/acme");
}

TEST(CircuitName, P3_AKeyIsNeitherAMethodNorAServiceNorPartOfATarget) {
  EXPECT_EQ(OfKey("inventory", "shop.Inventory/Reserve"), "inventory/shop.Inventory%2FReserve");
  EXPECT_EQ(OfKey("inventory", "shop.Inventory"), "inventory/%key/shop.Inventory");
  EXPECT_EQ(OfKey("x", "a/b"), "x/a%2Fb");
  EXPECT_EQ(OfKey("x/a", "b"), "x/a/%key/b");  // not method b of service a of x
  EXPECT_EQ(OfKey("x/a:1", "b"), "x/a:1/b");
}

TEST(CircuitName, P3_WhatWouldBeReadAsAnothersSaysWhatItIs) {
  EXPECT_EQ(OfTarget("eu/inventory"), "eu/inventory/%target");
  EXPECT_EQ(OfKey("eu", "inventory"), "eu/inventory");
  EXPECT_EQ(OfService("inventory", "Echo"), "inventory/%service/Echo");
  EXPECT_EQ(OfKey("inventory", "Echo"), "inventory/Echo");
  EXPECT_EQ(OfKey("inventory/Echo", "Say"), "inventory/Echo/%key/Say");
  EXPECT_EQ(OfMethod("inventory", "/a/b/c"), "inventory/%method/a%2Fb%2Fc");
  EXPECT_EQ(OfMethod("inventory/", "/shop.Inventory/Reserve"),
            "inventory//%method/shop.Inventory%2FReserve");
}

TEST(CircuitName, P3_WhatCantBeShownIsEscaped) {
  EXPECT_EQ(OfKey("x", std::string("a\0b", 3)), "x/a%00b");
  EXPECT_EQ(OfKey("x", "a\nb"), "x/a%0Ab");
  EXPECT_EQ(OfKey("x", "\xff"), "x/%FF");
  EXPECT_EQ(OfKey("x", "\u202e"), "x/%E2%80%AE");
  EXPECT_EQ(OfKey("x", "50%"), "x/50%25");
  EXPECT_EQ(OfKey("x", "%2F"), "x/%252F");
  EXPECT_EQ(OfKey("x", "*?"), "x/%2A%3F");
  EXPECT_EQ(OfKey("x", " a b "), "x/%20a b%20");
  EXPECT_EQ(OfMethod("-x", "/a.B/C"), "%2Dx/a.B/C");
  EXPECT_EQ(OfMethod("x\n", "/a.B/C"), "x%0A/a.B/C");
  EXPECT_EQ(OfKey("", ""), "/%key/");
  EXPECT_EQ(OfTarget(""), "/%target");
}

// With Python: hashlib.sha256(b"".join(len(s).to_bytes(8, "big") + s for s in
// (b"inventory", b"key", b"x" * 300))).hexdigest()[:32]
TEST(CircuitName, P3_ALongOneIsCutAndEndsInAHashThatAnyLanguageCanMake) {
  const std::string name = OfKey("inventory", std::string(300, 'x'));
  EXPECT_EQ(name, "inventory/" + std::string(208, 'x') + "%hash:fe0d5cc04a0a79cd13228d75825c3801");
  EXPECT_EQ(name.size(), 256U);
  EXPECT_NE(name, OfKey("inventory", std::string(301, 'x')));
  EXPECT_EQ(OfKey("inventory", std::string(246, 'x')), "inventory/" + std::string(246, 'x'));
  EXPECT_EQ(OfKey("inventory", std::string(247, 'x')).size(), 256U);
}

TEST(CircuitName, P3_AVeryLongOneIsNoLonger) {
  const std::string key = std::string(5'000'000, '/') + "a";
  EXPECT_EQ(OfKey("x", key).size(), 256U);
  EXPECT_NE(OfKey("x", key), OfKey("x", std::string(5'000'000, '/') + "b"));
}

TEST(CircuitName, P3_ALongTargetIsHashedByItself) {
  const std::string target(300, 't');
  const CircuitName name = CircuitName::OfMethod(target, "/shop.Inventory/Reserve");
  const std::string shown = std::string(154, 't') + "%hash:9a20550dd8544aa19719b2b9b2535060";
  EXPECT_EQ(name.target(), shown);
  EXPECT_EQ(name.text(), shown + "/shop.Inventory/Reserve");
  EXPECT_EQ(OfTarget(std::string(192, 't')), std::string(192, 't'));
  EXPECT_EQ(OfTarget(std::string(193, 't')).size(), 192U);
  // The target is still what the name begins with, if that is cut too.
  const CircuitName both = CircuitName::OfKey(target, std::string(300, 'k'));
  EXPECT_EQ(both.target(), shown);
  EXPECT_THAT(both.text(), StartsWith(shown + "/kkk"));
}

TEST(CircuitName, P3_ACutFallsNeitherWithinACharacterNorWithinAnEscape) {
  for (std::size_t i = 0; i < 6; ++i) {
    for (const char* const part : {"\u20ac", "\n", "%"}) {
      std::string key(i, 'a');
      for (int n = 0; n < 300; ++n) key += part;
      const std::string name = OfKey("x", key);
      EXPECT_TRUE(ValidateCircuitName(name).ok()) << name;
      const std::size_t hash = name.find("%hash:");
      ASSERT_NE(hash, std::string::npos);
      if (*part != '\xe2') {
        EXPECT_EQ((hash - 2 - i) % 3, 0U) << name;
      }
    }
  }
}

TEST(CircuitName, P3_NoHostileTextMakesANameThatIsInvalidOrAnothers) {
  std::vector<std::string> texts = fusebox_testing::HostileTexts();
  texts.insert(texts.end(), {"", "x", "shop.Inventory", "shop.Inventory/Reserve", "x/y"});
  std::set<std::string> names;
  std::size_t made = 0;
  const auto add = [&](const CircuitName& name) {
    ++made;
    EXPECT_EQ(ValidateCircuitName(name.text()), absl::OkStatus());
    EXPECT_THAT(name.text(), StartsWith(std::string(name.target())));
    EXPECT_TRUE(names.insert(name.text()).second) << name.text();
  };
  for (const std::string& target : texts) {
    add(CircuitName::OfTarget(target));
    for (const std::string& key : texts) {
      add(CircuitName::OfKey(target, key));
      add(CircuitName::OfService(target, key));
      add(CircuitName::OfMethod(target, key));
    }
  }
  EXPECT_EQ(names.size(), made);
}

TEST(ValidateCircuitName, SaysWhatIsWrong) {
  const auto why = [](absl::string_view name) {
    const absl::Status status = ValidateCircuitName(name);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
    return std::string(status.message());
  };
  EXPECT_EQ(why(""), "invalid circuit: name = \"\", must not be empty");
  EXPECT_EQ(why("a\u202e"
                "b"),
            "invalid circuit: name = \"a\\u202eb\", must be printable text in UTF-8, without "
            "U+202E: CircuitName makes one of any text");
  EXPECT_THAT(why("a\xff"), HasSubstr("without the byte 0xFF, which is not UTF-8"));
  EXPECT_THAT(why(std::string(257, 'n')), HasSubstr("of 257 bytes, must be 1 to 256"));
  EXPECT_THAT(why("a*"), HasSubstr("must be without * and ?"));
  EXPECT_THAT(why("-a"), HasSubstr("must not begin with a -"));
  EXPECT_THAT(why("a "), HasSubstr("must not begin or end with a space"));
  EXPECT_LT(why(std::string(10'000'000, '\xff')).size(), 400U);
  EXPECT_EQ(ValidateCircuitName(std::string(256, 'n')), absl::OkStatus());
  EXPECT_EQ(ValidateCircuitName("50% of 漢字"), absl::OkStatus());
}

TEST(ValidateCircuitName, IsAskedWhereACircuitIsMade) {
  CircuitRegistry registry;
  for (const std::string& text : fusebox_testing::HostileTexts()) {
    if (ValidateCircuitName(text).ok()) continue;
    EXPECT_EQ(CircuitBreaker::Create(text).status(), ValidateCircuitName(text));
    EXPECT_EQ(registry.GetOrCreate(text, Policy()).status(), ValidateCircuitName(text));
    EXPECT_EQ(registry.Find(text), nullptr);
  }
  EXPECT_EQ(registry.size(), 0U);
}

TEST(CircuitName, P3_ACircuitIsOfTheTargetThatItsNameSays) {
  CircuitRegistry registry;
  const auto make = [&registry](const CircuitName& name, absl::string_view target) {
    return registry.GetOrCreate(name.text(), Policy(), target);
  };
  for (const std::string& target : fusebox_testing::HostileTexts()) {
    for (const CircuitName& name :
         {CircuitName::OfMethod(target, "a.B/C"), CircuitName::OfService(target, "a.B"),
          CircuitName::OfTarget(target), CircuitName::OfKey(target, "k"),
          CircuitName::OfKey(target, std::string(300, 'k'))}) {
      const auto circuit = make(name, name.target());
      ASSERT_TRUE(circuit.ok()) << circuit.status();
      EXPECT_EQ((*circuit)->target(), name.target());
    }
  }
  EXPECT_EQ(make(CircuitName::OfKey("x", "a"), "x/a").status(),
            absl::InvalidArgumentError("invalid circuit: target = \"x/a\", must be the target of "
                                       "the name \"x/a\""));
  EXPECT_FALSE(make(CircuitName::OfMethod("x", "a.B/C"), "x/a.B").ok());
  EXPECT_FALSE(make(CircuitName::OfMethod("x", "a.B/C"), "y").ok());
}

}  // namespace
}  // namespace fusebox
