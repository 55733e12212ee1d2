// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_filter.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "src/base/counted.h"
#include "src/base/glob.h"

namespace fusebox::internal {
namespace {

constexpr int kMaxValues = 100;
constexpr std::size_t kMaxTextBytes = 1'024;  // of a glob or a target
constexpr std::size_t kMaxBytes = 32'768;     // of all of them: a watcher keeps its filter

template <typename Values>
void CheckCount(absl::string_view field, const Values& values, RequestErrors& errors) {
  if (values.size() > kMaxValues) {
    errors.Add(field, absl::StrCat(values.size(), " values, must be at most ", kMaxValues));
  }
}

// "STATE_CLOSED, STATE_OPEN or STATE_HALF_OPEN": all but the first, which says nothing.
std::string NamesOf(const google::protobuf::EnumDescriptor& type) {
  std::string names;
  for (int i = 1; i < type.value_count(); ++i) {
    const bool last = i + 1 == type.value_count();
    absl::StrAppend(&names, i == 1 ? "" : last ? " or " : ", ", type.value(i)->name());
  }
  return names;
}

// The bits of the core's enumerators, which are one less than the proto's.
#define FUSEBOX_STATE(enumerator, number, name) static_assert(v1::STATE_##name == (number) + 1);
#define FUSEBOX_MODE(enumerator, number, name) static_assert(v1::MODE_##name == (number) + 1);
FUSEBOX_STATES(FUSEBOX_STATE)
FUSEBOX_MODES(FUSEBOX_MODE)
#undef FUSEBOX_STATE
#undef FUSEBOX_MODE
template <typename Values>
uint64_t EnumBits(absl::string_view field, const Values& values,
                  const google::protobuf::EnumDescriptor& type, RequestErrors& errors) {
  CheckCount(field, values, errors);
  uint64_t bits = 0;
  for (const int value : values) {
    if (value == 0 || type.FindValueByNumber(value) == nullptr) {
      errors.Add(field, absl::StrCat(value, ", must be ", NamesOf(type)));
      return 0;
    }
    bits |= uint64_t{1} << static_cast<unsigned>(value - 1);
  }
  return bits;
}

template <typename Values>
void CheckTexts(absl::string_view field, const Values& values, std::size_t least,
                RequestErrors& errors) {
  CheckCount(field, values, errors);
  for (const std::string& value : values) {
    if (value.size() < least || value.size() > kMaxTextBytes) {
      errors.Add(field, absl::StrCat("one of ", Counted(value.size(), "byte"), ", must be of ",
                                     least, " to ", kMaxTextBytes));
    }
  }
}

void KeepEachOnce(std::vector<std::string>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  values.shrink_to_fit();
}

bool Holds(const std::vector<std::string>& values, absl::string_view value) {
  return std::binary_search(values.begin(), values.end(), value);
}

}  // namespace

CircuitFilter::CircuitFilter(const v1::CircuitFilter& proto)
    : empty_(proto.states().empty() && proto.modes().empty() && proto.name_globs().empty() &&
             proto.targets().empty()),
      states_(EnumBits("filter.states", proto.states(), *v1::State_descriptor(), errors_)),
      modes_(EnumBits("filter.modes", proto.modes(), *v1::Mode_descriptor(), errors_)) {
  CheckTexts("filter.name_globs", proto.name_globs(), 1, errors_);
  CheckTexts("filter.targets", proto.targets(), 0, errors_);
  if (const std::size_t bytes = proto.ByteSizeLong(); errors_.empty() && bytes > kMaxBytes) {
    errors_.Add("filter", absl::StrCat(bytes, " bytes, must be at most ", kMaxBytes));
  }
  if (!errors_.empty()) return;
  targets_.assign(proto.targets().begin(), proto.targets().end());
  for (const std::string& glob : proto.name_globs()) {
    (IsPlainName(glob) ? names_ : patterns_).push_back(ShortestGlob(glob));
  }
  for (std::vector<std::string>* const values : {&targets_, &names_, &patterns_}) {
    KeepEachOnce(*values);
  }
  for (const std::string& pattern : patterns_) pattern_weight_ += WeightOfGlob(pattern);
}

std::vector<std::string> CircuitFilter::Patterns() const {
  const bool has_names = !names_.empty() || !patterns_.empty();
  if (states_ != 0 || modes_ != 0 || (has_names && has_targets())) return {};
  if (!has_names && !has_targets()) return {"*"};
  std::vector<std::string> patterns = names_;
  patterns.insert(patterns.end(), patterns_.begin(), patterns_.end());
  for (const std::string& target : targets_) {
    // No circuit has such a target, and a pattern of it would be about others.
    if (target.empty() || !IsPlainName(target)) return {};
    patterns.push_back(target);
    patterns.push_back(absl::StrCat(target, "/*"));
  }
  return patterns;
}

bool CircuitFilter::MatchesName(absl::string_view name, absl::string_view target) const {
  if (!targets_.empty() && !Holds(targets_, target)) return false;
  if (names_.empty() && patterns_.empty()) return true;
  if (Holds(names_, name)) return true;
  if (patterns_.empty()) return false;
  GlobText text(name);
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&text](const std::string& pattern) { return text.Fits(pattern); });
}

int64_t CircuitFilter::StepsForName(std::size_t name_bytes) const {
  return patterns_.empty() ? 0 : StepsForGlobs(pattern_weight_, name_bytes);
}

bool CircuitFilter::MatchesMove(const Event& event) const {
  return MatchesState(event.from, event.mode_from) || MatchesState(event.to, event.mode_to);
}

}  // namespace fusebox::internal
