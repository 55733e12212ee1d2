// SPDX-License-Identifier: Apache-2.0
//
// A registry of a few circuits in the hands of a fuzzer: calls are made, time passes, and whatever
// can be asked of the admin service is asked, without a server between. Each request's answer is
// held to what must be true of any.
#ifndef FUSEBOX_TESTS_FUZZ_ADMIN_WORLD_H_
#define FUSEBOX_TESTS_FUZZ_ADMIN_WORLD_H_

#include <fusebox/v1/admin.pb.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fusebox/circuit_registry.h"
#include "fusebox/permit.h"
#include "fusebox/testing/fake_clock.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_writes.h"
#include "src/admin/watch.h"
#include "tests/fuzz/message_maker.h"

namespace fusebox_testing {

class AdminWorld {
 public:
  explicit AdminWorld(FuzzedDataProvider& data);

  // Something happens.
  void Step();

 private:
  // All that there is to see: what each circuit is in, and how many events there have been.
  struct Sight {
    std::map<std::string, std::string> circuits;
    uint64_t last_event = 0;

    friend bool operator==(const Sight& a, const Sight& b) {
      return a.circuits == b.circuits && a.last_event == b.last_event;
    }
  };
  Sight Look() const;

  // ---- What the application does.
  void Call();
  void Advance();
  void AddOrRemove();

  // ---- What callers ask for.
  void List();
  void Get();
  void StartWatch();
  void GoOnWatching();
  void MoveOne();
  void UpdatePolicy();
  void MoveMany();
  void GiveOrder();
  void ListOrders();
  void RevokeOrder();

  // Does `ask`, which must leave everything as it is.
  template <typename Ask>
  grpc::Status AskOnly(const Ask& ask) const;

  // Does `ask`, which must leave everything as it is if it is refused, or if `is_dry`.
  template <typename Ask>
  grpc::Status AskForChange(bool is_dry, const Ask& ask) const;

  FuzzedDataProvider& data_;
  FakeClock clock_;
  const std::shared_ptr<fusebox::CircuitRegistry> registry_;
  const fusebox::internal::CircuitReads reads_;
  const fusebox::internal::CircuitWrites writes_;
  const fusebox::internal::WatchSource source_;
  MessageMaker maker_;

  struct OpenCall {
    std::shared_ptr<fusebox::CircuitBreaker> circuit;  // outlives its permit
    fusebox::Permit permit;
  };
  std::vector<OpenCall> calls_;
  struct Watcher {
    std::unique_ptr<fusebox::internal::Watch> watch;
    uint64_t sequence = 0;  // of the last event that it has got to
  };
  std::vector<Watcher> watchers_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_FUZZ_ADMIN_WORLD_H_
