// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watch.h"

#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/request_errors.h"
#include "src/admin/work_budget.h"
#include "src/base/process.h"

namespace fusebox::internal {
namespace {

// What a message holds at most, and a bit: a watcher that doesn't read holds one of them. A
// circuit with its policy takes some 500 bytes.
constexpr std::size_t kMaxMessageBytes = 8'192;

// A process that was forked off this one has events of its own.
std::string LogIdOf(const WatchSource& source) {
  return absl::StrCat(source.log_id, "-", absl::Hex(ProcessSalt(), absl::kZeroPad16));
}

constexpr std::size_t kMaxEvents = 100;  // that are looked at in one go
constexpr int64_t kStepsForEvent = 500;

// What a field with a message of that size takes.
std::size_t FieldBytes(const google::protobuf::Message& message) {
  return message.ByteSizeLong() + 4;
}

}  // namespace

Watch::Watch(const WatchSource& source, const v1::WatchCircuitsRequest& request)
    : source_(source),
      filter_(request.filter()),
      resume_(request.resume()),
      resumes_(request.has_resume() && resume_.log_id() == LogIdOf(source)) {}

grpc::Status Watch::Start() {
  RequestErrors errors;
  filter_.Check(errors);
  const uint64_t last = source_.registry->EventsSince(std::numeric_limits<uint64_t>::max(), 0).last;
  if (resumes_ && resume_.sequence() > last) {
    errors.Add("resume.sequence",
               absl::StrCat(resume_.sequence(), ", must be at most ", last, ", the last event's"));
  }
  // Events from before the circuits are written down: some of them are told twice, none is lost.
  sequence_ = resumes_ ? resume_.sequence() : last;
  snapshot_complete_ = resumes_;
  return errors.ToStatus();
}

Watch::Found Watch::Next(v1::WatchCircuitsResponse& response) {
  response.Clear();
  const Found found = snapshot_complete_ ? NextEvents(response) : NextCircuits(response);
  if (found == Found::kSomething && std::exchange(first_, false)) {
    response.set_instance(source_.instance);
  }
  return found;
}

Watch::Found Watch::NextCircuits(v1::WatchCircuitsResponse& response) {
  CircuitScan scan(*source_.registry, last_name_);
  WorkBudget budget;
  PolicyWriter policies;
  std::size_t bytes = 0;
  while (const std::optional<CircuitScan::Match> match = scan.NextMatch(filter_, budget)) {
    v1::Circuit& circuit = *response.add_circuits();
    ToProto(match->snapshot, source_.disclosure, policies, circuit);
    bytes += FieldBytes(circuit);
    if (bytes >= kMaxMessageBytes) {
      last_name_ = scan.position();
      return Found::kSomething;
    }
  }
  if (budget.spent()) {
    last_name_ = scan.position();
    return response.circuits().empty() ? Found::kNothingYet : Found::kSomething;
  }
  snapshot_complete_ = true;
  response.set_snapshot_complete(true);
  SetResume(response);
  return Found::kSomething;
}

Watch::Found Watch::NextEvents(v1::WatchCircuitsResponse& response) {
  WorkBudget budget;
  std::size_t bytes = 0;
  bool at_end = false;
  while (!at_end && bytes < kMaxMessageBytes && !budget.spent()) {
    const EventBatch batch = source_.registry->EventsSince(sequence_, kMaxEvents);
    at_end = batch.events.empty();
    if (at_end) {
      missed_ += batch.missed;
      sequence_ = batch.next;
    }
    for (const Event& event : batch.events) {
      // Not `batch.missed`: what is missed lies between the events, and not all of these may be
      // taken now.
      missed_ += event.sequence - sequence_ - 1;
      sequence_ = event.sequence;
      budget.Spend(kStepsForEvent + filter_.StepsForName(event.circuit.size()));
      if (Wants(event)) {
        v1::Event& proto = *response.add_events();
        ToProto(event, source_.disclosure, proto);
        bytes += FieldBytes(proto);
      }
      if (bytes >= kMaxMessageBytes || budget.spent()) break;
    }
    if (bytes > 0) break;  // soon rather than many at once
  }
  if (response.events().empty() && (missed_ == 0 || !at_end)) {
    return at_end ? Found::kNothing : Found::kNothingYet;
  }
  response.set_missed_events(std::exchange(missed_, 0));
  SetResume(response);
  return Found::kSomething;
}

// An event has its circuit's name, and no target: a circuit that is still there tells it.
bool Watch::Wants(const Event& event) const {
  if (!filter_.MatchesMove(event)) return false;
  if (!filter_.has_targets()) return filter_.MatchesName(event.circuit, {});
  const auto circuit = source_.registry->Find(event.circuit);
  return filter_.MatchesName(event.circuit,
                             circuit == nullptr ? absl::string_view() : circuit->target());
}

void Watch::SetResume(v1::WatchCircuitsResponse& response) const {
  response.mutable_resume()->set_log_id(LogIdOf(source_));
  response.mutable_resume()->set_sequence(sequence_);
}

}  // namespace fusebox::internal
