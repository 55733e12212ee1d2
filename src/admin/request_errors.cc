// SPDX-License-Identifier: Apache-2.0
#include "src/admin/request_errors.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/base/status_details.h"

namespace fusebox::internal {
namespace {

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

std::string RequestErrors::Details(const std::string& message) const {
  return StatusWithDetail(grpc::StatusCode::INVALID_ARGUMENT, message, kBadRequestUrl,
                          [this](auto& bad_request) {
                            for (const Violation& violation : violations_) {
                              bad_request.Message(1, [&violation](auto& field_violation) {
                                field_violation.Bytes(1, violation.field);
                                field_violation.Bytes(2, violation.what);
                              });
                            }
                          });
}

}  // namespace fusebox::internal
