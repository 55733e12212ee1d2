// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_conversion.h"

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "fusebox/evidence.h"
#include "src/admin/enum_conversion.h"
#include "src/admin/policy_conversion.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

void WriteCount(int code, int64_t count, v1::CodeCount& proto) {
  proto.set_code(code);
  proto.set_count(count);
}

void WriteEvidence(const Evidence& evidence, const Disclosure& disclosure, v1::Evidence& proto) {
  proto.set_calls(evidence.calls);
  proto.set_told_apart(evidence.told_apart);
  for (const auto& [code, count] : evidence.codes) WriteCount(code, count, *proto.add_codes());
  for (const auto& [peer, count] : evidence.peers) {
    v1::PeerCount& written = *proto.add_peers();
    written.set_peer(peer);
    written.set_count(count);
  }
  proto.set_other_peers(evidence.other_peers);
  proto.set_last_code(evidence.last_code);
  if (disclosure.failure_messages) proto.set_last_message(evidence.last_message);
  if (evidence.age > absl::ZeroDuration()) *proto.mutable_age() = ToProto(evidence.age);
  proto.set_text(EvidenceText(evidence));
}

// Of a move or an event. What an operator has done has a name, and the operator's reason for
// detail.
template <typename Happening, typename Proto>
void SetDetail(const Happening& happening, const Disclosure& disclosure, Proto& proto) {
  if (!happening.actor.empty() && !disclosure.operators) return;
  proto.set_detail(happening.detail);
  proto.set_actor(happening.actor);
}

void WriteMove(const Move& move, const Disclosure& disclosure, v1::Move& proto) {
  *proto.mutable_time() = ToProto(move.time);
  proto.set_cause(ToProto(move.cause));
  SetDetail(move, disclosure, proto);
  if (move.evidence) WriteEvidence(*move.evidence, disclosure, *proto.mutable_evidence());
}

void WriteTotals(const Totals& totals, v1::Totals& proto) {
  proto.set_success(totals.success);
  proto.set_failure(totals.failure);
  proto.set_ignored(totals.ignored);
  proto.set_slow(totals.slow);
  proto.set_rejected(totals.rejected);
  proto.set_too_many_calls(totals.too_many_calls);
  proto.set_would_reject(totals.would_reject);
  proto.set_opened(totals.opened);
  proto.set_probes_failed(totals.probes_failed);
  for (const State from : {State::kClosed, State::kOpen, State::kHalfOpen}) {
    for (const State to : {State::kClosed, State::kOpen, State::kHalfOpen}) {
      if (totals.Transitions(from, to) == 0) continue;
      v1::Totals::Transitions& transitions = *proto.add_transitions();
      transitions.set_from(ToProto(from));
      transitions.set_to(ToProto(to));
      transitions.set_count(totals.Transitions(from, to));
    }
  }
  for (int code = 0; code < kStatusCodeCount; ++code) {
    const int64_t count = totals.failures_by_code[static_cast<std::size_t>(code)];
    if (count > 0) WriteCount(code, count, *proto.add_failures_by_code());
  }
}

void WriteShadow(const ShadowCounts& shadow, v1::ShadowCounts& proto) {
  proto.set_state(ToProto(shadow.state));
  proto.set_calls(shadow.calls);
  proto.set_rejected(shadow.rejected);
  proto.set_would_reject(shadow.would_reject);
  proto.set_would_admit(shadow.would_admit);
  proto.set_would_open(shadow.would_open);
}

void WriteLastFailure(const LastFailure& failure, const Disclosure& disclosure,
                      v1::LastFailure& proto) {
  *proto.mutable_time() = ToProto(failure.time);
  proto.set_code(failure.code);
  if (disclosure.failure_messages) proto.set_message(failure.message);
}

}  // namespace

