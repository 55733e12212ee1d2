// SPDX-License-Identifier: Apache-2.0
#include "src/admin/request_errors.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fusebox {
namespace {

using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// What is told of them: a request can be wrong in any number of places.
constexpr std::size_t kMaxViolations = 100;

// google.rpc messages are written field by field, so that their protos aren't registered in a
// process that may link its own (DESIGN section 4). All the fields here have one-byte tags.
constexpr uint32_t TagOf(uint32_t field, uint32_t wire_type) { return field << 3U | wire_type; }

void AppendBytes(std::string& message, uint32_t field, const std::string& bytes) {
  StringOutputStream out(&message);
  CodedOutputStream coded(&out);
  coded.WriteTag(TagOf(field, 2));
  coded.WriteVarint32(static_cast<uint32_t>(bytes.size()));
  coded.WriteString(bytes);
}

}  // namespace

void RequestErrors::Add(absl::string_view field, absl::string_view what) {
  if (violations_.size() == kMaxViolations) return;
  violations_.push_back({std::string(field), std::string(what)});
}

std::string RequestErrors::Text() const {
  return absl::StrJoin(violations_, "; ", [](std::string* out, const Violation& violation) {
    absl::StrAppend(out, violation.field, " = ", violation.what);
  });
}

grpc::Status RequestErrors::ToStatus() const {
  if (empty()) return grpc::Status::OK;
  const std::string message = absl::StrCat("invalid request: ", Text());
  return {grpc::StatusCode::INVALID_ARGUMENT, message, Details(message)};
}

// google.rpc.Status{code, message, details: [Any{google.rpc.BadRequest}]}
std::string RequestErrors::Details(const std::string& message) const {
  std::string bad_request;
  for (const Violation& violation : violations_) {
    std::string field_violation;
    AppendBytes(field_violation, 1, violation.field);
    AppendBytes(field_violation, 2, violation.what);
    AppendBytes(bad_request, 1, field_violation);
  }
  std::string any;
  AppendBytes(any, 1, "type.googleapis.com/google.rpc.BadRequest");
  AppendBytes(any, 2, bad_request);

  std::string status;
  {
    StringOutputStream out(&status);
    CodedOutputStream coded(&out);
    coded.WriteTag(TagOf(1, 0));
    coded.WriteVarint32(static_cast<uint32_t>(grpc::StatusCode::INVALID_ARGUMENT));
  }
  AppendBytes(status, 2, message);
  AppendBytes(status, 3, any);
  return status;
}

}  // namespace fusebox
