// SPDX-License-Identifier: Apache-2.0
#include "src/config/values.h"

#include <cmath>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/base/printable.h"

namespace fusebox::internal {
namespace {

using Kind = ConfigNode::Kind;

constexpr std::size_t kMaxShownBytes = 60;

bool IsPlain(const ConfigNode& node) { return node.kind == Kind::kScalar && !node.quoted; }

// Not what abseil would take besides: spaces, hexadecimal numbers, "nan".
bool IsDecimal(absl::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789.eE+-") == absl::string_view::npos;
}

// False for what is not a number, or too large for one.
bool ReadNumber(absl::string_view text, double& value) {
  return IsDecimal(text) && absl::SimpleAtod(text, &value) && std::isfinite(value);
}

// Read as one decimal number, so that 33.3% is the same as 0.333.
bool ReadPercent(absl::string_view text, double& value) {
  return absl::ConsumeSuffix(&text, "%") && !absl::StrContains(text, 'e') &&
         !absl::StrContains(text, 'E') && ReadNumber(absl::StrCat(text, "e-2"), value);
}

}  // namespace

std::string Shown(const ConfigNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a map";
    case Kind::kScalar:
      break;
  }
  const std::string text = Printable(node.text, kMaxShownBytes);
  return node.quoted ? absl::StrCat("\"", text, "\"") : text;
}

bool IsOff(const ConfigNode& node) {
  return node.kind == Kind::kNull || (node.kind == Kind::kScalar && node.text == "off") ||
         (IsPlain(node) && node.text == "false");
}

bool IsOn(const ConfigNode& node) {
  return (node.kind == Kind::kScalar && node.text == "on") ||
         (IsPlain(node) && node.text == "true");
}

std::string Read(const ConfigNode& node, bool /*share*/, int64_t& value) {
  if (node.kind == Kind::kScalar && IsDecimal(node.text) && absl::SimpleAtoi(node.text, &value)) {
    return "";
  }
  return "a whole number";
}

std::string Read(const ConfigNode& node, bool share, double& value) {
  if (node.kind == Kind::kScalar &&
      (ReadNumber(node.text, value) || (share && ReadPercent(node.text, value)))) {
    return "";
  }
  return share ? "a number, as 0.5 or 50%" : "a number";
}

std::string Read(const ConfigNode& node, bool /*share*/, bool& value) {
  if (IsOn(node)) {
    value = true;
    return "";
  }
  if (node.kind == Kind::kScalar && IsOff(node)) {
    value = false;
    return "";
  }
  return "true or false";
}

std::string Read(const ConfigNode& node, bool /*share*/, absl::Duration& value) {
  double number = 0;
  if (node.kind == Kind::kScalar) {
    if (absl::ParseDuration(node.text, &value) && value != absl::InfiniteDuration() &&
        value != -absl::InfiniteDuration()) {
      return "";
    }
    if (ReadNumber(node.text, number)) {
      const std::string shown = Printable(node.text, kMaxShownBytes);
      return absl::StrCat("a duration with its unit, as ", shown, "s or ", shown, "ms");
    }
  }
  return "a duration, as 30s, 1.5s, 100ms or 1m30s";
}

std::string ReadText(const ConfigNode& node, std::size_t most, std::string& value) {
  if (node.kind != Kind::kScalar) return "text";
  if (node.text.empty() || node.text.size() > most || !IsPrintable(node.text)) {
    return absl::StrCat("text of 1 to ", most, " printable bytes");
  }
  value = node.text;
  return "";
}

}  // namespace fusebox::internal
