// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/circuit_text.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::internal::FromProto;
using fusebox::v1::Circuit;
using fusebox::v1::Event;

// The name of an enum's value without its prefix.
std::string ShortName(absl::string_view name, absl::string_view prefix, int number) {
  if (name.empty()) return absl::StrCat(number);
  return std::string(absl::StripPrefix(name, prefix));
}

// The names of an enum's values but UNSPECIFIED, without that prefix and in lower case.
std::vector<std::string> Words(const google::protobuf::EnumDescriptor& all,
                               absl::string_view prefix) {
  std::vector<std::string> words;
  for (int i = 0; i < all.value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor& value = *all.value(i);
    if (value.number() == 0) continue;
    words.push_back(absl::AsciiStrToLower(absl::StripPrefix(value.name(), prefix)));
  }
  return words;
}

std::string EnumName(absl::string_view prefix, absl::string_view name) {
  std::string upper = absl::AsciiStrToUpper(name);
  std::replace(upper.begin(), upper.end(), '-', '_');
  return absl::StrCat(prefix, upper);
}

std::string KindText(const Event& event) {
  const std::string name = ShortName(fusebox::v1::EventKind_Name(event.kind()), "EVENT_KIND_",
                                     static_cast<int>(event.kind()));
  return absl::StrReplaceAll(absl::AsciiStrToLower(name), {{"_", " "}});
}

// ": 4 UNAVAILABLE, 1 DEADLINE_EXCEEDED; 4 of them from 10.0.0.7:50051"; empty if nothing is known.
std::string AfterColon(const fusebox::v1::Evidence& evidence) {
  return evidence.text().empty() ? "" : absl::StrCat(": ", Printable(evidence.text()));
}

// How many calls it lets through at the same time, or which share of them.
std::string LimitText(const Circuit& circuit) {
  if (circuit.limit() < 1) return absl::StrCat(std::lround(circuit.limit() * 100), "%");
  return absl::StrCat(std::lround(std::floor(circuit.limit())));
}

// Whether the mode alone decides, whatever the state.
bool ModeSaysItAll(const Circuit& circuit) {
  if (circuit.mode() == fusebox::v1::MODE_DISABLED) return true;
  // By time it is on its way out of it, and not any more what the mode says.
  return circuit.mode() == fusebox::v1::MODE_FORCED_OPEN &&
         circuit.state() == fusebox::v1::STATE_OPEN;
}

// Whether what an operator did last is what set the mode. Every verb (src/base/operator_verbs.h)
// does, and a policy change doesn't.
bool LastActionSetMode(const Circuit& circuit) {
  return circuit.has_last_action() &&
         circuit.last_action().cause() != fusebox::v1::CAUSE_POLICY_CHANGED;
}

// Whether the last word on its state was an operator's.
bool OperatorMovedIt(const Circuit& circuit) {
  if (!LastActionSetMode(circuit)) return false;
  if (circuit.mode() != fusebox::v1::MODE_AUTOMATIC) return true;
  return !circuit.has_last_opening() ||
         FromProto(circuit.last_action().time()) >= FromProto(circuit.last_opening().time());
}

}  // namespace

std::string StateName(fusebox::v1::State state) {
  return ShortName(fusebox::v1::State_Name(state), "STATE_", static_cast<int>(state));
}

std::string ModeName(fusebox::v1::Mode mode) {
  return ShortName(fusebox::v1::Mode_Name(mode), "MODE_", static_cast<int>(mode));
}

std::string CauseName(fusebox::v1::Cause cause) {
  return ShortName(fusebox::v1::Cause_Name(cause), "CAUSE_", static_cast<int>(cause));
}

std::vector<std::string> StateWords() { return Words(*fusebox::v1::State_descriptor(), "STATE_"); }

std::vector<std::string> ModeWords() { return Words(*fusebox::v1::Mode_descriptor(), "MODE_"); }

std::string AnyOf(const std::vector<std::string>& words) {
  const std::vector<std::string> first(words.begin(), words.end() - 1);
  return absl::StrCat(absl::StrJoin(first, ", "), " or ", words.back());
}

std::optional<fusebox::v1::State> StateOf(absl::string_view name) {
  fusebox::v1::State state{};
  const bool known = fusebox::v1::State_Parse(EnumName("STATE_", name), &state);
  if (!known || state == fusebox::v1::STATE_UNSPECIFIED) return std::nullopt;
  return state;
}

std::optional<fusebox::v1::Mode> ModeOf(absl::string_view name) {
  fusebox::v1::Mode mode{};
  const bool known = fusebox::v1::Mode_Parse(EnumName("MODE_", name), &mode);
  if (!known || mode == fusebox::v1::MODE_UNSPECIFIED) return std::nullopt;
  return mode;
}

Colour StateColour(fusebox::v1::State state) {
  switch (state) {
    case fusebox::v1::STATE_CLOSED:
      return Colour::kGreen;
    case fusebox::v1::STATE_OPEN:
      return Colour::kRed;
    case fusebox::v1::STATE_HALF_OPEN:
      return Colour::kYellow;
    default:
      return Colour::kNone;
  }
}

Cell StateCell(const Circuit& circuit) {
  std::string text = StateName(circuit.state());
  if (circuit.ramping()) {
    absl::StrAppend(&text, " ramp ", std::lround(circuit.ramp_fraction() * 100), "%");
  }
  if (circuit.has_limit()) absl::StrAppend(&text, " limit ", LimitText(circuit));
  return {std::move(text), StateColour(circuit.state())};
}

