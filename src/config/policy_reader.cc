// SPDX-License-Identifier: Apache-2.0
#include "src/config/policy_reader.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "fusebox/policy.h"
#include "src/base/field_path.h"
#include "src/base/text.h"
#include "src/config/values.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"
#include "src/policy/proto_name.h"
#include "src/policy/range_text.h"

namespace fusebox::internal {
namespace {

using Kind = ConfigNode::Kind;

constexpr char kPreset[] = "preset";
constexpr char kWithout[] = "without";
constexpr char kCandidate[] = "shadow_policy";

// Reads the candidate within a policy, which may have a preset.
class CandidateReader {
 public:
  virtual ~CandidateReader() = default;
  virtual ReadPatch ReadCandidate(const ConfigNode& node, const std::string& path) = 0;
};

// Of the alternatives, in their order; the last argument only says of which.
template <typename Field, typename... Types>
std::vector<std::string> NamesOf(const Field& field, const std::variant<Types...>* /*type*/) {
  const std::array<const char*, sizeof...(Types)> alone = {std::get<0>(kFields<Types>).name...};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < alone.size(); ++i) {
    const char* const name = field.alternatives[i].name;
    names.emplace_back(*name != '\0' ? name : alone[i]);
  }
  return names;
}

template <typename Field, typename Value>
void AddNames(const Field& field, const Value& value, std::set<std::string>& names) {
  if constexpr (IsChoice<Field>::value) {
    for (const std::string& name : NamesOf(field, IfSet(value))) names.insert(name);
  } else {
    names.insert(field.name);
  }
}

template <typename T>
void AddNamesOf(const T& any, std::set<std::string>& names) {
  VisitFields(any, [&](const auto& field, const auto& value) { AddNames(field, value, names); });
}

// "; did you mean 50% (0.5)?", of a share that is written as a percentage without its sign. What is
// up to 2 can as well be a share that is too large.
template <typename Field>
std::string PercentAdvice(const Field& field, const ConfigNode& node, double value) {
  if (value <= 2 || absl::StrContains(node.text, '%') || !field.Has(value / 100)) return "";
  return absl::StrCat("; did you mean ", NumberText(value), "% (", NumberText(value / 100), ")?");
}

// A map that says that this field is off.
ConfigNodePtr OffNode(absl::string_view path, int line) {
  auto node = std::make_shared<ConfigNode>();
  node->kind = Kind::kScalar;
  node->text = "off";
  node->line = line;
  ConfigNodePtr made = std::move(node);
  std::vector<std::string> names = absl::StrSplit(path, '.');
  std::reverse(names.begin(), names.end());
  for (std::string& name : names) {
    auto map = std::make_shared<ConfigNode>();
    map->kind = Kind::kMap;
    map->line = line;
    map->entries.push_back({std::move(name), line, std::move(made)});
    made = std::move(map);
  }
  return made;
}

// Why that is no field to turn off in the patch, whose first fields are `set`, and whose others are
// off. Empty: it is one.
std::string WhyNotOff(const ConfigNode& item, const PolicyPatch& patch, std::size_t set) {
  if (item.kind != Kind::kScalar || !IsPolicyField(item.text)) {
    return absl::StrCat(" = ", Shown(item), ", must be the path of a policy's field");
  }
  if (IsWithinField(item.text, kCandidate) && item.text != kCandidate) {
    return absl::StrCat(" = ", Shown(item), ", must be no field of ", kCandidate,
                        ", which has a `without` of its own");
  }
  for (std::size_t i = 0; i < patch.fields.size(); ++i) {
    const std::string& other = patch.fields[i].path;
    if (!IsWithinField(item.text, other) && !IsWithinField(other, item.text)) continue;
    return absl::StrCat(": ", item.text, i < set ? " is also set" : ": a second time",
                        other == item.text ? "" : absl::StrCat(", by ", other));
  }
  return "";
}

// Reads the fields of a policy that a map names, each by its row.
class FieldReader {
 public:
  FieldReader(Problems& problems, CandidateReader& candidates, ReadPatch& to)
      : problems_(problems), candidates_(candidates), to_(to) {}

