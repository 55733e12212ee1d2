// SPDX-License-Identifier: Apache-2.0
//
// JSON, on one line unless it says otherwise. Messages are in protobuf's own mapping, with the
// names of the .proto files and with fields that are zero or empty: a 64-bit number is a string
// there, a time is RFC 3339, a duration is "30s".
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_JSON_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_JSON_H_

#include <google/protobuf/message.h>
#include <grpcpp/support/status.h>

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fuseboxctl {

// With its quotes. What a terminal might obey is escaped.
std::string JsonText(absl::string_view text);

// A time or duration that is out of range is left out, and an "error" beside the fields says which.
std::string JsonMessage(const google::protobuf::Message& message);

// Makes {"a":1,"b":"two"}.
class JsonObject {
 public:
  JsonObject& Add(absl::string_view key, absl::string_view json);
  JsonObject& AddText(absl::string_view key, absl::string_view text) {
    return Add(key, JsonText(text));
  }
  // Adds "error": {"code": "UNAVAILABLE", "message": "..."}, unless the status is OK.
  JsonObject& AddError(const grpc::Status& status);

  std::string Text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// An array with a line for each element.
std::string JsonLines(const std::vector<std::string>& elements);

// {"endpoints": [...]}, with a line end: what every command but `watch` answers.
std::string JsonEndpoints(const std::vector<std::string>& endpoints);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_JSON_H_
