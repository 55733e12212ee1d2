// SPDX-License-Identifier: Apache-2.0
#include "fusebox/log_listener.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fusebox/event_text.h"
#include "src/base/counted.h"
#include "src/base/mutex.h"
#include "src/core/json.h"

namespace fusebox {

using internal::Counted;
using internal::JsonObject;
using internal::JsonString;
using internal::Mutex;
using internal::MutexLock;

namespace {

constexpr int kMostLinesPerSecond = 1'000'000;
constexpr std::size_t kLevels = static_cast<std::size_t>(LogLevel::kError) + 1;

constexpr absl::Duration Interval() { return absl::Seconds(1); }

// Puts a field in front of the others.
std::string WithLevel(LogLevel level, absl::string_view json) {
  json.remove_prefix(1);
  return absl::StrCat("{\"level\":", JsonString(LogLevelName(level)), ",", json);
}

}  // namespace

absl::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "UNKNOWN";
}

LogLevel LogLevelOf(const Event& event) {
  if (event.kind == EventKind::kTransition && event.to == State::kOpen) return LogLevel::kWarning;
  struct Row {
    EventKind kind = EventKind::kTransition;
    LogLevel level = LogLevel::kInfo;
  };
#define FUSEBOX_ROW(enumerator, number, name, level) {EventKind::enumerator, LogLevel::level},
  constexpr Row kRows[] = {FUSEBOX_EVENT_KINDS(FUSEBOX_ROW)};
#undef FUSEBOX_ROW
  for (const Row& row : kRows) {
    if (row.kind == event.kind) return row.level;
  }
  return LogLevel::kInfo;
}

LogSink LogTo(std::ostream& stream) {
  return [&stream, mutex = std::make_shared<Mutex>()](LogLevel level, absl::string_view line) {
    const bool json = !line.empty() && line.front() == '{';
    const std::string whole =
        json ? absl::StrCat(line, "\n") : absl::StrCat(LogLevelName(level), " ", line, "\n");
    MutexLock lock(*mutex);
    stream << whole << std::flush;
  };
}

class LogListener::Impl {
 public:
  explicit Impl(Options options) : options_(std::move(options)) {}

  void Write(const Event& event) {
    const LogLevel level = LogLevelOf(event);
    if (level < options_.min_level) return;
    const Turn turn = NextTurn(level);
    if (turn.suppressed > 0) options_.sink(level, SuppressedLine(level, turn.suppressed));
    if (turn.granted) options_.sink(level, Line(level, event));
  }

  int64_t suppressed() const { return suppressed_.load(std::memory_order_relaxed); }

 private:
  // A level's lines within a second.
  struct Budget {
    SteadyTime since;
    int64_t lines = 0;
    int64_t suppressed = 0;
  };

  struct Turn {
    bool granted = false;
    int64_t suppressed = 0;  // to be told first
  };

  Turn NextTurn(LogLevel level) {
    const SteadyTime now = options_.clock->Now();
    Turn turn;
    MutexLock lock(mutex_);
    Budget& budget = budgets_[static_cast<std::size_t>(level)];
    if (budget.lines == 0 || now - budget.since >= Interval()) {
      turn.suppressed = budget.suppressed;
      budget = {now, 0, 0};
    }
    turn.granted = budget.lines < options_.max_lines_per_second;
    ++budget.lines;
    if (!turn.granted) {
      ++budget.suppressed;
      suppressed_.fetch_add(1, std::memory_order_relaxed);
    }
    return turn;
  }

  std::string Line(LogLevel level, const Event& event) const {
    if (options_.format == Format::kText) return FormatEvent(event);
    return WithLevel(level, FormatEventJson(event, options_.failure_messages));
  }

  std::string SuppressedLine(LogLevel level, int64_t suppressed) const {
    if (options_.format == Format::kText) {
      return absl::StrCat(Counted(suppressed, "event"), suppressed == 1 ? " was" : " were",
                          " not written: more than ", options_.max_lines_per_second,
                          " in a second");
    }
    return WithLevel(level, JsonObject().Number("suppressed_events", suppressed).text());
  }

  // Constant.
  const Options options_;

  // Relaxed: it is right by itself.
  std::atomic<int64_t> suppressed_{0};

  // Guarded.
  Mutex mutex_;
  std::array<Budget, kLevels> budgets_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::shared_ptr<LogListener>> LogListener::Create(Options options) {
  std::vector<std::string> errors;
  if (options.sink == nullptr) errors.emplace_back("sink = null, must not be null");
  if (options.max_lines_per_second < 1 || options.max_lines_per_second > kMostLinesPerSecond) {
    errors.push_back(absl::StrCat("max_lines_per_second = ", options.max_lines_per_second,
                                  ", must be from 1 to ", kMostLinesPerSecond));
  }
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid log listener: ", absl::StrJoin(errors, "; ")));
  }
  if (options.clock == nullptr) options.clock = &Clock::Real();
  return std::shared_ptr<LogListener>(new LogListener(std::make_shared<Impl>(std::move(options))));
}

LogListener::LogListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
LogListener::~LogListener() = default;

EventListener LogListener::listener() const {
  return [impl = impl_](const Event& event) { impl->Write(event); };
}

int64_t LogListener::suppressed() const { return impl_->suppressed(); }

}  // namespace fusebox
