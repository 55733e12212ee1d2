// SPDX-License-Identifier: Apache-2.0
#include "src/core/circuit_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/base/printable.h"
#include "src/base/sha256.h"
#include "src/base/utf8.h"
#include "src/core/method_name.h"

namespace fusebox {

using internal::CutUtf8;
using internal::FirstUnprintable;
using internal::IsIdentifier;
using internal::IsPrintable;
using internal::IsServiceName;
using internal::Printable;
using internal::Sha256;
using internal::Utf8Character;
using internal::Utf8CharacterLength;

namespace {

constexpr std::size_t kNone = absl::string_view::npos;

enum class Kind { kMethod, kService, kTarget, kKey };

absl::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kMethod:
      return "method";
    case Kind::kService:
      return "service";
    case Kind::kTarget:
      return "target";
    case Kind::kKey:
      break;
  }
  return "key";
}

// A mark begins with this: in an escape, a hexadecimal digit follows.
constexpr char kEscape = '%';
constexpr absl::string_view kHashMark = "%hash:";
constexpr std::size_t kHashBytes = 16;
constexpr std::size_t kHashSuffix = 6 + 2 * kHashBytes;

void AppendEscaped(absl::string_view bytes, std::string& to) {
  constexpr absl::string_view kDigits = "0123456789ABCDEF";
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    to += {kEscape, kDigits[value >> 4U], kDigits[value & 0xFU]};
  }
}

constexpr absl::string_view kAlwaysEscaped = "%*?";

// How many characters from its beginning stand for themselves, wherever they are; maybe more do.
std::size_t PlainPrefix(absl::string_view part, absl::string_view also) {
  const auto first = std::find_if_not(part.begin(), part.end(), [also](char c) {
    return c > ' ' && c <= '~' && !absl::StrContains(kAlwaysEscaped, c) &&
           !absl::StrContains(also, c);
  });
  return static_cast<std::size_t>(first - part.begin());
}

// `also`: which characters it escapes beside those that it always does. Of a long text no more than
// it takes to know that it is too long.
std::string Escaped(absl::string_view part, absl::string_view also) {
  const std::size_t plain = std::min(PlainPrefix(part, also), kMaxCircuitNameBytes + 1);
  std::string escaped(part.substr(0, plain));
  for (std::size_t at = plain; at < part.size() && escaped.size() <= kMaxCircuitNameBytes;) {
    const std::size_t length = Utf8CharacterLength(part.substr(at));
    const absl::string_view character = part.substr(at, length == 0 ? 1 : length);
    const bool at_end = at == 0 || at + 1 == part.size();
    if (length == 0 || !IsPrintable(Utf8Character(character, length)) ||
        absl::StrContains(kAlwaysEscaped, character) || absl::StrContains(also, character) ||
        (character == " " && at_end)) {
      AppendEscaped(character, escaped);
    } else {
      absl::StrAppend(&escaped, character);
    }
    at += character.size();
  }
  return escaped;
}

// The beginning of an escaped text, cut neither within a character nor within an escape.
absl::string_view Cut(absl::string_view escaped, std::size_t limit) {
  absl::string_view cut = CutUtf8(escaped, limit);
  const std::size_t last = cut.rfind(kEscape);
  if (last != kNone && cut.size() - last < 3) cut = cut.substr(0, last);
  return cut;
}

// The first bits of the hash of some texts, each after its length.
template <typename... Texts>
std::string HashSuffix(const Texts&... texts) {
  Sha256 hash;
  const auto add = [&hash](absl::string_view text) {
    std::array<char, 8> size{};
    for (std::size_t i = 0; i < size.size(); ++i) {
      size[i] = static_cast<char>(uint64_t{text.size()} >> (56 - 8 * i));
    }
    hash.Add({size.data(), size.size()});
    hash.Add(text);
  };
  (add(texts), ...);
  const Sha256::Bytes digest = hash.Digest();
  std::string bytes(kHashBytes, '\0');
  for (std::size_t i = 0; i < kHashBytes; ++i) bytes[i] = static_cast<char>(digest[i]);
  return absl::StrCat(kHashMark, absl::BytesToHexString(bytes));
}

std::string TargetText(absl::string_view target) {
  std::string text;
  if (absl::ConsumePrefix(&target, "-")) AppendEscaped("-", text);
  absl::StrAppend(&text, Escaped(target, ""));
  return text;
}

// Of what kind a name is read to be, and how long its target is.
struct Reading {
  Kind kind;
  std::size_t target_size;

  bool operator==(const Reading& other) const {
    return kind == other.kind && target_size == other.target_size;
  }
};

// "shop.Inventory", and hardly anything else.
bool LooksLikeService(absl::string_view text) {
  const std::size_t dot = text.rfind('.');
  return dot != kNone && IsServiceName(text) &&
         absl::ascii_isupper(static_cast<unsigned char>(text[dot + 1]));
}

