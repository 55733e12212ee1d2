// SPDX-License-Identifier: Apache-2.0
#include "src/admin/request_errors.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace fusebox {
namespace {

using google::protobuf::io::CodedOutputStream;
using google::protobuf::io::StringOutputStream;

// What is told of them: a request can be wrong in any number of places, and a status that doesn't
// fit into the 8 KiB that gRPC allows a call's metadata doesn't arrive.
constexpr std::size_t kMaxToldBytes = 7'000;
constexpr std::size_t kBytesAround = 40;  // of each

// What a text takes in a status' message: bytes that aren't printable ASCII are written as three.
std::size_t BytesInMessage(absl::string_view text) {
  const auto is_plain = [](char c) { return c >= ' ' && c <= '~' && c != '%'; };
  const auto plain = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_plain));
  return plain + 3 * (text.size() - plain);
}

// In the message, in the copy of the message in the details, and as one of those.
std::size_t BytesToTell(absl::string_view text) { return BytesInMessage(text) + 2 * text.size(); }

// google.rpc messages are written field by field, so that their protos aren't registered in a
// process that may link its own (docs/rules.md). All the fields here have one-byte tags.
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
  const std::size_t bytes = BytesToTell(field) + BytesToTell(what) + kBytesAround;
  if (untold_ > 0 || told_bytes_ + bytes > kMaxToldBytes) {
    ++untold_;
    return;
  }
  told_bytes_ += bytes;
  violations_.push_back({std::string(field), std::string(what)});
}

void RequestErrors::Add(const RequestErrors& part) {
  for (const Violation& violation : part.violations_) Add(violation.field, violation.what);
  untold_ += part.untold_;
}

std::string RequestErrors::Text() const {
  const std::string told =
      absl::StrJoin(violations_, "; ", [](std::string* out, const Violation& violation) {
        absl::StrAppend(out, violation.field, " = ", violation.what);
      });
  return untold_ == 0 ? told : absl::StrCat(told, "; and ", untold_, " more");
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
