// SPDX-License-Identifier: Apache-2.0
//
// Circuits and events in words. All that comes out is Printable.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_CIRCUIT_TEXT_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_CIRCUIT_TEXT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/v1/circuit.pb.h"
#include "tools/fuseboxctl/table.h"

namespace fuseboxctl {

// Without their prefixes: "HALF_OPEN", "FORCED_OPEN", "PROBE_FAILED". A value that this program is
// too old for is its number.
std::string StateName(fusebox::v1::State state);
std::string ModeName(fusebox::v1::Mode mode);
std::string CauseName(fusebox::v1::Cause cause);

// All of them, as they are written: "closed", "half_open"; "automatic", "forced_open".
std::vector<std::string> StateWords();
std::vector<std::string> ModeWords();

// "closed, open or half_open".
std::string AnyOf(const std::vector<std::string>& words);

// In any case, with '-' or '_'; none for what is not a state or mode.
std::optional<fusebox::v1::State> StateOf(absl::string_view name);
std::optional<fusebox::v1::Mode> ModeOf(absl::string_view name);

Colour StateColour(fusebox::v1::State state);

// "OPEN", "HALF_OPEN ramp 25%".
Cell StateCell(const fusebox::v1::Circuit& circuit);
Cell ModeCell(const fusebox::v1::Circuit& circuit);

// The state, or the mode where that says it all: "OPEN", "FORCED_OPEN", "CLOSED shadow", "RAMP
// 25%".
Cell ShortStateCell(const fusebox::v1::Circuit& circuit);

// How long it has been in its state: "3m12s"; empty if it has never been in another.
std::string SinceText(const fusebox::v1::Circuit& circuit, absl::Time now);

// The age of what ShortStateCell shows: of the mode where it shows that alone, else of the state.
// Empty too if that isn't known.
std::string ShortSinceText(const fusebox::v1::Circuit& circuit, absl::Time now);

// "in 18s", "now"; empty unless it is open for some time.
std::string NextProbeText(const fusebox::v1::Circuit& circuit, absl::Time now);

// "62/100 run 4": the window's failures of how many calls, and how many in a row.
std::string FailuresText(const fusebox::v1::Circuit& circuit);

// What a policy's candidate would have done: "of 10 calls it would reject 5 that were admitted, and
// admit 0 that were rejected; opened 1 time".
std::string ShadowText(const fusebox::v1::ShadowCounts& shadow);

// Why it is as it is: what opened it, or who moved it and why.
std::string WhyText(const fusebox::v1::Circuit& circuit, absl::Time now);

// The same, or else the failures that there are. For what has no room for both.
std::string ShortWhyText(const fusebox::v1::Circuit& circuit, absl::Time now);

// "failure rate 0.62 >= 0.5 over 100 calls", "oncall: deploy".
std::string MoveText(const fusebox::v1::Move& move);

// "CLOSED -> OPEN  failure rate 0.62 >= 0.5 over 100 calls", without the circuit's name.
std::string EventText(const fusebox::v1::Event& event, const Terminal& terminal);

// "12:03:44.123", of today; with the date before it otherwise.
std::string ClockText(absl::Time time, absl::Time now);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_CIRCUIT_TEXT_H_
