// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_filter.h"

#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "src/admin/enum_conversion.h"
#include "src/admin/glob.h"

namespace fusebox {
namespace {

constexpr int kMaxValues = 100;
constexpr std::size_t kMaxGlobBytes = 1'024;

void CheckCount(absl::string_view field, int count, RequestErrors& errors) {
  if (count > kMaxValues) {
    errors.Add(field, absl::StrCat(count, " values, must be at most ", kMaxValues));
  }
}

template <typename Values, typename IsValid>
void CheckEnums(absl::string_view field, const Values& values, const IsValid& is_valid,
                absl::string_view range, RequestErrors& errors) {
  CheckCount(field, values.size(), errors);
  for (const int value : values) {
    if (value == 0 || !is_valid(value)) {
      errors.Add(field, absl::StrCat(value, ", must be ", range));
      return;
    }
  }
}

}  // namespace

void CircuitFilter::Check(RequestErrors& errors) const {
  CheckEnums("filter.states", proto_.states(), v1::State_IsValid,
             "STATE_CLOSED, STATE_OPEN or STATE_HALF_OPEN", errors);
  CheckEnums("filter.modes", proto_.modes(), v1::Mode_IsValid,
             "MODE_AUTOMATIC, MODE_FORCED_OPEN, MODE_DISABLED or MODE_SHADOW", errors);
  CheckCount("filter.name_globs", proto_.name_globs_size(), errors);
  CheckCount("filter.targets", proto_.targets_size(), errors);
  for (const std::string& glob : proto_.name_globs()) {
    if (glob.empty() || glob.size() > kMaxGlobBytes) {
      errors.Add("filter.name_globs",
                 absl::StrCat("one of ", glob.size(), " bytes, must be of 1 to ", kMaxGlobBytes));
    }
  }
}

bool CircuitFilter::empty() const {
  return proto_.states().empty() && proto_.modes().empty() && proto_.name_globs().empty() &&
         proto_.targets().empty();
}

bool CircuitFilter::MatchesName(absl::string_view name, absl::string_view target) const {
  const auto& globs = proto_.name_globs();
  const auto& targets = proto_.targets();
  const auto fits = [&](const std::string& glob) { return GlobMatches(glob, name); };
  return (globs.empty() || std::any_of(globs.begin(), globs.end(), fits)) &&
         (targets.empty() || std::find(targets.begin(), targets.end(), target) != targets.end());
}

bool CircuitFilter::MatchesState(State state, Mode mode) const {
  return (proto_.states().empty() || HasState(state)) && (proto_.modes().empty() || HasMode(mode));
}

bool CircuitFilter::MatchesMove(const Event& event) const {
  return MatchesState(event.from, event.mode_from) || MatchesState(event.to, event.mode_to);
}

bool CircuitFilter::HasState(State state) const {
  const auto& states = proto_.states();
  return std::find(states.begin(), states.end(), ToProto(state)) != states.end();
}

bool CircuitFilter::HasMode(Mode mode) const {
  const auto& modes = proto_.modes();
  return std::find(modes.begin(), modes.end(), ToProto(mode)) != modes.end();
}

}  // namespace fusebox
