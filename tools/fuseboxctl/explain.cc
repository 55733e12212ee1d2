// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/explain.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "src/base/admin_reasons.h"
#include "src/base/status_details.h"
#include "src/base/wire.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::internal::AdminReason;
using fusebox::internal::AdminReasonIn;
using fusebox::internal::AdminReasonOf;
using fusebox::internal::AdminReasonRowOf;
using fusebox::internal::DetailsOfType;
using fusebox::internal::kBadRequestUrl;
using fusebox::internal::WireValue;
using fusebox::internal::WireValues;

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

// By what the admin service says for programs.
absl::string_view AdviceOnReason(AdminReason reason, const Sent& sent) {
  if (reason == AdminReason::kCallerUnnamed) return AdviceOnWhoOneIs(sent);
  return AdminReasonRowOf(reason).advice;
}

// By the code alone, which is all that others say than the admin service: gRPC, what stands in
// between, an authorizer.
absl::string_view AdviceOnWrite(grpc::StatusCode code, Attempt attempt) {
  switch (code) {
    case grpc::StatusCode::PERMISSION_DENIED:
      return "the application's write_authorizer doesn't let this caller move circuits";
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      if (attempt == Attempt::kDryRun) return "";
      return "it may still have been done: check with `get`; --timeout gives it longer";
    default:
      return "";
  }
}

absl::string_view AdviceOnCode(grpc::StatusCode code, const Sent& sent) {
  switch (code) {
    case grpc::StatusCode::UNAVAILABLE:
      if (sent.tls) {
        return "is the endpoint right, and the process up? If so, TLS failed: does the server "
               "speak "
               "it, is its certificate signed by the authority in --ca, is it for --server-name, "
               "or "
               "else the endpoint's host, and does the server trust --cert?";
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

absl::string_view Advice(const grpc::Status& status, Attempt attempt, const Sent& sent) {
  const AdminReason reason = AdminReasonOf(ReasonOf(status));
  if (reason != AdminReason::kNone) return AdviceOnReason(reason, sent);
  if (attempt != Attempt::kRead) {
    const absl::string_view advice = AdviceOnWrite(status.error_code(), attempt);
    if (!advice.empty()) return advice;
  }
  return AdviceOnCode(status.error_code(), sent);
}

}  // namespace

std::string CodeName(int code) {
  std::string name = absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
  return name.empty() ? absl::StrCat("code ", code) : name;
}

std::vector<FieldViolation> FieldViolations(const grpc::Status& status) {
  // google.rpc.BadRequest.field_violations = 1, of {field = 1, description = 2}.
  std::vector<FieldViolation> violations;
  const std::string details = status.error_details();
  for (const absl::string_view bad_request : DetailsOfType(details, kBadRequestUrl)) {
    for (const absl::string_view violation : WireValues(bad_request, 1)) {
      violations.push_back(
          {std::string(WireValue(violation, 1)), std::string(WireValue(violation, 2))});
    }
  }
  return violations;
}

std::string ReasonOf(const grpc::Status& status) { return AdminReasonIn(status.error_details()); }

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
  const absl::string_view advice = Advice(status, attempt, sent);
  if (!advice.empty()) absl::StrAppend(&text, "\n  ", advice);
  return text;
}

}  // namespace fuseboxctl
