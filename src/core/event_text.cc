// SPDX-License-Identifier: Apache-2.0
#include "fusebox/event_text.h"

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/evidence.h"
#include "fusebox/state.h"
#include "src/base/printable.h"
#include "src/base/text.h"
#include "src/core/json.h"

namespace fusebox {

using internal::JsonArray;
using internal::JsonObject;
using internal::NumberText;
using internal::Printable;
using internal::TimeText;

namespace {

std::string CodeName(int code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

void AppendMove(absl::string_view from, absl::string_view to, std::string& text) {
  if (from != to) absl::StrAppend(&text, " ", from, " -> ", to, ",");
}

absl::string_view ReasonText(const Rejection& rejection) {
  if (!rejection.unknown_reason.empty()) return rejection.unknown_reason;
  return RejectionReasonName(rejection.reason);
}

absl::string_view StateText(const Rejection& rejection) {
  if (!rejection.unknown_state.empty()) return rejection.unknown_state;
  return StateName(rejection.state);
}

std::string EvidenceJson(const Evidence& evidence, bool failure_messages) {
  JsonArray codes;
  for (const auto& each : evidence.codes) {
    codes.Add(JsonObject().Text("code", CodeName(each.code)).Number("calls", each.count));
  }
  JsonArray peers;
  for (const auto& each : evidence.peers) {
    peers.Add(JsonObject().Text("peer", each.peer).Number("calls", each.count));
  }
  JsonObject json;
  json.Number("calls", evidence.calls)
      .Number("told_apart", evidence.told_apart)
      .Json("codes", codes.text())
      .Json("peers", peers.text())
      .Number("other_peers", evidence.other_peers)
      .Text("last_code", CodeName(evidence.last_code));
  if (failure_messages) json.Text("last_message", evidence.last_message);
  return json.Json("age_seconds", NumberText(absl::ToDoubleSeconds(evidence.age))).text();
}

}  // namespace

std::string FormatEvent(const Event& event) {
  std::string line =
      absl::StrCat(TimeText(event.time), " #", event.sequence, " ", EventKindName(event.kind));
  if (!event.circuit.empty()) absl::StrAppend(&line, " ", Printable(event.circuit));
  line += ":";
  AppendMove(ModeName(event.mode_from), ModeName(event.mode_to), line);
  AppendMove(StateName(event.from), StateName(event.to), line);
  if (event.cause != Cause::kNone) absl::StrAppend(&line, " ", CauseName(event.cause), ":");
  if (!event.detail.empty()) absl::StrAppend(&line, " ", Printable(event.detail));
  if (event.evidence) absl::StrAppend(&line, "; ", Printable(EvidenceText(*event.evidence)));
  if (!event.actor.empty()) absl::StrAppend(&line, ", by ", Printable(event.actor));
  while (line.back() == ':' || line.back() == ',') line.pop_back();  // with nothing after it
  return line;
}

std::string FormatEventJson(const Event& event, bool failure_messages) {
  JsonObject json;
  json.Text("time", TimeText(event.time))
      .Json("sequence", absl::StrCat(event.sequence))
      .Text("kind", EventKindName(event.kind))
      .Text("circuit", event.circuit)
      .Json("epoch", absl::StrCat(event.epoch))
      .Text("from", StateName(event.from))
      .Text("to", StateName(event.to))
      .Text("mode_from", ModeName(event.mode_from))
      .Text("mode_to", ModeName(event.mode_to))
      .Text("cause", CauseName(event.cause))
      .Text("detail", event.detail)
      .Text("actor", event.actor);
  if (event.evidence) json.Json("evidence", EvidenceJson(*event.evidence, failure_messages));
  return json.text();
}

std::string FormatRejection(const Rejection& rejection) {
  return Printable(absl::StrCat(ReasonText(rejection), ": ", RejectionMessage(rejection)));
}

std::string FormatRejectionJson(const Rejection& rejection) {
  const bool known = rejection.retry_after != absl::InfiniteDuration();
  return JsonObject()
      .Text("circuit", rejection.circuit)
      .Text("reason", ReasonText(rejection))
      .Text("state", StateText(rejection))
      .Json("retry_after_seconds",
            known ? NumberText(absl::ToDoubleSeconds(rejection.retry_after)) : "null")
      .text();
}

}  // namespace fusebox
