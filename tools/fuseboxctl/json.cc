// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/json.h"

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/compat/compat.h"
#include "tools/fuseboxctl/explain.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool Write(const Message& message, std::string& json) {
  google::protobuf::util::JsonPrintOptions options;
  fusebox::internal::PrintDefaults(options);
  options.preserve_proto_field_names = true;
  json.clear();
  return google::protobuf::util::MessageToJsonString(message, &json, options).ok();
}

bool IsTime(const FieldDescriptor& field) {
  return field.message_type() == google::protobuf::Timestamp::descriptor() ||
         field.message_type() == google::protobuf::Duration::descriptor();
}

// Takes the times and durations away that JSON has no form for, since they are out of range, and
// notes where they were.
void RemoveUnwritable(Message& message, const std::string& path,
                      std::vector<std::string>& removed) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  std::string json;
  for (const FieldDescriptor* const field : fields) {
    if (field->message_type() == nullptr) continue;
    const std::string here = absl::StrCat(path, field->name());
    if (field->is_repeated()) {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        RemoveUnwritable(*reflection.MutableRepeatedMessage(&message, field, i),
                         absl::StrCat(here, "[", i, "]."), removed);
      }
    } else if (!IsTime(*field)) {
      RemoveUnwritable(*reflection.MutableMessage(&message, field), here + ".", removed);
    } else if (!Write(reflection.GetMessage(message, field), json)) {
      reflection.ClearField(&message, field);
      removed.push_back(here);
    }
  }
}

}  // namespace

std::string JsonText(absl::string_view text) {
  google::protobuf::StringValue value;
  value.set_value(Printable(text));  // JSON can't say what is not UTF-8
  return JsonMessage(value);
}

std::string JsonMessage(const google::protobuf::Message& message) {
  std::string json;
  if (Write(message, json)) return json;
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  std::vector<std::string> removed;
  RemoveUnwritable(*copy, "", removed);
  if (!Write(*copy, json)) json = "{}";
  const grpc::Status status(
      grpc::StatusCode::DATA_LOSS,
      removed.empty() ? "JSON has no form for it"
                      : absl::StrCat("out of range, and left out: ", absl::StrJoin(removed, ", ")));
  JsonObject error;
  error.AddError(status);
  const std::string members = error.Text();
  return absl::StrCat(json.substr(0, json.size() - 1), json == "{}" ? "" : ",", members.substr(1));
}

JsonObject& JsonObject::Add(absl::string_view key, absl::string_view json) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", JsonText(key), ":", json);
  return *this;
}

JsonObject& JsonObject::AddError(const grpc::Status& status) {
  if (status.ok()) return *this;
  JsonObject error;
  error.AddText("code", CodeName(status.error_code())).AddText("message", status.error_message());
  if (const std::string reason = ReasonOf(status); !reason.empty()) error.AddText("reason", reason);
  return Add("error", error.Text());
}

std::string JsonLines(const std::vector<std::string>& elements) {
  if (elements.empty()) return "[]";
  return absl::StrCat("[\n", absl::StrJoin(elements, ",\n"), "\n]");
}

std::string JsonEndpoints(const std::vector<std::string>& endpoints) {
  JsonObject object;
  object.Add("endpoints", JsonLines(endpoints));
  return object.Text() + "\n";
}

}  // namespace fuseboxctl
