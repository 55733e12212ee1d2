// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/json.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/wrappers.pb.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/fuseboxctl/explain.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {

std::string JsonText(absl::string_view text) {
  google::protobuf::StringValue value;
  value.set_value(Printable(text));  // JSON can't say what is no UTF-8
  return JsonMessage(value);
}

std::string JsonMessage(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string json;
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) return "null";
  return json;
}

JsonObject& JsonObject::Add(absl::string_view key, absl::string_view json) {
  absl::StrAppend(&members_, members_.empty() ? "" : ",", JsonText(key), ":", json);
  return *this;
}

JsonObject& JsonObject::AddError(const grpc::Status& status) {
  if (status.ok()) return *this;
  JsonObject error;
  error.AddText("code", CodeName(status.error_code())).AddText("message", status.error_message());
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
