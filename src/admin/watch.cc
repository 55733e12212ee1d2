// SPDX-License-Identifier: Apache-2.0
#include "src/admin/watch.h"

#include <cstddef>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/request_errors.h"
#include "src/base/process.h"

namespace fusebox {
namespace {

// What a message holds at the most: with policies and all, some 100 KiB.
constexpr int kMaxCircuits = 100;
constexpr std::size_t kMaxEvents = 100;

// A process that was forked off this one has events of its own.
std::string LogIdOf(const WatchSource& source) {
  return absl::StrCat(source.log_id, "-", absl::Hex(ProcessSalt(), absl::kZeroPad16));
}

// An event has its circuit's name, and no target: a circuit that is still there tells it.
bool MatchesCircuit(const CircuitFilter& filter, const CircuitRegistry& registry,
                    const std::string& name) {
  if (!filter.has_targets()) return filter.MatchesName(name, {});
  const auto circuit = registry.Find(name);
  return filter.MatchesName(name, circuit == nullptr ? absl::string_view() : circuit->target());
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

bool Watch::Next(v1::WatchCircuitsResponse& response) {
  response.Clear();
  if (!(snapshot_complete_ ? NextEvents(response) : NextCircuits(response))) return false;
  if (std::exchange(first_, false)) response.set_instance(source_.instance);
  return true;
}

bool Watch::NextCircuits(v1::WatchCircuitsResponse& response) {
  CircuitScan scan(*source_.registry, last_name_);
  while (const std::optional<CircuitScan::Match> match = scan.NextMatch(filter_)) {
    ToProto(match->snapshot, source_.disclosure, *response.add_circuits());
    if (response.circuits_size() == kMaxCircuits) {
      last_name_ = match->snapshot.name;
      return true;
    }
  }
  snapshot_complete_ = true;
  response.set_snapshot_complete(true);
  SetResume(response);
  return true;
}

bool Watch::NextEvents(v1::WatchCircuitsResponse& response) {
  while (true) {
    const EventBatch batch = source_.registry->EventsSince(sequence_, kMaxEvents);
    response.set_missed_events(response.missed_events() + batch.missed);
    if (!batch.events.empty()) sequence_ = batch.events.back().sequence;
    for (const Event& event : batch.events) {
      if (!filter_.MatchesMove(event)) continue;
      if (!MatchesCircuit(filter_, *source_.registry, event.circuit)) continue;
      ToProto(event, source_.disclosure, *response.add_events());
    }
    if (response.events_size() > 0 || batch.events.empty()) break;
  }
  if (response.events_size() == 0 && response.missed_events() == 0) return false;
  SetResume(response);
  return true;
}

void Watch::SetResume(v1::WatchCircuitsResponse& response) const {
  response.mutable_resume()->set_log_id(LogIdOf(source_));
  response.mutable_resume()->set_sequence(sequence_);
}

}  // namespace fusebox
