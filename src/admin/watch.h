// SPDX-License-Identifier: Apache-2.0
//
// What one watcher is told: the circuits, then events. Written down only when the watcher is ready
// for more, so that one that doesn't read costs no more than its place.
#ifndef FUSEBOX_SRC_ADMIN_WATCH_H_
#define FUSEBOX_SRC_ADMIN_WATCH_H_

#include <fusebox/v1/admin.pb.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <memory>
#include <string>

#include "fusebox/circuit_registry.h"
#include "src/admin/circuit_conversion.h"
#include "src/admin/circuit_filter.h"

namespace fusebox::internal {

// What all watchers of a service have in common.
struct WatchSource {
  std::shared_ptr<CircuitRegistry> registry;
  std::string instance;
  std::string log_id;                    // of this process' events, and no other's
  Disclosure disclosure;                 // to those who were let in by name
  Disclosure disclosure_to_strangers{};  // to all others
};

// Not thread-safe.
class Watch {
 public:
  // `source` must outlive it.
  Watch(const WatchSource& source, const v1::WatchCircuitsRequest& request);

  // What is wrong with the request. To be asked first, and once.
  grpc::Status Start();

  // Looks for what there is to tell now, for a millisecond or so, and writes it down: some KiB.
  enum class Found {
    kSomething,
    kNothingYet,  // there may be something: look again
    kNothing,     // there is nothing more until there are further events
  };
  Found Next(v1::WatchCircuitsResponse& response);

 private:
  Found NextCircuits(v1::WatchCircuitsResponse& response);
  Found NextEvents(v1::WatchCircuitsResponse& response);
  bool Wants(const Event& event) const;
  void SetResume(v1::WatchCircuitsResponse& response) const;

  const WatchSource& source_;
  const CircuitFilter filter_;
  const v1::ResumePoint resume_;
  const bool resumes_;
  bool first_ = true;
  bool snapshot_complete_ = false;
  std::string last_name_;  // of the circuits that were looked at so far
  uint64_t sequence_ = 0;  // of the last event that was looked at
  uint64_t missed_ = 0;    // events, that it hasn't been told of yet
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_WATCH_H_