  // `prefix` is of paths within the policy, `path` where the map is in the file.
  template <typename T>
  void Read(const ConfigNode& map, const std::string& path, const std::string& prefix, T& of) {
    const void* choice = nullptr;  // what has been chosen here, by a key before
    for (const ConfigEntry& entry : map.entries) {
      if (prefix.empty() && (entry.key == kPreset || entry.key == kWithout)) continue;
      const Place place = {entry, ConfigPath(path, entry.key), absl::StrCat(prefix, entry.key)};
      bool known = false;
      VisitFields(of, [&](const auto& field, auto& value) {
        known = known || ReadField(field, place, prefix, value, choice);
      });
      if (!known) Unknown<T>(place, prefix.empty());
    }
  }

  // The fields that a policy is to be without, beside those that have been read.
  void ReadWithout(const ConfigEntry& entry, const std::string& path) {
    const std::string off_path = ConfigPath(path, kWithout);
    if (entry.value->kind != Kind::kList) {
      problems_.MustBe(entry.line, off_path, Shown(*entry.value), "a list of fields");
      to_.broken = true;
      return;
    }
    const std::size_t set = to_.patch.fields.size();
    for (const ConfigNodePtr& item : entry.value->items) {
      const std::string wrong = WhyNotOff(*item, to_.patch, set);
      if (wrong.empty()) {
        Read(*OffNode(item->text, item->line), path, "", to_.patch.values);
      } else {
        problems_.AddAt(problems_.Place(item->line), off_path, wrong);
        to_.broken = true;
      }
    }
  }

 private:
  struct Place {
    const ConfigEntry& entry;
    const std::string path;   // in the file
    const std::string field;  // in the policy
    const ConfigNode& node() const { return *entry.value; }
  };

  void Named(const Place& place) {
    to_.patch.fields.push_back({place.field, problems_.Place(place.entry.line)});
  }

  void Bad(const Place& place, absl::string_view range) {
    problems_.MustBe(place.entry.line, place.path, Shown(place.node()), range);
    to_.broken = true;
  }

  template <typename T>
  void Unknown(const Place& place, bool is_policy) {
    std::set<std::string> names;
    if (is_policy) names = {kPreset, kWithout};
    if (problems_.Advises(names.size())) AddNamesOf(T(), names);
    problems_.Add(place.entry.line, place.path,
                  absl::StrCat("no such key", problems_.Advice(place.entry.key, names)));
    to_.broken = true;
  }

  // Each is true if the place is the field's, and then has read it.
  template <typename Owner, typename Member>
  bool ReadField(const ValueField<Owner, Member>& field, const Place& place,
                 const std::string& /*prefix*/, Member& value, const void*& /*choice*/) {
    if (place.entry.key != field.name) return false;
    Named(place);
    // What turns a flag off is a value of its.
    if (!std::is_same_v<ValueOf<Member>, bool> && IsOff(place.node())) {
      if (field.off() == Off::kNever) {
        Bad(place, absl::StrCat(RangeText(field), "; it can't be off"));
      } else {
        value = Member();
      }
      return true;
    }
    auto read = ValueOf<Member>(field.range.min);
    const std::string wrong = internal::Read(place.node(), IsShare(field), read);
    if (!wrong.empty()) {
      Bad(place, wrong);
      value = field.range.min;
    } else if (!field.Has(read)) {
      std::string advice;
      if constexpr (std::is_same_v<ValueOf<Member>, double>) {
        if (IsShare(field)) advice = PercentAdvice(field, place.node(), read);
      }
      Bad(place, absl::StrCat(RangeText(field), advice));
      value = field.range.min;
    } else {
      value = read;
    }
    return true;
  }

  template <typename Owner, typename Member>
  static bool IsShare(const ValueField<Owner, Member>& field) {
    if constexpr (std::is_same_v<ValueOf<Member>, double>) {
      return field.range.max <= 1;
    } else {
      return false;
    }
  }

  template <typename Owner, typename Member>
  bool ReadField(const PartField<Owner, Member>& field, const Place& place,
                 const std::string& /*prefix*/, Member& value, const void*& /*choice*/) {
    if (place.entry.key != field.name) return false;
    if constexpr (IsOptional<Member>::value) {
      if (IsOff(place.node())) {
        value.reset();
        Named(place);
        return true;
      }
      if (!value) value.emplace();
      ReadPart(place, *value, /*may_be_on=*/true, "a map, on or off");
    } else {
      ReadPart(place, value, /*may_be_on=*/false, "a map");
    }
    return true;
  }

