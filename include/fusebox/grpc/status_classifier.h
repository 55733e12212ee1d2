// SPDX-License-Identifier: Apache-2.0
//
// From a gRPC status to an outcome (rules C1-C4).
//
//   fusebox::StatusClassifier::Options options;
//   options.codes[grpc::StatusCode::NOT_FOUND] = fusebox::OutcomeKind::kIgnored;
//   options.predicate = [](const fusebox::CallResult& call) {
//     std::optional<fusebox::OutcomeKind> outcome;  // empty: the table decides
//     if (call.status.error_message() == "tenant is suspended") {
//       outcome = fusebox::OutcomeKind::kSuccess;
//     }
//     return outcome;
//   };
#ifndef FUSEBOX_GRPC_STATUS_CLASSIFIER_H_
#define FUSEBOX_GRPC_STATUS_CLASSIFIER_H_

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/export.h"
#include "fusebox/outcome.h"

namespace fusebox {

// A call that has ended, as a predicate sees it. Everything here is only valid during the
// predicate.
struct CallResult {
  using Metadata = std::multimap<grpc::string_ref, grpc::string_ref>;

  absl::string_view method;  // "/package.Service/Method"
  const grpc::Status& status;
  const Metadata& trailing_metadata;

  // From the start of the call to its final status; of a server or bidirectional stream to its
  // first message, if there was one (rule C6).
  absl::Duration latency;

  // How long the call had to run when it started: its deadline less the time of its start. Absent
  // without a deadline; zero or negative if the deadline had passed before the start.
  std::optional<absl::Duration> time_to_deadline;

  // Whether this process' own gRPC made the status, and the server had no part in it: a message
  // over the channel's own limits, call credentials that could not be obtained or must not be sent,
  // a channel that can't work at all (rule C2; docs/endings.md lists them). Such a call is ignored.
  bool local = false;

  // Whether the server said OK, but sent no message, or none that can be read, to a call that waits
  // for just one. `status` is then UNIMPLEMENTED, as a blocking stub reports it. Such a call is a
  // failure.
  bool no_message = false;

  // How long the call waited for the server in vain: from its start to its end, if no message had
  // come by then. Absent once one has, and for calls that go at their caller's pace, as far as
  // `StreamOptions::time_client_streams` doesn't ask for those.
  std::optional<absl::Duration> silence = std::nullopt;
};

// May overrule the table for one call; empty leaves it to the table. Called on the thread on which
// gRPC delivers the status, with no lock held; must be thread-safe. It should not throw: see
// fusebox/user_code.h.
using OutcomePredicate = std::function<std::optional<OutcomeKind>(const CallResult&)>;

// Thread-safety: immutable once made.
class FUSEBOX_EXPORT StatusClassifier {
 public:
  struct Options {
    // What differs from the standard table, by code (rule C2): UNAVAILABLE, DEADLINE_EXCEEDED,
    // INTERNAL, UNKNOWN and DATA_LOSS are failures, RESOURCE_EXHAUSTED is an overload (unless a
    // message is too large for the server, which is a failure), CANCELLED is ignored, OK and all
    // others are successes.
    std::map<grpc::StatusCode, OutcomeKind> codes;

    // Asked first, for every call that ends with a status and that C3 doesn't already ignore. May
    // be empty.
    OutcomePredicate predicate;

    // A DEADLINE_EXCEEDED of a call that had less than this to run says more about the caller's
    // impatience than about the dependency: it is ignored (rule C3). Zero turns this off.
    //
    // It goes by the deadline of the call's ClientContext. gRPC shows an interceptor no other: not
    // one that `grpc::ClientContext::FromServerContext` propagates, nor the `timeout` of a service
    // config. For the former, make the context by `ClientContextFor`
    // (fusebox/grpc/client_context.h); in place of the latter, set a deadline on the context.
    absl::Duration min_deadline = absl::ZeroDuration();  // 0 to 24 h

    // A dependency that hangs while its callers give up by cancelling (a page that its reader
    // closes, a hedged call) never gets as far as a DEADLINE_EXCEEDED. A CANCELLED call that the
    // server had left waiting for this long (`CallResult::silence`) is a failure (rule C3), and
    // so is a stream that is dropped without `Finish` after as long. Well above the latencies that
    // the dependency has when it's healthy. Zero turns this off.
    absl::Duration cancelled_after = absl::ZeroDuration();  // 0, or 1 ms to 24 h
  };

  // The standard table alone.
  StatusClassifier();

  // INVALID_ARGUMENT names each bad field, its value and its range: a code outside 0 to 16, an
  // OutcomeKind that isn't one, a min_deadline or a cancelled_after out of its range.
  static absl::StatusOr<StatusClassifier> Create(Options options);

  // A predicate that throws leaves the call to the table. `exception`, unless null, is then set to
  // the type of what it threw.
  OutcomeKind Classify(const CallResult& call, std::string* exception = nullptr) const;

  // As in the options; zero if it's off.
  absl::Duration cancelled_after() const { return cancelled_after_; }

 private:
  std::array<OutcomeKind, kStatusCodeCount> table_{};
  OutcomePredicate predicate_;
  absl::Duration min_deadline_ = absl::ZeroDuration();
  absl::Duration cancelled_after_ = absl::ZeroDuration();
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_STATUS_CLASSIFIER_H_
