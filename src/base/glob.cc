// SPDX-License-Identifier: Apache-2.0
#include "src/base/glob.h"

#include <algorithm>
#include <utility>

#include "src/base/utf8.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kBits = 64;
constexpr std::size_t kMostBytesInside = 3;  // of a character, after its first one

// As measured.
constexpr int64_t kStepsForText = 200;
constexpr int64_t kStepsForByte = 3;    // of the text
constexpr int64_t kStepsForWeight = 2;  // and one for each word

uint64_t BitOf(std::size_t place) { return uint64_t{1} << (place % kBits); }

}  // namespace

GlobText::GlobText(absl::string_view text)
    : size_(text.size()),
      words_(text.size() / kBits + 1),
      rows_(words_, 0),
      characters_(words_, 0),
      inside_(words_, 0),
      reached_(words_, 0) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    uint16_t& row = row_of_[static_cast<unsigned char>(text[i])];
    if (row == 0) {
      row = static_cast<uint16_t>(rows_.size() / words_);
      rows_.resize(rows_.size() + words_, 0);
    }
    rows_[row * words_ + i / kBits] |= BitOf(i);
    (IsInsideUtf8Character(text[i]) ? inside_ : characters_)[i / kBits] |= BitOf(i);
  }
}

void GlobText::TakeByte(std::size_t row) {
  uint64_t carry = 0;
  for (std::size_t i = 0; i < words_; ++i) {
    const uint64_t taken = reached_[i] & rows_[row * words_ + i];
    reached_[i] = taken << 1U | carry;
    carry = taken >> (kBits - 1);
  }
}

void GlobText::TakeCharacter() {
  uint64_t carry = 0;
  uint64_t any_inside = 0;
  for (std::size_t i = 0; i < words_; ++i) {
    const uint64_t taken = reached_[i] & characters_[i];
    reached_[i] = taken << 1U | carry;
    carry = taken >> (kBits - 1);
    any_inside |= reached_[i] & inside_[i];
  }
  for (std::size_t n = 0; n < kMostBytesInside && any_inside != 0; ++n) {
    carry = 0;
    any_inside = 0;
    for (std::size_t i = 0; i < words_; ++i) {
      const uint64_t within = reached_[i] & inside_[i];
      reached_[i] = (reached_[i] & ~inside_[i]) | within << 1U | carry;
      carry = within >> (kBits - 1);
      any_inside |= reached_[i] & inside_[i];
    }
  }
}

bool GlobText::TakeAnything() {
  const auto first =
      std::find_if(reached_.begin(), reached_.end(), [](uint64_t word) { return word != 0; });
  if (first == reached_.end()) return false;
  *first |= ~((*first & (~*first + 1)) - 1);  // from its lowest place on
  std::fill(first + 1, reached_.end(), ~uint64_t{0});
  return true;
}

bool GlobText::Fits(absl::string_view glob) {
  std::fill(reached_.begin(), reached_.end(), 0);
  reached_[0] = 1;
  for (const char c : glob) {
    if (c == '*') {
      if (!TakeAnything()) return false;
    } else if (c == '?') {
      TakeCharacter();
    } else {
      const std::size_t row = row_of_[static_cast<unsigned char>(c)];
      if (row == 0) return false;
      TakeByte(row);
    }
    if (words_ == 1 && reached_[0] == 0) return false;
  }
  return (reached_[size_ / kBits] & BitOf(size_)) != 0;
}

std::string ShortestGlob(absl::string_view glob) {
  std::string shortest;
  bool star = false;
  for (const char c : glob) {
    if (c == '*') {
      star = true;
      continue;
    }
    if (c != '?' && std::exchange(star, false)) shortest += '*';
    shortest += c;
  }
  if (star) shortest += '*';
  return shortest;
}

int64_t WeightOfGlob(absl::string_view glob) {
  return std::count_if(glob.begin(), glob.end(), [](char c) { return c == '*' || c == '?'; }) +
         static_cast<int64_t>(glob.size());
}

int64_t StepsForGlobs(int64_t weight, std::size_t text_bytes) {
  const auto bytes = static_cast<int64_t>(text_bytes);
  const int64_t words = bytes / static_cast<int64_t>(kBits) + 1;
  return kStepsForText + kStepsForByte * bytes + weight * (words + kStepsForWeight);
}

bool GlobMatches(absl::string_view glob, absl::string_view text) {
  return GlobText(text).Fits(glob);
}

bool IsPlainName(absl::string_view glob) {
  return glob.find_first_of("*?") == absl::string_view::npos;
}

}  // namespace fusebox::internal