  template <typename Owner, typename Member>
  bool ReadField(const PolicyField<Owner, Member>& field, const Place& place,
                 const std::string& /*prefix*/, Member& value, const void*& /*choice*/) {
    if (place.entry.key != field.name) return false;
    Named(place);
    if (IsOff(place.node())) {
      value = std::nullopt;
    } else if (place.node().kind != Kind::kMap) {
      Bad(place, "a map, or off");
    } else {
      const ReadPatch candidate = candidates_.ReadCandidate(place.node(), place.path);
      to_.broken = to_.broken || candidate.broken;
      value = Patched(Policy(), candidate.patch);
    }
    return true;
  }

  template <typename Owner, typename Member>
  bool ReadField(const ChoiceField<Owner, Member>& field, const Place& place,
                 const std::string& prefix, Member& value, const void*& choice) {
    return ReadAlternatives(field, place, prefix, value, choice,
                            static_cast<const ValueOf<Member>*>(nullptr));
  }

  template <typename Owner, typename Member, typename... Types>
  bool ReadAlternatives(const ChoiceField<Owner, Member>& field, const Place& place,
                        const std::string& prefix, Member& value, const void*& choice,
                        const std::variant<Types...>* type) {
    const std::vector<std::string> names = NamesOf(field, type);
    const auto chosen = std::find(names.begin(), names.end(), place.entry.key);
    if (chosen == names.end()) return false;
    if (choice != nullptr) {
      problems_.Add(place.entry.line, place.path,
                    absl::StrCat("only one of ", names[0], " and ", names[1], " can be set"));
      to_.broken = true;
      return true;
    }
    choice = &field;
    const auto index = static_cast<std::size_t>(chosen - names.begin());
    std::size_t i = 0;
    ((i++ == index
          ? ReadAlternative<Types>(place, prefix, value, *field.alternatives[index].name != '\0')
          : void()),
     ...);
    return true;
  }

  template <typename T, typename Member>
  void ReadAlternative(const Place& place, const std::string& prefix, Member& value,
                       bool has_name) {
    T chosen;
    if (has_name) {
      ReadPart(place, chosen, /*may_be_on=*/true, "a map, or on");
    } else {
      const void* none = nullptr;
      VisitFields(chosen, [&](const auto& field, auto& member) {
        ReadField(field, place, prefix, member, none);
      });
    }
    value = chosen;
  }

  // A part that says nothing has its defaults.
  template <typename T>
  void ReadPart(const Place& place, T& part, bool may_be_on, absl::string_view what) {
    const ConfigNode& node = place.node();
    const bool is_empty = node.kind == Kind::kMap && node.entries.empty();
    if (is_empty || (may_be_on && IsOn(node))) return Named(place);
    if (node.kind != Kind::kMap) return Bad(place, what);
    Read(node, place.path, absl::StrCat(place.field, "."), part);
  }

