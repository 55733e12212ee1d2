// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/explain.h"

#include <google/protobuf/unknown_field_set.h>

#include <array>
#include <cstddef>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

constexpr std::array<absl::string_view, 17> kCodes = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

// The values of a field of strings, bytes or messages, of a message that was serialised to `bytes`.
std::vector<std::string> Values(const std::string& bytes, int number) {
  std::vector<std::string> values;
  google::protobuf::UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes)) return values;
  for (int i = 0; i < fields.field_count(); ++i) {
    const google::protobuf::UnknownField& field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED) {
      values.push_back(field.length_delimited());
    }
  }
  return values;
}

std::string Value(const std::string& bytes, int number) {
  const std::vector<std::string> values = Values(bytes, number);
  return values.empty() ? "" : values.back();
}

absl::string_view AdviceOnWrite(const grpc::Status& status, Attempt attempt) {
  switch (status.error_code()) {
    case grpc::StatusCode::FAILED_PRECONDITION:
      // It may say so itself, or that more circuits match than may be moved at once.
      if (absl::StrContains(status.error_message(), "allow_writes") ||
          absl::StrContains(status.error_message(), "match")) {
        return "";
      }
      return "the application allows no writes: set allow_writes and write_authorizer in its "
             "CircuitAdminOptions";
    case grpc::StatusCode::ABORTED:
      return "somebody else has changed the policy: look at it with `policy get`, and set it "
             "again";
    case grpc::StatusCode::PERMISSION_DENIED:
      return "the application's write_authorizer doesn't let this caller move circuits";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      if (attempt == Attempt::kDryRun) return "";
      return "it may still have been done: check with `get`; --timeout gives it longer";
    default:
      return "";
  }
}

absl::string_view AdviceOnWhoOneIs(const Sent& sent) {
  if (sent.token && sent.certificate) {
    return "the token and the certificate were sent, and both were refused: are they for this "
           "application?";
  }
  if (sent.token) {
    return "the token was sent, and was refused: is it for this application? It may want --cert "
           "and --key instead";
  }
  if (sent.certificate) {
    return "the certificate was sent, and was refused: the application may want a token: "
           "--token-file";
  }
  return "say who you are: --token-file, or --cert and --key";
}

absl::string_view Advice(const grpc::Status& status, const Sent& sent) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      if (absl::StrContains(status.error_message(), "andshake failed") ||
          absl::StrContains(status.error_message(), "peer certificate")) {
        return "TLS failed: does the server speak it, is its certificate signed by the authority "
               "in --ca, and is it for --server-name, or else the endpoint's host?";
      }
      // No address could be tried, since the channel has no credentials to try it with.
      if (absl::StrContains(status.error_message(), "empty address list")) {
        return "TLS could not be set up: check --ca, --cert and --key, or the variables of these "
               "names";
      }
      return "is the endpoint right, and the process up? If it serves TLS: --tls, and --ca if its "
             "certificate isn't signed by a public authority";
    case grpc::StatusCode::UNIMPLEMENTED:
      return "nothing serves fusebox.v1.CircuitAdmin there: register CreateCircuitAdmin with that "
             "server, or ask another port";
    case grpc::StatusCode::UNAUTHENTICATED:
      return AdviceOnWhoOneIs(sent);
    case grpc::StatusCode::PERMISSION_DENIED:
      return "the application's read_authorizer doesn't let this caller see circuits";
    case grpc::StatusCode::NOT_FOUND:
      return "`fuseboxctl list` shows the names";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return "no answer in time; --timeout gives it longer";
    default:
      return "";
  }
}

}  // namespace

std::string CodeName(int code) {
  if (code < 0 || static_cast<std::size_t>(code) >= kCodes.size()) {
    return absl::StrCat("code ", code);
  }
  return std::string(kCodes[static_cast<std::size_t>(code)]);
}

std::vector<FieldViolation> FieldViolations(const grpc::Status& status) {
  // google.rpc.Status.details = 3, of google.protobuf.Any{type_url = 1, value = 2}; of
  // google.rpc.BadRequest.field_violations = 1, of {field = 1, description = 2}.
  std::vector<FieldViolation> violations;
  for (const std::string& detail : Values(status.error_details(), 3)) {
    if (!absl::EndsWith(Value(detail, 1), "/google.rpc.BadRequest")) continue;
    for (const std::string& violation : Values(Value(detail, 2), 1)) {
      violations.push_back({Value(violation, 1), Value(violation, 2)});
    }
  }
  return violations;
}

std::string Explain(const grpc::Status& status, Attempt attempt, const Sent& sent) {
  std::string text = CodeName(status.error_code());
  const std::vector<FieldViolation> violations = FieldViolations(status);
  // The message names the violations too, all in one line.
  if (violations.empty() && !status.error_message().empty()) {
    absl::StrAppend(&text, ": ", Printable(status.error_message()));
  }
  for (const FieldViolation& violation : violations) {
    absl::StrAppend(&text, "\n  ", Printable(violation.field), ": ",
                    Printable(violation.description));
  }
  absl::string_view advice = attempt == Attempt::kRead ? "" : AdviceOnWrite(status, attempt);
  if (advice.empty()) advice = Advice(status, sent);
  if (!advice.empty()) absl::StrAppend(&text, "\n  ", advice);
  return text;
}

}  // namespace fuseboxctl
