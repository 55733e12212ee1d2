// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/timeline.h"

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "fusebox/clock.h"
#include "fusebox/evidence.h"
#include "fusebox/state.h"

namespace demo {
namespace {

absl::string_view Escape(Colour colour) {
  switch (colour) {
    case Colour::kPlain:
      return "";
    case Colour::kBold:
      return "\033[1m";
    case Colour::kDim:
      return "\033[2m";
    case Colour::kGreen:
      return "\033[32m";
    case Colour::kYellow:
      return "\033[33m";
    case Colour::kRed:
      return "\033[31m";
  }
  return "";
}

Colour ColourOf(fusebox::State state) {
  switch (state) {
    case fusebox::State::kClosed:
      return Colour::kGreen;
    case fusebox::State::kOpen:
      return Colour::kRed;
    case fusebox::State::kHalfOpen:
      return Colour::kYellow;
    case fusebox::State::kUnknown:
      break;
  }
  return Colour::kPlain;
}

// Zero is plain, whatever the colour: it calls for no attention.
Colour Unless0(int64_t count, Colour colour) { return count == 0 ? Colour::kPlain : colour; }

}  // namespace

Timeline::Timeline(bool colours) : colours_(colours), start_(fusebox::Clock::Real().WallNow()) {}

void Timeline::Text(absl::string_view text, Colour colour) {
  Print(Painted(std::string(text), colour));
}

void Timeline::Scene(absl::string_view name, absl::string_view what) {
  constexpr char kColumns[] = "   ok failed rejected reached  p50   p99";
  Print("");
  Text(absl::StrCat("== ", name, ": ", what), Colour::kBold);
  Text(absl::StrFormat("%17s%30s%11s%26s", "|", "WITH circuit breaker", "|", "WITHOUT"),
       Colour::kDim);
  Text(absl::StrFormat("%5s %-9s |%s |%s", "time", "scene", kColumns, kColumns), Colour::kDim);
}

void Timeline::Row(absl::string_view scene, const Pair& second) {
  const absl::Duration time = fusebox::Clock::Real().WallNow() - start_;
  Print(absl::StrFormat("%4.0fs %-9s |%s |%s", absl::ToDoubleSeconds(time), scene,
                        Half(second.with, /*has_breaker=*/true),
                        Half(second.without, /*has_breaker=*/false)));
}

void Timeline::Transition(const fusebox::Event& event) {
  const std::string change =
      absl::StrCat(fusebox::StateName(event.from), " -> ", fusebox::StateName(event.to));
  Print(absl::StrFormat("%5.1fs >> circuit %s  %s", absl::ToDoubleSeconds(event.time - start_),
                        Painted(absl::StrFormat("%-19s", change), ColourOf(event.to)),
                        event.detail));
  if (!event.evidence) return;
  Print(absl::StrCat("             ", fusebox::EvidenceText(*event.evidence)));
}

std::string Timeline::Painted(const std::string& text, Colour colour) const {
  if (!colours_ || colour == Colour::kPlain) return text;
  return absl::StrCat(Escape(colour), text, "\033[0m");
}

std::string Timeline::Half(const Tally& tally, bool has_breaker) const {
  const std::string rejected = has_breaker ? absl::StrCat(tally.rejected) : "-";
  return absl::StrCat(
      Painted(absl::StrFormat("%5d", tally.ok), Unless0(tally.ok, Colour::kGreen)),
      Painted(absl::StrFormat("%7d", tally.failed), Unless0(tally.failed, Colour::kRed)),
      Painted(absl::StrFormat("%9s", rejected), Unless0(tally.rejected, Colour::kYellow)),
      absl::StrFormat("%8d%5s%6s", tally.reached, Millis(tally.Percentile(50)),
                      Millis(tally.Percentile(99))));
}

void Timeline::Print(const std::string& line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::cout << line << std::endl;
}

std::string Millis(absl::Duration duration) {
  const double millis = absl::ToDoubleMilliseconds(duration);
  return millis < 9.95 ? absl::StrFormat("%.1f", millis) : absl::StrFormat("%.0f", millis);
}

}  // namespace demo
