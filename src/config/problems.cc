// SPDX-License-Identifier: Apache-2.0
#include "src/config/problems.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/nearest.h"
#include "src/base/printable.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kMaxKeyBytes = 100;

// Of names that are looked at for one that is near.
constexpr std::size_t kMaxNames = 1'000;

// Pairs of letters that are compared for advice, which takes a nanosecond or two each.
constexpr std::size_t kMaxAdviceSteps = 20'000'000;

bool IsWord(absl::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
  });
}

// What is wrong, without where: for a preset that is used twice, that is the same.
std::string Gist(absl::string_view path, absl::string_view what) {
  const std::size_t dot = path.rfind('.');
  return absl::StrCat(dot == absl::string_view::npos ? path : path.substr(dot + 1), "\n", what);
}

}  // namespace

std::string ConfigPath(absl::string_view path, absl::string_view key) {
  const std::string shown = Printable(key, kMaxKeyBytes);
  if (!IsWord(shown)) return absl::StrCat(path, "[\"", shown, "\"]");
  return path.empty() ? shown : absl::StrCat(path, ".", shown);
}

std::string Problems::Place(int line) const {
  return line > 0 ? absl::StrCat(file_, ":", line) : file_;
}

void Problems::MustBe(int line, absl::string_view path, absl::string_view value,
                      absl::string_view range) {
  Tell(line, Place(line), path, absl::StrCat(" = ", value, ", must be ", range));
}

void Problems::Add(int line, absl::string_view path, absl::string_view what) {
  Tell(line, Place(line), path, absl::StrCat(path.empty() ? "" : ": ", what));
}

void Problems::AddAt(const std::string& place, absl::string_view path, absl::string_view what) {
  int line = 0;
  const std::size_t colon = place.rfind(':');
  if (colon == std::string::npos ||
      !absl::SimpleAtoi(absl::string_view(place).substr(colon + 1), &line)) {
    line = 0;
  }
  Tell(line, place, path, what);
}

void Problems::Tell(int line, const std::string& place, absl::string_view path,
                    absl::string_view what) {
  if (!seen_.emplace(place, Gist(path, what)).second) return;
  ++count_;
  if (told_.size() < kMaxTold) told_.push_back({line, absl::StrCat(place, ": ", path, what)});
}

std::vector<std::string> Problems::Lines() const {
  std::vector<Told> told = told_;
  std::stable_sort(told.begin(), told.end(),
                   [](const Told& a, const Told& b) { return a.line < b.line; });
  std::vector<std::string> lines;
  lines.reserve(told.size() + 1);
  for (Told& one : told) lines.push_back(std::move(one.text));
  if (count_ > told_.size()) {
    lines.push_back(absl::StrCat(file_, ": and ", count_ - told_.size(), " more"));
  }
  return lines;
}

bool Problems::Advises(std::size_t names) const {
  return told_.size() < kMaxTold && names <= kMaxNames && advice_steps_ < kMaxAdviceSteps;
}

std::string Problems::Advice(absl::string_view name, const std::set<std::string>& names) {
  if (!Advises(names.size()) || name.empty() || name.size() > kMaxKeyBytes) return "";
  std::set<std::string> short_names;
  for (const std::string& one : names) {
    if (one.size() > kMaxKeyBytes) continue;
    short_names.insert(one);
    advice_steps_ += name.size() * one.size();
  }
  const std::string advice = DidYouMean(Nearest({std::string(name)}, short_names));
  return advice.empty() ? "" : absl::StrCat("; ", advice);
}

absl::Status Problems::ToStatus() const {
  if (empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(Lines(), "\n"));
}

}  // namespace fusebox::internal
