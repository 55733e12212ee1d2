// SPDX-License-Identifier: Apache-2.0
#include "fusebox/log_listener.h"

#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/test_circuit.h"

namespace fusebox {
namespace {

using fusebox_testing::FakeClock;
using fusebox_testing::SmallPolicy;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

class LogListenerTest : public ::testing::Test {
 protected:
  std::shared_ptr<LogListener> Log(LogListener::Options options = {}) {
    options.clock = &clock_;
    options.sink = [this](LogLevel level, absl::string_view line) {
      lines_.push_back(absl::StrCat(LogLevelName(level), " ", line));
    };
    return LogListener::Create(std::move(options)).value();
  }

  static Event Added(int number) {
    Event event;
    event.kind = EventKind::kCircuitAdded;
    event.circuit = absl::StrCat(number);
    return event;
  }
  static Event Opened() {
    Event event;
    event.to = State::kOpen;
    return event;
  }

  FakeClock clock_;
  std::vector<std::string> lines_;
};

TEST_F(LogListenerTest, WritesEveryEventOfARegistry) {
  const auto log = Log();
  CircuitRegistry::Options options;
  options.clock = &clock_;
  options.listener = log->listener();
  CircuitRegistry registry(std::move(options));
  const auto circuit = registry.GetOrCreate("a", SmallPolicy()).value();
  for (int i = 0; i < 3; ++i) circuit->TryAcquire().permit().RecordFailure();
  circuit->Reset(Operator("oncall").Because("fixed"));
  ASSERT_THAT(lines_, SizeIs(5));
  EXPECT_EQ(lines_[0], "INFO 2030-01-01T00:00:00.000Z #1 circuit_added a");
  EXPECT_THAT(lines_[1], StartsWith("WARNING 2030-01-01T00:00:00.000Z #2 rule_exceeded a: CLOSED"));
  EXPECT_THAT(lines_[2], StartsWith("WARNING 2030-01-01T00:00:00.000Z #3 transition a: CLOSED"));
  EXPECT_THAT(lines_[3], HasSubstr("#4 reset a: OPEN -> CLOSED, reset: fixed, by oncall"));
  EXPECT_THAT(lines_[4], StartsWith("INFO 2030-01-01T00:00:00.000Z #5 transition a: OPEN"));
}

TEST_F(LogListenerTest, AStreamGetsALineEach) {
  std::ostringstream stream;
  const LogSink sink = LogTo(stream);
  sink(LogLevel::kWarning, "text");
  sink(LogLevel::kError, R"({"level":"ERROR"})");
  EXPECT_EQ(stream.str(), "WARNING text\n{\"level\":\"ERROR\"}\n");
}

TEST_F(LogListenerTest, JsonLinesHaveTheLevel) {
  LogListener::Options options;
  options.format = LogListener::Format::kJsonLines;
  options.max_lines_per_second = 1;
  const auto log = Log(std::move(options));
  log->listener()(Added(1));
  log->listener()(Added(2));
  clock_.Advance(absl::Seconds(1));
  log->listener()(Added(3));
  ASSERT_THAT(lines_, SizeIs(3));
  EXPECT_THAT(lines_[0], StartsWith(R"(INFO {"level":"INFO","time":)"));
  EXPECT_EQ(lines_[1], R"(INFO {"level":"INFO","suppressed_events":1})");
  EXPECT_THAT(lines_[2], HasSubstr(R"("kind":"circuit_added","circuit":"3")"));
}

TEST_F(LogListenerTest, SuppressesAndCountsWhatIsTooMuch) {
  LogListener::Options options;
  options.max_lines_per_second = 10;
  const auto log = Log(std::move(options));
  for (int i = 0; i < 1000; ++i) log->listener()(Added(i));
  EXPECT_THAT(lines_, SizeIs(10));
  EXPECT_EQ(log->suppressed(), 990);
  log->listener()(Opened());  // has a second of its own
  ASSERT_THAT(lines_, SizeIs(11));
  EXPECT_THAT(lines_.back(), HasSubstr("CLOSED -> OPEN"));
  clock_.Advance(absl::Seconds(1));
  log->listener()(Added(1000));
  ASSERT_THAT(lines_, SizeIs(13));
  EXPECT_EQ(lines_[11], "INFO 990 events were not written: more than 10 in a second");
  log->listener()(Added(1001));
  EXPECT_THAT(lines_, SizeIs(14));
  EXPECT_EQ(log->suppressed(), 990);
}

TEST_F(LogListenerTest, LeavesOutWhatIsBelowTheLeastLevel) {
  LogListener::Options options;
  options.min_level = LogLevel::kWarning;
  const auto log = Log(std::move(options));
  log->listener()(Added(1));
  log->listener()(Opened());
  EXPECT_THAT(lines_, SizeIs(1));
  EXPECT_EQ(log->suppressed(), 0);
}

TEST_F(LogListenerTest, ASinkThatThrowsIsNoCallersAffair) {
  LogListener::Options options;
  options.sink = [](LogLevel, absl::string_view) { throw std::runtime_error("disk full"); };
  const auto log = LogListener::Create(std::move(options)).value();
  CircuitRegistry::Options circuits;
  circuits.clock = &clock_;
  circuits.listener = log->listener();
  CircuitRegistry registry(std::move(circuits));
  EXPECT_TRUE(registry.GetOrCreate("a", SmallPolicy()).ok());
  EXPECT_EQ(registry.Stats().user_code_failures, 2);  // of the addition, and of hearing of that
}

TEST_F(LogListenerTest, LevelsAreOfWhatHappened) {
  Event event = Opened();
  EXPECT_EQ(LogLevelOf(event), LogLevel::kWarning);
  event.to = State::kHalfOpen;
  EXPECT_EQ(LogLevelOf(event), LogLevel::kInfo);
  event.kind = EventKind::kFirstRejection;
  EXPECT_EQ(LogLevelOf(event), LogLevel::kWarning);
  event.kind = EventKind::kCallsUnprotected;
  EXPECT_EQ(LogLevelOf(event), LogLevel::kWarning);
  event.kind = EventKind::kEventsDropped;
  EXPECT_EQ(LogLevelOf(event), LogLevel::kError);
  event.kind = EventKind::kUserCodeFailed;
  EXPECT_EQ(LogLevelOf(event), LogLevel::kError);
  event.kind = EventKind::kReset;
  EXPECT_EQ(LogLevelOf(event), LogLevel::kInfo);
}

TEST_F(LogListenerTest, RefusesWhatIsWrong) {
  LogListener::Options options;
  options.max_lines_per_second = 0;
  EXPECT_EQ(LogListener::Create(std::move(options)).status(),
            absl::InvalidArgumentError(
                "invalid log listener: sink = null, must not be null; max_lines_per_second = 0, "
                "must be from 1 to 1000000"));
}

}  // namespace
}  // namespace fusebox
