// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/ending_test.h"

#include <gmock/gmock.h>

#include <cstdint>
#include <memory>

#include "fusebox/circuit_breaker.h"
#include "fusebox/snapshot.h"
#include "fusebox/state.h"

namespace fusebox_testing {
namespace {

// These wait for their deadline, and to be a probe makes no difference to that.
bool TakesItsTime(Ending ending) {
  return ending == Ending::kDeadline || ending == Ending::kWaitForReady ||
         ending == Ending::kServerStopped || ending == Ending::kSilentServer ||
         ending == Ending::kBlackhole;
}

// On a circuit that is open there are no probes.
bool MeetsAnOpenCircuit(Ending ending) {
  return ending == Ending::kRejected || ending == Ending::kRejectedThenCancelled ||
         ending == Ending::kRejectedAndDropped || ending == Ending::kOpenNeverStarted;
}

// Its calls are no probes: ConnectionTest has what they get (rule R20).
bool IsNeverConnected(Ending ending) { return ending == Ending::kLameChannel; }

// One thing at most: anything else is a mistake that is told of here.
Counted WhatWasCounted(const fusebox::Totals& before, const fusebox::Totals& after) {
  struct Difference {
    Counted counted;
    int64_t count;
  };
  Counted found = Counted::kNothing;
  int64_t sum = 0;
  for (const Difference& difference :
       {Difference{Counted::kSuccess, after.success - before.success},
        Difference{Counted::kFailure, after.failure - before.failure},
        Difference{Counted::kIgnored, after.ignored - before.ignored},
        Difference{Counted::kRejected, after.rejected - before.rejected}}) {
    if (difference.count > 0) found = difference.counted;
    sum += difference.count;
  }
  EXPECT_LE(sum, 1) << "counted more than once";
  return found;
}

// The probe's verdict is in: one success is not yet enough to close.
void ExpectAfterProbe(fusebox::CircuitBreaker& circuit, Counted counted) {
  if (counted == Counted::kFailure) {
    EXPECT_EQ(circuit.state(), fusebox::State::kOpen);
    return;
  }
  EXPECT_EQ(circuit.state(), fusebox::State::kHalfOpen);
  EXPECT_TRUE(circuit.TryAcquire()) << "the probe's place is not free";
}

}  // namespace

void EndingTest::PlayOnEachCircuit() {
  Play();
  if (IsSkipped() || TakesItsTime(ending()) || MeetsAnOpenCircuit(ending()) ||
      IsNeverConnected(ending())) {
    return;
  }
  const testing::ScopedTrace trace(__FILE__, __LINE__, "as a probe");
  as_probe_ = true;
  Play();
}

void EndingTest::ExpectOneOf(ProtectedClient& client, const std::vector<Result>& results,
                             const MakeOneCall& make_one_call) {
  const std::shared_ptr<fusebox::CircuitBreaker> circuit = client.Circuit(kind());
  if (as_probe()) {
    circuit->Reset(fusebox::Operator("test").Because("as a probe"));
    client.HalfOpen(kind());
  }
  const fusebox::Totals before = circuit->Snapshot().totals;
  const std::optional<grpc::Status> status = make_one_call();
  const fusebox::CircuitSnapshot after = circuit->Snapshot();

  Result result;
  if (status) result.status = status->error_code();
  result.counted = WhatWasCounted(before, after.totals);
  EXPECT_THAT(results, testing::Contains(result)) << (status ? status->error_message() : "");
  EXPECT_EQ(after.in_flight, 0);
  EXPECT_EQ(after.probes_in_flight, 0);
  if (as_probe()) {
    ExpectAfterProbe(*circuit, result.counted);
  } else if (!is_in_table_) {
    RecordForTable(GetParam(), {});
  } else {
    RecordForTable(GetParam(), results.size() == 1 ? std::vector<Result>{result} : results);
  }
}

grpc::Status EndingTest::CallUntilSoon(ProtectedClient& client) const {
  grpc::ClientContext context;
  context.set_deadline(SoonDeadline());
  return Call(client, context).status;
}

std::future<Report> EndingTest::CallInBackground(ProtectedClient& client,
                                                 grpc::ClientContext& context) const {
  return std::async(std::launch::async, [&] { return Call(client, context); });
}

}  // namespace fusebox_testing
