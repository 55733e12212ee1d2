// SPDX-License-Identifier: Apache-2.0
//
// The half of policy_fields.h that changes policies.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "src/proto/policy_path.h"
#include "src/proto/time_conversion.h"
#include "tools/fuseboxctl/policy_facts.h"
#include "tools/fuseboxctl/policy_fields.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::v1::Policy;
using fusebox::v1::PolicyChange;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What was given, to tell it back: no more than its beginning.
std::string Excerpt(absl::string_view text) {
  constexpr std::size_t kColumns = 300;
  return Shorten(Printable(text), kColumns);
}

bool IsDuration(const FieldDescriptor& field) {
  return field.message_type() == google::protobuf::Duration::descriptor();
}

std::string NamesOf(const Descriptor& type) {
  std::vector<absl::string_view> names;
  names.reserve(static_cast<std::size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) names.emplace_back(type.field(i)->name());
  return absl::StrJoin(names, ", ");
}

// The fields that a path goes through, the last of which it names.
absl::StatusOr<std::vector<const FieldDescriptor*>> Walk(absl::string_view path) {
  fusebox::internal::PolicyPath found = fusebox::internal::FindPolicyPath(path);
  if (!found.fields.empty()) return std::move(found.fields);
  return absl::InvalidArgumentError(absl::StrCat(
      "a policy has no field \"", Excerpt(path), "\"",
      found.missed_in == nullptr ? "" : absl::StrCat("; there are: ", NamesOf(*found.missed_in))));
}

// Sets the field of `message`, which is no message itself unless it is a duration. OK, or what it
// must be.
absl::Status SetValue(Message& message, const FieldDescriptor& field, absl::string_view value) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const auto must_be = [](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("must be ", what));
  };
  if (IsDuration(field)) {
    const absl::StatusOr<absl::Duration> duration = ParseDuration(value);
    if (!duration.ok()) return must_be("a duration, like 500ms, 30s or 1m30s");
    reflection.MutableMessage(&message, &field)->CopyFrom(fusebox::internal::ToProto(*duration));
    return absl::OkStatus();
  }
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(value, &number)) return must_be("a whole number");
    reflection.SetInt64(&message, &field, number);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
    double number = 0;
    if (!absl::SimpleAtod(value, &number) || !std::isfinite(number)) return must_be("a number");
    reflection.SetDouble(&message, &field, number);
  } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
    if (value != "true" && value != "false") return must_be("true or false");
    reflection.SetBool(&message, &field, value == "true");
  } else if (value == "on") {
    reflection.MutableMessage(&message, &field);
  } else {
    return must_be(absl::StrCat("on or off; its parts are set by name, like \"", field.name(), ".",
                                field.message_type()->field(0)->name(), "\""));
  }
  return absl::OkStatus();
}

// What to write for a field that can't be off.
std::string InsteadOfOff(const FieldDescriptor& field) {
  if (IsDuration(field)) return "a duration";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    default:
      break;
  }
  if (const auto* const choice = field.real_containing_oneof()) {
    const FieldDescriptor& other = *choice->field(choice->field(0) == &field ? 1 : 0);
    return absl::StrCat(other.name(), "=on");
  }
  return absl::StrCat("its parts by name, like \"", field.name(), ".",
                      field.message_type()->field(0)->name(), "\"");
}

// A change of single fields.
class Assignments {
 public:
  // Notes "path" and "value". What is wrong with them leaves it in no useful state.
  absl::Status Add(const std::string& path, absl::string_view value) {
    const absl::StatusOr<std::vector<const FieldDescriptor*>> fields = Walk(path);
    if (!fields.ok()) return fields.status();
    if (!named_.emplace(path, value).second) return absl::InvalidArgumentError("is given twice");
    if (absl::Status clash = CheckParts(path); !clash.ok()) return clash;
    change_.mutable_update_mask()->add_paths(path);
    const FieldDescriptor& field = *fields->back();
    if (absl::Status clash = CheckChoices(*fields); !clash.ok()) return clash;
    if (value == "default") {
      Parent(*fields);
      ClearOthers(field, path);
      return absl::OkStatus();
    }
    if (value == "off") {
      const PolicyFacts facts = FactsOf(path);
      if (facts.off_when_absent) return absl::OkStatus();
      if (facts.off_value) return SetValue(Parent(*fields), field, *facts.off_value);
      return absl::InvalidArgumentError(
          absl::StrCat("can't be off; write ", InsteadOfOff(field), ", or default"));
    }
    return SetValue(Parent(*fields), field, value);
  }

  PolicyChange Take() { return std::move(change_); }

 private:
  Policy& policy() { return *change_.mutable_policy(); }

