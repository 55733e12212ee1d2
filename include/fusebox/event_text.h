// SPDX-License-Identifier: Apache-2.0
//
// Events and rejections as text, one line each, for logs and traces:
//
//   // 2030-01-01T00:16:40.250Z #7 transition inventory/shop.Inventory/Reserve: CLOSED -> OPEN,
//   // consecutive_failures: 5 failures in a row >= 5; 5 UNAVAILABLE
//   std::clog << fusebox::FormatEvent(event) << '\n';
//   // {"time":"2030-01-01T00:16:40.250Z","sequence":7,"kind":"transition",...}
//   std::clog << fusebox::FormatEventJson(event) << '\n';
//
// Names, reasons and the like come from outside: what is not printable of them is escaped, in both
// forms, and none of them can end the line. fusebox/log_listener.h writes every event to a log.
#ifndef FUSEBOX_EVENT_TEXT_H_
#define FUSEBOX_EVENT_TEXT_H_

#include <string>

#include "fusebox/event.h"
#include "fusebox/export.h"
#include "fusebox/rejection.h"

namespace fusebox {

// Thread-safe, as all below. None ends with a newline.
FUSEBOX_EXPORT std::string FormatEvent(const Event& event);

// A JSON object (RFC 8259). Every field of the event is there except for the evidence, if it has
// none, and for what the dependency said with the last failure, which may hold what a request held:
// that is only there if `failure_messages`. Names of states, modes and codes are in capitals, those
// of kinds and causes in snake case; times in UTC (RFC 3339), durations in seconds.
FUSEBOX_EXPORT std::string FormatEventJson(const Event& event, bool failure_messages = false);

// `RejectionMessage` with its reason, and a JSON object: circuit, reason, state, and
// retry_after_seconds, which is null if the circuit is held open until it is released.
FUSEBOX_EXPORT std::string FormatRejection(const Rejection& rejection);
FUSEBOX_EXPORT std::string FormatRejectionJson(const Rejection& rejection);

}  // namespace fusebox

#endif  // FUSEBOX_EVENT_TEXT_H_
