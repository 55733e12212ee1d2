// SPDX-License-Identifier: Apache-2.0
#include <fusebox/v1/config.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "src/base/printable.h"
#include "src/base/text.h"
#include "src/compat/compat.h"
#include "src/config/node_builder.h"
#include "src/config/readers.h"

namespace fusebox::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::TextFormat;

constexpr std::size_t kMaxMessageBytes = 200;

// "; did you mean jitter?", of what protobuf says of a field that there isn't. Empty if it says
// something else.
std::string AdviceOn(absl::string_view what, Problems& problems) {
  constexpr absl::string_view kHead = "Message type \"";
  constexpr absl::string_view kMiddle = "\" has no field named \"";
  const std::size_t middle = what.find(kMiddle);
  if (!absl::StartsWith(what, kHead) || middle == absl::string_view::npos) return "";
  const absl::string_view type = what.substr(kHead.size(), middle - kHead.size());
  absl::string_view name = what.substr(middle + kMiddle.size());
  name = name.substr(0, name.find('"'));
  const Descriptor* const message =
      v1::Config::descriptor()->file()->pool()->FindMessageTypeByName(std::string(type));
  if (message == nullptr) return "";
  std::set<std::string> names;
  for (int i = 0; i < message->field_count(); ++i) names.emplace(message->field(i)->name());
  return problems.Advice(name, names);
}

// "; write it in quotes", of what protobuf says of a text without.
absl::string_view QuotesAdvice(absl::string_view what) {
  const bool is_text = absl::StartsWith(what, "Expected string, got: ");
  return is_text ? "; write it in double quotes" : "";
}

class Collector final : public TextErrorCollector {
 public:
  explicit Collector(Problems& problems) : problems_(problems) {}

  void OnError(int line, const std::string& said) override {
    const absl::string_view what = absl::StripSuffix(said, ".");
    problems_.Add(line + 1, "",
                  absl::StrCat(Printable(what, kMaxMessageBytes), AdviceOn(what, problems_),
                               QuotesAdvice(what)));
  }

  // Of what is passed over, so that more than the first field that there isn't is told.
  void OnWarning(int line, const std::string& what) override { OnError(line, what); }

 private:
  Problems& problems_;
};

// "per_method", of CONFIG_SCOPE_PER_METHOD.
std::string NameOf(const EnumValueDescriptor& value) {
  std::string prefix;
  for (const char c : value.type()->name()) {
    if (!prefix.empty() && absl::ascii_isupper(static_cast<unsigned char>(c))) prefix += '_';
    prefix += absl::ascii_toupper(static_cast<unsigned char>(c));
  }
  const absl::string_view full_name = value.name();
  return absl::AsciiStrToLower(absl::StripPrefix(full_name, absl::StrCat(prefix, "_")));
}

// A number that has no name stands for itself.
std::string EnumText(const FieldDescriptor& field, int number) {
  const EnumValueDescriptor* const value = field.enum_type()->FindValueByNumber(number);
  return value == nullptr ? absl::StrCat(number) : NameOf(*value);
}

// Of what is not a duration, a text that is refused.
std::string TextOf(const google::protobuf::Duration& duration) {
  constexpr int64_t kMostSeconds = 315'576'000'000;
  constexpr int32_t kSecond = 1'000'000'000;
  const bool is_sound = duration.seconds() >= -kMostSeconds && duration.seconds() <= kMostSeconds &&
                        duration.nanos() > -kSecond && duration.nanos() < kSecond &&
                        (duration.seconds() == 0 || duration.nanos() == 0 ||
                         (duration.seconds() < 0) == (duration.nanos() < 0));
  if (!is_sound) return absl::StrCat(duration.seconds(), "s and ", duration.nanos(), "ns");
  return absl::FormatDuration(absl::Seconds(duration.seconds()) +
                              absl::Nanoseconds(duration.nanos()));
}

class Walker {
 public:
  explicit Walker(NodeBuilder& builder) : builder_(builder) {}