  Problems& problems_;
  CandidateReader& candidates_;
  ReadPatch& to_;
};

const ConfigEntry* Find(const ConfigNode& map, absl::string_view key) {
  for (const ConfigEntry& entry : map.entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

// A field that is in the path, the last one that is named; null if there is none.
const PatchedField* FindWithin(const PolicyPatch& patch, absl::string_view path) {
  const std::string prefix = absl::StrCat(path, ".");
  const auto found =
      std::find_if(patch.fields.rbegin(), patch.fields.rend(),
                   [&prefix](const auto& field) { return absl::StartsWith(field.path, prefix); });
  return found == patch.fields.rend() ? nullptr : &*found;
}

// Where the patch names the field, or that which it is in; or else one of those in it. Empty if it
// doesn't.
std::string PlaceOf(const PolicyPatch& patch, const std::string& field) {
  const PatchedField* found = FindField(patch, field);
  if (found == nullptr) found = FindWithin(patch, field);
  return found == nullptr ? "" : found->source;
}

}  // namespace

ReadPatch On(const ReadPatch& base, const ReadPatch& over) {
  return {Flattened(Combined(base.patch, over.patch)), base.broken || over.broken};
}

std::set<std::string> PolicyKeys() {
  std::set<std::string> keys = {kPreset, kWithout};
  AddNamesOf(Policy(), keys);
  return keys;
}

void PolicyReader::ReadPresets(const ConfigNode& presets, const std::string& path) {
  for (const ConfigEntry& entry : presets.entries) {
    Preset& preset = presets_[entry.key];
    preset.node = entry.value;
    preset.path = ConfigPath(path, entry.key);
    preset_names_.insert(entry.key);
  }
  for (const ConfigEntry& entry : presets.entries) {
    ConfigNode name;
    name.kind = Kind::kScalar;
    name.text = entry.key;
    FindPreset(name, entry.line, ConfigPath(path, entry.key));
  }
}

const ReadPatch* PolicyReader::FindPreset(const ConfigNode& name, int line,
                                          const std::string& path) {
  using Progress = Preset::Progress;
  const auto found = name.kind == Kind::kScalar ? presets_.find(name.text) : presets_.end();
  if (found == presets_.end()) {
    problems_.MustBe(
        line, path, Shown(name),
        absl::StrCat("the name of one of the presets", problems_.Advice(name.text, preset_names_)));
    return nullptr;
  }
  Preset& preset = found->second;
  if (preset.progress == Progress::kBeingRead) {
    problems_.MustBe(line, path, Shown(name), "another one: a preset can't be based on itself");
    return nullptr;
  }
  if (preset.progress == Progress::kUnread) {
    if (presets_being_read_ == kMaxPresetsInARow) {
      problems_.Add(line, path,
                    absl::StrCat("more than ", kMaxPresetsInARow, " presets on each other"));
      return nullptr;
    }
    preset.progress = Progress::kBeingRead;
    ++presets_being_read_;
    preset.read = Read(*preset.node, preset.path);
    --presets_being_read_;
    preset.progress = Progress::kRead;
  }
  return &preset.read;
}

ReadPatch PolicyReader::Read(const ConfigNode& node, const std::string& path) {
  ReadPatch read;
  if (node.kind == Kind::kNull) return read;
  if (node.kind != Kind::kMap) {
    problems_.MustBe(node.line, path, Shown(node), "a map");
    read.broken = true;
    return read;
  }
  ReadFields(node, path, read);
  const ConfigEntry* const name = Find(node, kPreset);
  if (name == nullptr) return read;
  const ReadPatch* const preset = FindPreset(*name->value, name->line, ConfigPath(path, kPreset));
  if (preset != nullptr) return On(*preset, read);
  read.broken = true;
  return read;
}

void PolicyReader::ReadFields(const ConfigNode& node, const std::string& path, ReadPatch& read) {
  struct Candidates final : CandidateReader {
    explicit Candidates(PolicyReader& policy_reader) : reader(policy_reader) {}
    ReadPatch ReadCandidate(const ConfigNode& candidate, const std::string& where) override {
      return reader.Read(candidate, where);
    }
    PolicyReader& reader;
  } candidates(*this);
  FieldReader reader(problems_, candidates, read);
  reader.Read(node, path, "", read.patch.values);
  if (const ConfigEntry* const off = Find(node, kWithout)) reader.ReadWithout(*off, path);
}

void CheckPolicy(const ReadPatch& read, int line, const std::string& path, Problems& problems,
                 Problems& warnings) {
  if (read.broken) return;
  const Policy policy = Patched(Policy(), read.patch);
  for (const FieldError& error : PolicyErrors(policy)) {
    const std::string field = FieldInProto(error.field, policy);
    const std::string first = field.substr(0, field.find(' '));
    const std::string place = PlaceOf(read.patch, first);
    problems.AddAt(place.empty() ? problems.Place(line) : place, absl::StrCat(path, ".", field),
                   absl::StrCat(" = ", error.value, ", must be ", error.range));
  }
  for (const std::string& warning : PolicyWarnings(policy)) {
    const std::string place = PlaceOf(read.patch, warning.substr(0, warning.find_first_of(" :,")));
    warnings.AddAt(place.empty() ? warnings.Place(line) : place, path, absl::StrCat(": ", warning));
  }
}

}  // namespace fusebox::internal