Cell ShortStateCell(const Circuit& circuit) {
  const Colour colour = StateColour(circuit.state());
  if (ModeSaysItAll(circuit)) {
    const bool disabled = circuit.mode() == fusebox::v1::MODE_DISABLED;
    return {ModeName(circuit.mode()), disabled ? Colour::kYellow : colour};
  }
  if (circuit.mode() == fusebox::v1::MODE_SHADOW) {
    return {absl::StrCat(StateName(circuit.state()), " shadow"), Colour::kYellow};
  }
  if (circuit.has_limit()) return {absl::StrCat("LIMIT ", LimitText(circuit)), Colour::kYellow};
  if (!circuit.ramping()) return {StateName(circuit.state()), colour};
  return {absl::StrCat("RAMP ", std::lround(circuit.ramp_fraction() * 100), "%"), colour};
}

Cell ModeCell(const Circuit& circuit) {
  const bool automatic = circuit.mode() == fusebox::v1::MODE_AUTOMATIC;
  return {ModeName(circuit.mode()), automatic ? Colour::kNone : Colour::kYellow};
}

std::string SinceText(const Circuit& circuit, absl::Time now) {
  if (!circuit.has_transition_time()) return "";
  return AgeText(now - FromProto(circuit.transition_time()));
}

std::string ShortSinceText(const Circuit& circuit, absl::Time now) {
  if (!ModeSaysItAll(circuit)) return SinceText(circuit, now);
  // Only what an operator did last is known: a policy change since then hides when it was.
  if (!LastActionSetMode(circuit)) return "";
  return AgeText(now - FromProto(circuit.last_action().time()));
}

std::string NextProbeText(const Circuit& circuit, absl::Time now) {
  if (circuit.awaits_connection()) return "once connected";
  if (!circuit.has_next_probe_time()) return "";
  const absl::Duration left = FromProto(circuit.next_probe_time()) - now;
  return left < absl::Seconds(1) ? "now" : absl::StrCat("in ", AgeText(left));
}

std::string FailuresText(const Circuit& circuit) {
  if (circuit.window().recorded() == 0 && circuit.consecutive_failures() == 0) return "";
  std::string text = absl::StrCat(circuit.window().failures(), "/", circuit.window().recorded());
  if (circuit.consecutive_failures() > 0) {
    absl::StrAppend(&text, " run ", circuit.consecutive_failures());
  }
  return text;
}

std::string ShadowText(const fusebox::v1::ShadowCounts& shadow) {
  return absl::StrCat("of ", Count(shadow.calls(), "call"), " it would reject ",
                      shadow.would_reject(), " that were admitted, and admit ",
                      shadow.would_admit(), " that were rejected; opened ",
                      Count(shadow.would_open(), "time"));
}

std::string WhyText(const Circuit& circuit, absl::Time now) {
  if (OperatorMovedIt(circuit)) return MoveText(circuit.last_action());
  if (!circuit.has_last_opening()) {
    if (circuit.shadow().would_open() == 0) return "";
    return absl::StrCat("candidate: ", ShadowText(circuit.shadow()));
  }
  const fusebox::v1::Move& opening = circuit.last_opening();
  std::string why = absl::StrCat(MoveText(opening), AfterColon(opening.evidence()));
  if (circuit.state() != fusebox::v1::STATE_CLOSED) return why;
  return absl::StrCat("opened ", AgeText(now - FromProto(circuit.last_opening().time())),
                      " ago: ", why);
}

std::string ShortWhyText(const Circuit& circuit, absl::Time now) {
  const std::string why = WhyText(circuit, now);
  const std::string failures = FailuresText(circuit);
  return why.empty() && !failures.empty() ? absl::StrCat("failed ", failures) : why;
}

std::string MoveText(const fusebox::v1::Move& move) {
  const std::string what = move.detail().empty() ? absl::AsciiStrToLower(CauseName(move.cause()))
                                                 : Printable(move.detail());
  return move.actor().empty() ? what : absl::StrCat(Printable(move.actor()), ": ", what);
}

std::string EventText(const Event& event, const Terminal& terminal) {
  std::string text;
  if (event.from_state() != event.to_state()) {
    text = absl::StrCat(
        terminal.Paint(StateName(event.from_state()), StateColour(event.from_state())), " -> ",
        terminal.Paint(StateName(event.to_state()), StateColour(event.to_state())));
  }
  if (event.from_mode() != event.to_mode()) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", ModeName(event.from_mode()), " -> ",
                    ModeName(event.to_mode()));
  }
  if (event.kind() != fusebox::v1::EVENT_KIND_TRANSITION || text.empty()) {
    text = absl::StrCat(KindText(event), text.empty() ? "" : ": ", text);
  }
  if (!event.actor().empty()) absl::StrAppend(&text, "  ", Printable(event.actor()), ":");
  if (!event.detail().empty()) {
    absl::StrAppend(&text, event.actor().empty() ? "  " : " ", Printable(event.detail()));
  } else if (event.cause() != fusebox::v1::CAUSE_UNSPECIFIED) {
    absl::StrAppend(
        &text, "  ",
        absl::StrReplaceAll(absl::AsciiStrToLower(CauseName(event.cause())), {{"_", " "}}));
  }
  // Of the rule and of the transition that follows from it, once is enough.
  if (event.kind() == fusebox::v1::EVENT_KIND_TRANSITION) {
    absl::StrAppend(&text, AfterColon(event.evidence()));
  }
  return text;
}

std::string ClockText(absl::Time time, absl::Time now) {
  const absl::TimeZone zone = absl::LocalTimeZone();
  const bool today = absl::ToCivilDay(time, zone) == absl::ToCivilDay(now, zone);
  return absl::FormatTime(today ? "%H:%M:%E3S" : "%Y-%m-%d %H:%M:%E3S", time, zone);
}

}  // namespace fuseboxctl
