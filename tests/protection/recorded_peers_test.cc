// SPDX-License-Identifier: Apache-2.0
//
// Each peer that could be run is asked what its library was asked, at the same times, and decides
// the same: benchmarks/protection/recorded says how that was recorded.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <queue>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "benchmarks/protection/peers.h"
#include "fusebox/testing/fake_clock.h"

namespace fusebox_drill {
namespace {

constexpr Nanos kUnit = 100'000;

struct RecordedCall {
  Nanos gap;
  Nanos latency;
  Answer answer;
};

struct Trace {
  std::string name;
  uint64_t seed = 0;
  std::vector<RecordedCall> calls;
};

Answer AnswerOf(char letter) {
  switch (letter) {
    case 'k':
      return Answer::kOk;
    case 't':
      return Answer::kTimedOut;
    case 'o':
      return Answer::kOverloaded;
    default:
      return Answer::kError;
  }
}

std::filesystem::path Recorded() { return FUSEBOX_RECORDED_PEERS; }

std::vector<Trace> ReadTraces() {
  std::vector<Trace> traces;
  std::ifstream file(Recorded() / "calls.txt");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    if (line.rfind("trace ", 0) == 0) {
      std::string word;
      Trace& trace = traces.emplace_back();
      words >> word >> trace.name >> trace.seed;
    } else if (line.rfind('#', 0) != 0) {
      Nanos gap = 0;
      Nanos latency = 0;
      char letter = 0;
      words >> gap >> latency >> letter;
      traces.back().calls.push_back({gap * kUnit, latency * kUnit, AnswerOf(letter)});
    }
  }
  return traces;
}

// What a library decided of each trace, in their order: a letter for each call.
std::vector<std::string> ReadDecisions(const std::string& peer) {
  std::vector<std::string> decisions;
  std::ifstream file(Recorded() / (peer + ".txt"));
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("trace ", 0) == 0) {
      decisions.emplace_back();
    } else if (line.rfind('#', 0) != 0) {
      decisions.back() += line;
    }
  }
  return decisions;
}

// A guard, and the calls that it admitted and that haven't ended.
class Player {
 public:
  explicit Player(std::unique_ptr<Guard> guard) : guard_(std::move(guard)) {}

  // A: admitted. Calls that end at that time have ended before it is asked.
  char Ask(const RecordedCall& call) {
    now_ += call.gap;
    EndUntil(now_);
    const std::optional<Ticket> ticket = guard_->Admit(now_, 0);
    if (!ticket) return 'r';
    running_.push({now_ + call.latency, place_++, *ticket, {call.answer, call.latency}});
    return 'A';
  }

 private:
  struct Running {
    Nanos ends_at;
    int place;
    Ticket ticket;
    Ended ended;

    bool operator<(const Running& other) const {
      return std::tie(ends_at, place) > std::tie(other.ends_at, other.place);
    }
  };

  void EndUntil(Nanos time) {
    for (; !running_.empty() && running_.top().ends_at <= time; running_.pop()) {
      const Running& next = running_.top();
      guard_->Record(next.ticket, next.ended, next.ends_at);
    }
  }

  std::unique_ptr<Guard> guard_;
  Nanos now_ = 0;
  int place_ = 0;
  std::priority_queue<Running> running_;
};

// What throttles retries alone: whether each failed call may be tried again, A or r. A dash: it
// succeeded. Each ends before the next.
std::string PlayRetries(Guard& guard, const Trace& trace) {
  std::string decisions;
  for (const RecordedCall& call : trace.calls) {
    guard.Record(guard.Admit(0, 0).value(), {call.answer, call.latency}, 0);
    const bool failed = call.answer != Answer::kOk;
    decisions += !failed ? '-' : guard.Admit(0, 1) ? 'A' : 'r';
  }
  return decisions;
}

std::string Play(std::unique_ptr<Guard> guard, const Trace& trace) {
  std::string decisions;
  Player player(std::move(guard));
  for (const RecordedCall& call : trace.calls) decisions += player.Ask(call);
  return decisions;
}

class RecordedPeerTest : public testing::TestWithParam<std::string> {};

TEST_P(RecordedPeerTest, DecidesAsItsLibraryDid) {
  const std::vector<Protection> peers = Peers();
  const auto peer = std::find_if(peers.begin(), peers.end(), [](const Protection& candidate) {
    return candidate.name == GetParam();
  });
  ASSERT_NE(peer, peers.end());
  const std::vector<Trace> traces = ReadTraces();
  const std::vector<std::string> decisions = ReadDecisions(GetParam());
  ASSERT_EQ(decisions.size(), traces.size());
  const fusebox_testing::FakeClock clock;
  for (size_t t = 0; t < traces.size(); ++t) {
    std::unique_ptr<Guard> guard = peer->make({clock, traces[t].seed, std::nullopt});
    const std::string ours = GetParam() == "grpc_a6" ? PlayRetries(*guard, traces[t])
                                                     : Play(std::move(guard), traces[t]);
    ASSERT_EQ(decisions[t].size(), ours.size()) << traces[t].name;
    const auto differs = std::mismatch(ours.begin(), ours.end(), decisions[t].begin());
    EXPECT_TRUE(differs.first == ours.end())
        << traces[t].name << ", call " << differs.first - ours.begin()
        << " from 0 on: the library decided " << *differs.second;
  }
}

std::vector<std::string> RecordedPeers() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(Recorded())) {
    if (file.path().extension() == ".txt" && file.path().stem() != "calls")
      names.push_back(file.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Peers, RecordedPeerTest, testing::ValuesIn(RecordedPeers()),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace fusebox_drill
