// SPDX-License-Identifier: Apache-2.0
//
// Writers, readers and watchers of the same circuits at the same time, without gRPC's threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "fusebox/testing/fake_clock.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_writes.h"
#include "src/admin/watch.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;

class AdminConcurrency : public testing::Test {
 protected:
  AdminConcurrency() {
    fusebox::CircuitRegistry::Options options;
    options.clock = &clock_;
    options.event_capacity = 64;
    registry_ = std::make_shared<fusebox::CircuitRegistry>(options);
    for (int i = 0; i < 20; ++i) {
      EXPECT_TRUE(registry_->GetOrCreate("c" + std::to_string(i), {}).ok());
    }
  }

  FakeClock clock_;
  std::shared_ptr<fusebox::CircuitRegistry> registry_;
};

TEST_F(AdminConcurrency, NoUpdateOfAPolicyIsLost) {
  const fusebox::internal::CircuitWrites writes(registry_, "", {});
  // Each thread raises a field of its own by one, over and over, without an etag. Nobody else
  // writes that field, so it has to be what was written last whenever its writer looks.
  constexpr int kRounds = 300;
  using Field = int64_t (*)(const fusebox::Policy& policy);
  using Set = void (*)(v1::Policy & policy, int value);
  const auto raise = [&](Field field, Set set) {
    return std::thread([&writes, this, field, set] {
      for (int i = 1; i <= kRounds; ++i) {
        v1::UpdatePolicyRequest request;
        request.set_name("c0");
        request.set_reason("one more");
        set(*request.mutable_change()->mutable_policy(), i);
        v1::UpdatePolicyResponse response;
        while (!writes.UpdatePolicy(request, "test", response).ok()) {
        }
        for (int look = 0; look < 20; ++look) {
          ASSERT_EQ(field(registry_->Find("c0")->Snapshot().policy), i);
        }
      }
    });
  };
  std::vector<std::thread> threads;
  threads.push_back(raise([](const fusebox::Policy& p) { return *p.consecutive_failures; },
                          [](v1::Policy& p, int i) { p.set_consecutive_failures(i); }));
  threads.push_back(raise([](const fusebox::Policy& p) { return *p.max_in_flight; },
                          [](v1::Policy& p, int i) { p.set_max_in_flight(i); }));
  threads.push_back(raise([](const fusebox::Policy& p) { return p.minimum_calls; },
                          [](v1::Policy& p, int i) { p.set_minimum_calls(i); }));
  threads.push_back(
      raise([](const fusebox::Policy& p) { return *p.half_open.max_concurrent; },
            [](v1::Policy& p, int i) { p.mutable_half_open()->set_max_concurrent(i); }));
  for (std::thread& thread : threads) thread.join();
}

// Reads until there is nothing more after `done`. Of all events none is left out unsaid. Returns
// the last one's number.
uint64_t WatchUntil(const std::atomic<bool>& done, const fusebox::internal::WatchSource& source) {
  fusebox::internal::Watch watch(source, {});
  EXPECT_TRUE(watch.Start().ok());
  v1::WatchCircuitsResponse response;
  uint64_t last = 0;
  while (true) {
    const bool last_look = done;
    const fusebox::internal::Watch::Found found = watch.Next(response);
    if (found == fusebox::internal::Watch::Found::kNothing && last_look) return last;
    if (found != fusebox::internal::Watch::Found::kSomething) continue;
    if (response.snapshot_complete()) last = response.resume().sequence();
    if (response.events_size() == 0) continue;
    EXPECT_EQ(response.events(0).sequence(), last + response.missed_events() + 1);
    for (int n = 1; n < response.events_size(); ++n) {
      EXPECT_GT(response.events(n).sequence(), response.events(n - 1).sequence());
    }
    last = response.resume().sequence();
  }
}

TEST_F(AdminConcurrency, WatchersSeeEveryEventOrHearHowManyTheyMissed) {
  const fusebox::internal::CircuitReads reads(registry_, "", {});
  const fusebox::internal::CircuitWrites writes(registry_, "", {});
  const fusebox::internal::WatchSource source{registry_, "", "log-1", {}};
  std::atomic<bool> done{false};
  std::vector<std::thread> watchers;
  for (int i = 0; i < 3; ++i) {
    watchers.emplace_back([&] {
      const uint64_t seen = WatchUntil(done, source);
      EXPECT_EQ(seen, registry_->EventsSince(0).last);
    });
  }
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&, i] {
      for (int n = 0; n < 200; ++n) {
        const std::string name = "c" + std::to_string((n * 7 + i) % 20);
        v1::ResetCircuitResponse reset;
        EXPECT_TRUE(writes
                        .Apply(fusebox::internal::CircuitAction::Of(v1::ResetCircuitRequest()),
                               name, fusebox::Operator("test").Because("again"),
                               *reset.mutable_circuit(), *reset.mutable_overruled())
                        .ok());
        v1::ListCircuitsResponse response;
        EXPECT_TRUE(reads.List({}, response).ok());
        EXPECT_EQ(response.circuits_size(), 20);
      }
    });
  }
  for (std::thread& thread : others) thread.join();
  done = true;
  for (std::thread& thread : watchers) thread.join();
}

}  // namespace
}  // namespace fusebox_testing
