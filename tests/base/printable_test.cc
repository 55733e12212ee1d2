// SPDX-License-Identifier: Apache-2.0
#include "src/base/printable.h"

#include <cstdint>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "src/base/unprintable_ranges.h"
#include "src/base/utf8.h"
#include "tests/support/hostile_texts.h"

namespace fusebox::internal {
namespace {

TEST(Printable, WhatPeopleWriteStays) {
  for (const char* const text :
       {"", "plain", "a ~ b", "äöü → 漢字 😀", "inventory/shop.Inventory/Reserve",
        "\u00a0\u3000"}) {  // spaces of another width
    EXPECT_TRUE(IsPrintable(absl::string_view(text))) << text;
    EXPECT_EQ(Printable(text), text);
    EXPECT_EQ(FirstUnprintable(text), "");
  }
}

TEST(Printable, WhatCantBeSeenOrMovesItsNeighboursIsWrittenOut) {
  struct Case {
    std::string text, shown, first;
  };
  const Case cases[] = {
      {"\x1b[2J\r\n\t\x7f", "\\x1b[2J\\x0d\\x0a\\x09\\x7f", "U+001B"},
      {std::string("a\0b", 3), "a\\x00b", "U+0000"},
      {"\xc2\x9b", "\\u009b", "U+009B"},             // a control of the second set
      {"\u202e", "\\u202e", "U+202E"},               // turns what follows around
      {"\u2066", "\\u2066", "U+2066"},               // the same, of the newer kind
      {"\u200b", "\\u200b", "U+200B"},               // no width
      {"\u2028\u2029", "\\u2028\\u2029", "U+2028"},  // separators
      {"\u3164\u115f\uffa0\u2800", "\\u3164\\u115f\\uffa0\\u2800", "U+3164"},  // fillers
      {"\ufe0f", "\\ufe0f", "U+FE0F"},                       // a variation selector
      {"\U000e0041", "\\U000e0041", "U+E0041"},              // a tag
      {"\ufdd0\U0010ffff", "\\ufdd0\\U0010ffff", "U+FDD0"},  // noncharacters
      {"\ue000", "\\ue000", "U+E000"},                       // private use
      {"\u0378", "\\u0378", "U+0378"},                       // unassigned
      {"\xff\xc0\x80", "\\xff\\xc0\\x80", "the byte 0xFF, which is not UTF-8"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80", "the byte 0xED, which is not UTF-8"},  // half of a pair
      {"ok \xe2\x80", "ok \\xe2\\x80", "the byte 0xE2, which is not UTF-8"},     // cut
  };
  for (const Case& each : cases) {
    EXPECT_FALSE(IsPrintable(absl::string_view(each.text))) << each.shown;
    EXPECT_EQ(Printable(each.text), each.shown);
    EXPECT_EQ(FirstUnprintable(each.text), each.first);
    EXPECT_TRUE(IsPrintable(absl::string_view(Printable(each.text))));
  }
}

// Words are looked at as a whole: each byte of them counts, wherever it is.
TEST(Printable, EachByteIsLookedAtWhereverItIs) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 17; ++at) {
      std::string text(17, '~');
      text[at] = static_cast<char>(byte);
      EXPECT_EQ(IsPrintable(absl::string_view(text)), byte >= 0x20 && byte < 0x7F)
          << byte << " at " << at;
    }
  }
}

TEST(Printable, ALimitFallsBetweenCharactersAndEscapes) {
  EXPECT_EQ(Printable("abcdef", 3), "abc");
  EXPECT_EQ(Printable("ab\u20acd", 4), "ab");
  EXPECT_EQ(Printable("ab\u20acd", 5), "ab\u20ac");
  EXPECT_EQ(Printable("ab\x1b"
                      "d",
                      5),
            "ab");
  EXPECT_EQ(Printable("ab\x1b"
                      "d",
                      6),
            "ab\\x1b");
  EXPECT_EQ(Printable(std::string(1'000, '\xff'), 10), "\\xff\\xff");
  EXPECT_EQ(Printable("abc", 0), "");
}

TEST(Printable, ItsTableIsInOrder) {
  int64_t last = -2;
  for (const CharacterRange& range : kUnprintableRanges) {
    EXPECT_LT(last + 1, range.first) << range.first;
    EXPECT_LE(range.first, range.last);
    last = range.last;
    EXPECT_FALSE(IsPrintable(range.first));
    EXPECT_FALSE(IsPrintable(range.last));
    if (range.first > 0) {
      EXPECT_TRUE(IsPrintable(range.first - 1));
    }
    if (range.last < 0x10FFFF) {
      EXPECT_TRUE(IsPrintable(range.last + 1));
    }
  }
  EXPECT_EQ(last, 0x10FFFF);
  EXPECT_FALSE(IsPrintable(uint32_t{0x110000}));
}

TEST(Printable, OfAnythingComesWhatIsPrintable) {
  for (const std::string& text : fusebox_testing::HostileTexts()) {
    const std::string shown = Printable(text, 1'000);
    EXPECT_TRUE(IsPrintable(absl::string_view(shown)));
    EXPECT_EQ(Printable(shown), shown);
    EXPECT_LE(shown.size(), 1'000U);
  }
}

TEST(CutUtf8, LeavesShortTextsAlone) {
  EXPECT_EQ(CutUtf8("", 0), "");
  EXPECT_EQ(CutUtf8("", 5), "");
  EXPECT_EQ(CutUtf8("abc", 3), "abc");
}

TEST(CutUtf8, CutsBetweenCharacters) {
  EXPECT_EQ(CutUtf8("abcd", 3), "abc");
  const std::string text = "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80";  // of 2, 3 and 4 bytes
  const std::size_t ends[] = {0, 0, 2, 2, 2, 5, 5, 5, 5, 9};
  for (std::size_t limit = 0; limit < 10; ++limit) {
    EXPECT_EQ(CutUtf8(text, limit).size(), ends[limit]) << limit;
  }
}

TEST(CutUtf8, SurvivesWhatIsNoUtf8) {
  EXPECT_EQ(CutUtf8(std::string(500, '\x80'), 256), "");
  EXPECT_EQ(CutUtf8(std::string(500, '\xFF'), 256).size(), 256U);
}

}  // namespace
}  // namespace fusebox::internal