void PolicyWriter::Write(const Policy& policy, v1::Circuit& circuit) {
  if (etag_.empty() || policy != last_) {
    last_ = policy;
    proto_.Clear();
    ToProto(policy, proto_);
    etag_ = EtagOf(proto_);
  }
  *circuit.mutable_policy() = proto_;
  circuit.set_etag(etag_);
}

void ToProto(const CircuitSnapshot& snapshot, const Disclosure& disclosure, PolicyWriter& policies,
             v1::Circuit& circuit) {
  circuit.set_name(snapshot.name);
  circuit.set_target(snapshot.target);
  circuit.set_state(ToProto(snapshot.state));
  circuit.set_mode(ToProto(snapshot.mode));
  circuit.set_ramping(snapshot.ramping);
  circuit.set_ramp_fraction(snapshot.ramp_fraction);
  if (snapshot.limit) circuit.set_limit(*snapshot.limit);
  circuit.set_epoch(snapshot.epoch);
  circuit.set_order(snapshot.order);
  if (snapshot.last_transition) {
    *circuit.mutable_transition_time() = ToProto(*snapshot.last_transition);
  }
  if (snapshot.next_probe) *circuit.mutable_next_probe_time() = ToProto(*snapshot.next_probe);
  circuit.set_awaits_connection(snapshot.awaits_connection);
  circuit.set_health_probe_stopped(snapshot.health_probe_stopped);
  if (snapshot.last_opening) {
    WriteMove(*snapshot.last_opening, disclosure, *circuit.mutable_last_opening());
  }
  if (snapshot.last_action) {
    WriteMove(*snapshot.last_action, disclosure, *circuit.mutable_last_action());
  }
  if (snapshot.last_failure) {
    WriteLastFailure(*snapshot.last_failure, disclosure, *circuit.mutable_last_failure());
  }
  WriteTotals(snapshot.totals, *circuit.mutable_totals());
  circuit.mutable_window()->set_recorded(snapshot.window.recorded);
  circuit.mutable_window()->set_failures(snapshot.window.failures);
  circuit.mutable_window()->set_slow(snapshot.window.slow);
  circuit.set_in_flight(snapshot.in_flight);
  circuit.set_probes_in_flight(snapshot.probes_in_flight);
  circuit.set_consecutive_failures(snapshot.consecutive_failures);
  circuit.set_openings_in_a_row(snapshot.openings_in_a_row);
  if (snapshot.shadow) WriteShadow(*snapshot.shadow, *circuit.mutable_shadow());
  policies.Write(*snapshot.policy, circuit);
}

void ToProto(const CircuitSnapshot& snapshot, const Disclosure& disclosure, v1::Circuit& circuit) {
  PolicyWriter policies;
  ToProto(snapshot, disclosure, policies, circuit);
}

void ToProto(const Event& event, const Disclosure& disclosure, v1::Event& proto) {
  proto.set_sequence(event.sequence);
  proto.set_kind(ToProto(event.kind));
  proto.set_circuit(event.circuit);
  proto.set_epoch(event.epoch);
  *proto.mutable_time() = ToProto(event.time);
  proto.set_from_state(ToProto(event.from));
  proto.set_to_state(ToProto(event.to));
  proto.set_from_mode(ToProto(event.mode_from));
  proto.set_to_mode(ToProto(event.mode_to));
  proto.set_cause(ToProto(event.cause));
  SetDetail(event, disclosure, proto);
  if (event.evidence) WriteEvidence(*event.evidence, disclosure, *proto.mutable_evidence());
}

void ToProto(const FieldOrigin& origin, const Disclosure& disclosure, v1::FieldOrigin& proto) {
  proto.set_path(origin.path);
  proto.set_layer(ToProto(origin.layer));
  absl::string_view source = origin.source;
  if (origin.layer == PolicyLayer::kOrder && !disclosure.operators) {
    source = source.substr(0, source.find(" by "));  // the number of the order is anybody's
  }
  proto.set_source(std::string(source));
}

}  // namespace fusebox::internal