// Of a name without a mark.
Reading Read(absl::string_view name) {
  // Where a target may end: there is one, and its last part isn't empty.
  const auto may_end = [name](std::size_t slash) {
    return slash != kNone && slash > 0 && name[slash - 1] != '/';
  };
  const std::size_t last = name.rfind('/');
  if (!may_end(last) || last + 1 == name.size()) return {Kind::kTarget, name.size()};
  const absl::string_view tail = name.substr(last + 1);
  const std::size_t before = name.rfind('/', last - 1);
  if (may_end(before) && IsIdentifier(tail) &&
      IsServiceName(name.substr(before + 1, last - before - 1))) {
    return {Kind::kMethod, before};
  }
  return {LooksLikeService(tail) ? Kind::kService : Kind::kKey, last};
}

}  // namespace

class CircuitName::Maker {
 public:
  Maker(absl::string_view target, Kind kind, absl::string_view key)
      : target_(target), kind_(kind), key_(key) {}

  CircuitName Make() const {
    std::string target = TargetText(target_);
    if (target.size() > kMaxTargetNameBytes) {
      target = absl::StrCat(Cut(target, kMaxTargetNameBytes - kHashSuffix), HashSuffix(target_));
    }
    std::string text = Plain(target);
    if (text.empty() ||
        (text.size() <= kMaxCircuitNameBytes && !(Read(text) == Reading{kind_, target.size()}))) {
      text = Marked(target);
    }
    if (text.size() > kMaxCircuitNameBytes) {
      text = absl::StrCat(Cut(text, kMaxCircuitNameBytes - kHashSuffix),
                          HashSuffix(target_, NameOf(kind_), key_));
    }
    return {std::move(text), target.size()};
  }

 private:
  std::string Plain(absl::string_view target) const {
    switch (kind_) {
      case Kind::kMethod:
      case Kind::kService:
        return absl::StrCat(target, "/", Escaped(key_, ""));
      case Kind::kKey:
        return absl::StrCat(target, "/", Escaped(key_, "/"));
      case Kind::kTarget:
        break;
    }
    return std::string(target);
  }

  std::string Marked(absl::string_view target) const {
    if (kind_ == Kind::kTarget) return absl::StrCat(target, "/%", NameOf(kind_));
    return absl::StrCat(target, "/%", NameOf(kind_), "/", Escaped(key_, "/"));
  }

  const absl::string_view target_;
  const Kind kind_;
  const absl::string_view key_;
};

CircuitName CircuitName::OfMethod(absl::string_view target, absl::string_view method) {
  return Maker(target, Kind::kMethod, absl::StripPrefix(method, "/")).Make();
}

CircuitName CircuitName::OfService(absl::string_view target, absl::string_view service) {
  return Maker(target, Kind::kService, absl::StripPrefix(service, "/")).Make();
}

CircuitName CircuitName::OfTarget(absl::string_view target) {
  return Maker(target, Kind::kTarget, "").Make();
}

CircuitName CircuitName::OfKey(absl::string_view target, absl::string_view key) {
  return Maker(target, Kind::kKey, key).Make();
}

bool internal::MayBeOfTarget(absl::string_view name, absl::string_view target) {
  absl::string_view mark = name;
  if (!absl::ConsumePrefix(&mark, target)) return false;
  if (absl::StrContains(mark, kHashMark)) return true;
  if (absl::ConsumePrefix(&mark, "/%")) {
    for (const Kind kind : {Kind::kMethod, Kind::kService, Kind::kTarget, Kind::kKey}) {
      if (absl::StartsWith(mark, NameOf(kind))) return true;
    }
  }
  return Read(name).target_size == target.size();
}

absl::Status ValidateCircuitName(absl::string_view name) {
  const auto invalid = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("invalid circuit: name = ", what));
  };
  if (name.empty()) return invalid("\"\", must not be empty");
  if (name.size() > kMaxCircuitNameBytes) {
    return invalid(absl::StrCat("\"", Printable(name.substr(0, 40)), "...\", of ", name.size(),
                                " bytes, must be 1 to ", kMaxCircuitNameBytes,
                                ": CircuitName makes one of any text"));
  }
  const auto must_be = [&](absl::string_view what) {
    return invalid(absl::StrCat("\"", Printable(name), "\", must ", what,
                                ": CircuitName makes one of any text"));
  };
  if (const std::string unprintable = FirstUnprintable(name); !unprintable.empty()) {
    return must_be(absl::StrCat("be printable text in UTF-8, without ", unprintable));
  }
  if (absl::StrContains(name, '*') || absl::StrContains(name, '?')) {
    return must_be("be without * and ?, which stand for other characters");
  }
  if (name.front() == '-') return must_be("not begin with a -");
  if (name.front() == ' ' || name.back() == ' ') return must_be("not begin or end with a space");
  return absl::OkStatus();
}

}  // namespace fusebox
