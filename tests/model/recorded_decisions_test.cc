// SPDX-License-Identifier: Apache-2.0
//
// The decisions of the engine for policies of fixed thresholds, against a record of them
// (recorded_decisions.txt), which was made before the engine knew any other rules: whatever it
// learns, such a policy must decide as before.
//
// FUSEBOX_RECORD_DECISIONS=1 in the environment writes the decisions anew instead, for the policies
// that are in the file: CONTRIBUTING.md says when.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "tests/model/recorded_policy.h"
#include "tests/model/recorded_run.h"

namespace fusebox_testing {
namespace {

constexpr absl::string_view kFile = FUSEBOX_RECORDED_DECISIONS;
constexpr std::size_t kStepsInALine = 50;

// What the file has of one run.
struct RunRecord {
  RecordedPolicy policy;
  std::string decisions;  // two characters for each step: the answer, the check
  std::string sum;        // over all, in hex
};

struct Record {
  std::string comment;  // the lines before the first run
  std::vector<RunRecord> runs;
};

// A run has its own policy to begin with, and those of the next two for a change.
std::vector<RecordedPolicy> PoliciesOf(const Record& record, std::size_t run) {
  std::vector<RecordedPolicy> policies;
  for (std::size_t i = 0; i < 3; ++i) {
    policies.push_back(record.runs[(run + i) % record.runs.size()].policy);
  }
  return policies;
}

void ReadLine(absl::string_view line, Record& record) {
  if (absl::ConsumePrefix(&line, "policy ")) {
    absl::StatusOr<RecordedPolicy> policy = RecordedPolicy::Parse(line);
    ASSERT_TRUE(policy.ok()) << kFile << ": " << policy.status();
    record.runs.push_back({*std::move(policy), "", ""});
  } else if (record.runs.empty()) {
    absl::StrAppend(&record.comment, line, "\n");
  } else if (absl::ConsumePrefix(&line, "sum ")) {
    record.runs.back().sum = std::string(line);
  } else {
    absl::StrAppend(&record.runs.back().decisions, line);
  }
}

Record ReadRecord() {
  Record record;
  std::ifstream file{std::string(kFile)};
  EXPECT_TRUE(file.is_open()) << kFile;
  for (std::string line; std::getline(file, line);) ReadLine(line, record);
  return record;
}

std::string SumText(uint64_t sum) { return absl::StrCat(absl::Hex(sum, absl::kZeroPad16)); }

void WriteRecord(const Record& record) {
  std::ofstream file{std::string(kFile)};
  file << record.comment;
  for (std::size_t run = 0; run < record.runs.size(); ++run) {
    file << "policy " << record.runs[run].policy.text() << "\n";
    RecordedRun played(run, PoliciesOf(record, run));
    std::string line;
    for (int step = 0; step < RecordedRun::kSteps; ++step) {
      const Decision decision = played.Next();
      line += {decision.answer, decision.check};
      if (line.size() < 2 * kStepsInALine) continue;
      file << line << "\n";
      line.clear();
    }
    file << "sum " << SumText(played.sum()) << "\n";
  }
  ASSERT_TRUE(file.flush().good()) << kFile;
}

// What is recorded of that step, in words.
std::string RecordedText(const RunRecord& record, std::size_t step, const Decision& decision) {
  const char answer = record.decisions[2 * step];
  if (answer != decision.answer) return AnswerText(answer);
  return absl::StrCat(AnswerText(answer),
                      ", as now; but some time, figure or event that it shows was another");
}

// Plays that run up to the first step that isn't as recorded, and describes that one; empty if
// there is none.
std::string FirstDifference(const Record& record, std::size_t run) {
  const RunRecord& recorded = record.runs[run];
  RecordedRun played(run, PoliciesOf(record, run));
  std::vector<std::string> steps;
  for (std::size_t step = 0; step < RecordedRun::kSteps; ++step) {
    const Decision decision = played.Next();
    steps.push_back(absl::StrCat("\n    ", step, " ", decision.step, ": ", decision.shown));
    const bool same = recorded.decisions[2 * step] == decision.answer &&
                      recorded.decisions[2 * step + 1] == decision.check;
    if (same) continue;
    const std::size_t before = steps.size() < 6 ? 0 : steps.size() - 6;
    return absl::StrCat(
        "run ", run, ", step ", step, ", ", decision.step, "\n  policy:   ", played.policy().text(),
        "\n  recorded: ", RecordedText(recorded, step, decision),
        "\n  now:      ", AnswerText(decision.answer), "\n  shows:    ", decision.shown,
        "\n  what led to it:",
        absl::StrJoin(steps.begin() + static_cast<std::ptrdiff_t>(before), steps.end(), ""));
  }
  if (SumText(played.sum()) == recorded.sum) return "";
  return absl::StrCat(
      "run ", run, " shows something else in its last steps\n  policy: ", recorded.policy.text());
}

bool IsToBeWritten() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread is there yet
  const char* const given = std::getenv("FUSEBOX_RECORD_DECISIONS");
  return given != nullptr && absl::string_view(given) == "1";
}

TEST(RecordedDecisions, FixedPoliciesDecideAsTheyDid) {
  const Record record = ReadRecord();
  ASSERT_FALSE(HasFatalFailure());
  if (IsToBeWritten()) {
    WriteRecord(record);
    GTEST_SKIP() << kFile << " is written anew; nothing was compared";
  }
  ASSERT_GE(record.runs.size(), 500U);
  int different = 0;
  for (std::size_t run = 0; run < record.runs.size(); ++run) {
    ASSERT_EQ(record.runs[run].decisions.size(), 2 * RecordedRun::kSteps) << "run " << run;
    const std::string difference = FirstDifference(record, run);
    if (difference.empty()) continue;
    // A few tell enough.
    if (++different <= 3) ADD_FAILURE() << difference;
  }
  EXPECT_EQ(different, 0) << "of " << record.runs.size()
                          << " runs. A policy of fixed thresholds must decide as before "
                             "(CONTRIBUTING.md)";
}

// So that the record is worth something.
TEST(RecordedDecisions, TheRecordHasEveryCauseAndAnswer) {
  const Record record = ReadRecord();
  std::map<std::string, int> causes;
  std::map<std::string, int> answers;
  for (std::size_t run = 0; run < record.runs.size(); ++run) {
    RecordedRun played(run, PoliciesOf(record, run));
    for (int step = 0; step < RecordedRun::kSteps; ++step) {
      const Decision decision = played.Next();
      ++answers[AnswerText(decision.answer)];
      for (const std::string& cause : decision.causes) ++causes[cause];
    }
  }
  // Those of the rules that the record is of.
  constexpr absl::string_view kCauses =
      "consecutive_failures failures_in_window failure_rate slow_call_rate hung_calls "
      "open_duration_elapsed probe_failed probe_failure_rate probe_slow_call_rate probe_timeout "
      "probes_succeeded ramp_ended reset forced_open released automated disabled shadowed "
      "forced_open_ended policy_changed";
  for (const absl::string_view cause : absl::StrSplit(kCauses, ' ')) {
    EXPECT_GE(causes[std::string(cause)], 50) << cause;
  }
  for (const char* answer :
       {"nothing was asked; CLOSED", "nothing was asked; OPEN", "nothing was asked; HALF_OPEN",
        "admitted; CLOSED", "admitted; OPEN", "admitted; HALF_OPEN", "CIRCUIT_OPEN; OPEN",
        "CIRCUIT_HALF_OPEN_FULL; HALF_OPEN", "CIRCUIT_FORCED_OPEN; OPEN",
        "CIRCUIT_RAMPING; HALF_OPEN", "CIRCUIT_TOO_MANY_CALLS; CLOSED",
        "CIRCUIT_TOO_MANY_CALLS; HALF_OPEN"}) {
    EXPECT_GE(answers[answer], 50) << answer;
  }
}

}  // namespace
}  // namespace fusebox_testing