  // No deeper than the text, of which the parser has a bound.
  void Walk(const Message& message, const TextFormat::ParseInfoTree* places, int line) {
    builder_.BeginMap(line, false);
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* const field : fields) WalkField(message, *field, places);
    builder_.End();
  }

 private:
  // From 1; 0 if it isn't known.
  static int LineOf(const TextFormat::ParseInfoTree* places, const FieldDescriptor& field,
                    int index) {
    return places == nullptr ? 0 : LineOfField(*places, field, index) + 1;
  }

  static const TextFormat::ParseInfoTree* PlacesIn(const TextFormat::ParseInfoTree* places,
                                                   const FieldDescriptor& field, int index) {
    return places == nullptr ? nullptr : places->GetTreeForNested(&field, index);
  }

  void Key(int line, const FieldDescriptor& field) {
    builder_.Scalar(line, std::string(field.name()), true);
  }

  void WalkField(const Message& message, const FieldDescriptor& field,
                 const TextFormat::ParseInfoTree* places) {
    const Reflection& reflection = *message.GetReflection();
    const int line = LineOf(places, field, field.is_repeated() ? 0 : -1);
    Key(line, field);
    if (field.is_map()) {
      builder_.BeginMap(line, false);
      for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
        WalkMapEntry(reflection.GetRepeatedMessage(message, &field, i), PlacesIn(places, field, i),
                     LineOf(places, field, i));
      }
      builder_.End();
    } else if (field.is_repeated()) {
      builder_.BeginList(line);
      std::string scratch;
      for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {  // all of them are texts
        builder_.Scalar(LineOf(places, field, i),
                        reflection.GetRepeatedStringReference(message, &field, i, &scratch), true);
      }
      builder_.End();
    } else {
      WalkValue(message, field, places, line);
    }
  }

  void WalkMapEntry(const Message& entry, const TextFormat::ParseInfoTree* places, int line) {
    const FieldDescriptor& key = *entry.GetDescriptor()->map_key();
    const FieldDescriptor& value = *entry.GetDescriptor()->map_value();
    builder_.Scalar(line, entry.GetReflection()->GetString(entry, &key), true);
    WalkValue(entry, value, places, line);
  }

  void WalkValue(const Message& message, const FieldDescriptor& field,
                 const TextFormat::ParseInfoTree* places, int line) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return WalkMessage(reflection.GetMessage(message, &field), PlacesIn(places, field, -1),
                           line);
      case FieldDescriptor::CPPTYPE_STRING:
        return builder_.Scalar(line, reflection.GetString(message, &field), true);
      case FieldDescriptor::CPPTYPE_INT64:
        return builder_.Scalar(line, absl::StrCat(reflection.GetInt64(message, &field)), false);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return builder_.Scalar(line, NumberText(reflection.GetDouble(message, &field)), false);
      case FieldDescriptor::CPPTYPE_BOOL:
        return builder_.Scalar(line, reflection.GetBool(message, &field) ? "true" : "false", false);
      case FieldDescriptor::CPPTYPE_ENUM:
        return builder_.Scalar(line, EnumText(field, reflection.GetEnumValue(message, &field)),
                               false);
      default:  // what config.proto doesn't have
        return builder_.Null(line);
    }
  }

  void WalkMessage(const Message& message, const TextFormat::ParseInfoTree* places, int line) {
    if (message.GetDescriptor() != google::protobuf::Duration::descriptor()) {
      return Walk(message, places, line);
    }
    builder_.Scalar(line, TextOf(static_cast<const google::protobuf::Duration&>(message)), false);
  }

  NodeBuilder& builder_;
};

}  // namespace

ConfigNodePtr ReadTextProto(absl::string_view text, Problems& problems) {
  Collector collector(problems);
  TextFormat::ParseInfoTree places;
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&places);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(static_cast<int>(kMaxConfigDepth));
  v1::Config config;
  if (!parser.ParseFromString(std::string(text), &config) || !problems.empty()) {
    if (problems.empty()) problems.Add(0, "", "no text of a fusebox.v1.Config");
    return nullptr;
  }
  if (config.ByteSizeLong() == 0) {
    problems.Add(0, "", "is empty");
    return nullptr;
  }
  NodeBuilder builder(problems);
  Walker(builder).Walk(config, &places, 1);
  return builder.stopped() ? nullptr : builder.root();
}

}  // namespace fusebox::internal