  // The message that holds the last of the fields. It is there from then on, as if its defaults had
  // been written: of a window, it is this one.
  Message& Parent(const std::vector<const FieldDescriptor*>& fields) {
    Message* message = &policy();
    for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
      message = message->GetReflection()->MutableMessage(message, fields[i]);
    }
    return *message;
  }

  // What is off has no parts: without its value they would turn it on again.
  absl::Status CheckParts(const std::string& path) const {
    for (const auto& [whole, value] : named_) {
      if (value != "off") continue;
      for (const auto& [part, part_value] : named_) {
        if (!absl::StartsWith(part, whole + ".")) continue;
        const std::string& other = path == whole ? part : whole;
        return absl::InvalidArgumentError(
            absl::StrCat("excludes ", other, ", which is given as well: write one of the two"));
      }
    }
    return absl::OkStatus();
  }

  // Of two windows, the later would silently take the earlier one's place.
  absl::Status CheckChoices(const std::vector<const FieldDescriptor*>& fields) const {
    const Message* message = &change_.policy();
    for (const FieldDescriptor* const field : fields) {
      const google::protobuf::Reflection& reflection = *message->GetReflection();
      if (const auto* const choice = field->real_containing_oneof()) {
        const FieldDescriptor* const chosen = reflection.GetOneofFieldDescriptor(*message, choice);
        if (chosen != nullptr && chosen != field) {
          return absl::InvalidArgumentError(absl::StrCat(
              "excludes ", chosen->name(), ", which is given as well: write one of the two"));
        }
      }
      if (field == fields.back()) break;
      message = &reflection.GetMessage(*message, field);
    }
    return absl::OkStatus();
  }

  // A choice that none of the fields of is there takes its default, the first: so that one becomes
  // the default, none of the others may be left.
  void ClearOthers(const FieldDescriptor& field, const std::string& path) {
    const auto* const choice = field.real_containing_oneof();
    if (choice == nullptr || choice->field(0) != &field) return;
    const std::string prefix = path.substr(0, path.size() - field.name().size());
    for (int i = 1; i < choice->field_count(); ++i) {
      change_.mutable_update_mask()->add_paths(absl::StrCat(prefix, choice->field(i)->name()));
    }
  }

  PolicyChange change_;
  std::map<std::string, std::string> named_;
};

// What a change of a whole policy looks like.
PolicyChange Whole(Policy policy) {
  PolicyChange change;
  *change.mutable_policy() = std::move(policy);
  change.mutable_update_mask()->add_paths("*");
  return change;
}

absl::StatusOr<PolicyChange> ChangeFromJson(const std::string& text) {
  namespace util = google::protobuf::util;
  std::string json = text;
  google::protobuf::Struct object;
  auto status = util::JsonStringToMessage(json, &object);
  if (const auto endpoints = object.fields().find("endpoints");
      status.ok() && endpoints != object.fields().end()) {
    const auto& list = endpoints->second.list_value();
    if (list.values_size() != 1 || list.values(0).struct_value().fields().count("policy") == 0) {
      return absl::InvalidArgumentError("it must hold the policy of exactly one endpoint");
    }
    json.clear();
    status = util::MessageToJsonString(list.values(0).struct_value().fields().at("policy"), &json);
  }
  Policy policy;
  if (status.ok()) status = util::JsonStringToMessage(json, &policy);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("it is not a policy in JSON: ", Excerpt(status.ToString())));
  }
  return Whole(std::move(policy));
}

}  // namespace

absl::StatusOr<PolicyChange> ChangeFromAssignments(const std::vector<std::string>& assignments) {
  Assignments change;
  for (const std::string& assignment : assignments) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(assignment, absl::MaxSplits('=', 1));
    absl::Status status = assignment.find('=') == std::string::npos
                              ? absl::InvalidArgumentError("write field=value")
                              : change.Add(std::string(parts.first), parts.second);
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", Excerpt(assignment), "\": ", status.message()));
    }
  }
  return change.Take();
}

absl::StatusOr<PolicyChange> ChangeFromText(absl::string_view text) {
  const absl::string_view stripped = absl::StripAsciiWhitespace(text);
  if (stripped.empty()) return absl::InvalidArgumentError("it is empty");
  if (stripped.front() == '{') return ChangeFromJson(std::string(stripped));
  Assignments change;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(':', 1));
    const absl::Status status = change.Add(std::string(absl::StripAsciiWhitespace(parts.first)),
                                           absl::StripAsciiWhitespace(parts.second));
    if (!status.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ", \"", Excerpt(line), "\": ", status.message()));
    }
  }
  return Whole(std::move(*change.Take().mutable_policy()));
}

}  // namespace fuseboxctl
