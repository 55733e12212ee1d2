// SPDX-License-Identifier: Apache-2.0
//
// Plays the calls of calls.txt to a breaker in virtual time, and prints what it decided.
#ifndef RECORDING_H_
#define RECORDING_H_

#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <queue>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace recording {

// In nanoseconds. When each trace begins: a whole number of every rule's windows.
constexpr int64_t kStart = 1'000'000'000'000'000'000;

// The time that the library is told.
inline int64_t now = kStart;

class Breaker {
 public:
  virtual ~Breaker() = default;
  virtual bool Ask() = 0;
  virtual void End(char outcome, int64_t latency) = 0;
};

class Player {
 public:
  void Begin(std::unique_ptr<Breaker> breaker) {
    breaker_ = std::move(breaker);
    asked_ = now = kStart;
    running_ = {};
  }

  void Ask(int64_t gap, int64_t latency, char outcome) {
    asked_ += gap * kUnit;
    for (; !running_.empty() && running_.top().ends_at <= asked_; running_.pop()) {
      now = running_.top().ends_at;
      breaker_->End(running_.top().outcome, running_.top().latency);
    }
    now = asked_;
    const bool admitted = breaker_->Ask();
    decisions_ += admitted ? 'A' : 'r';
    if (admitted) running_.push({asked_ + latency * kUnit, place_++, outcome, latency * kUnit});
  }

  void Print() {
    for (size_t from = 0; from < decisions_.size(); from += 100)
      std::cout << decisions_.substr(from, 100) << '\n';
    decisions_.clear();
  }

 private:
  static constexpr int64_t kUnit = 100'000;

  struct Running {
    int64_t ends_at;
    int place;
    char outcome;
    int64_t latency;
    bool operator<(const Running& other) const {
      return std::tie(ends_at, place) > std::tie(other.ends_at, other.place);
    }
  };

  std::unique_ptr<Breaker> breaker_;
  std::priority_queue<Running> running_;
  std::string decisions_;
  int64_t asked_ = kStart;
  int place_ = 0;
};

// `make` is called at the beginning of each trace.
inline void Play(const char* file, const char* header,
                 const std::function<std::unique_ptr<Breaker>()>& make) {
  std::cout << header;
  Player player;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    if (line.rfind("trace ", 0) == 0) {
      player.Print();
      std::string word;
      std::string name;
      words >> word >> name;
      std::cout << "trace " << name << '\n';
      player.Begin(make());
    } else if (line[0] != '#') {
      int64_t gap = 0;
      int64_t latency = 0;
      char outcome = 0;
      words >> gap >> latency >> outcome;
      player.Ask(gap, latency, outcome);
    }
  }
  player.Print();
}

}  // namespace recording

#endif  // RECORDING_H_
