// SPDX-License-Identifier: Apache-2.0
//
// A listener that writes every event to a log:
//
//   fusebox::LogListener::Options options;
//   options.sink = fusebox::LogTo(std::clog);
//   absl::StatusOr<std::shared_ptr<fusebox::LogListener>> log =
//       fusebox::LogListener::Create(std::move(options));
//   if (!log.ok()) return log.status();
//   fusebox::CircuitRegistry::Options circuits;
//   circuits.listener = (*log)->listener();
//
// For a logging library, the sink is a function of yours that hands the line on.
#ifndef FUSEBOX_LOG_LISTENER_H_
#define FUSEBOX_LOG_LISTENER_H_

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "fusebox/clock.h"
#include "fusebox/event.h"
#include "fusebox/export.h"

namespace fusebox {

enum class LogLevel {
  kInfo = 0,     // what happens as it should: a circuit closes, comes or goes, an operator acts
  kWarning = 1,  // a circuit opens, and what follows from that; calls go unprotected
  kError = 2,    // the application's own code or file fails (kUserCodeFailed, kEventsDropped,
                 // kConfigRefused)
};

// "INFO", "WARNING" or "ERROR".
FUSEBOX_EXPORT absl::string_view LogLevelName(LogLevel level);

FUSEBOX_EXPORT LogLevel LogLevelOf(const Event& event);

// Given each line, without a newline at its end. Called by many threads at the same time.
using LogSink = std::function<void(LogLevel level, absl::string_view line)>;

// One line each, after its level; in JSON lines the level is a field instead. The stream must
// outlive the sink, and nobody else may use it meanwhile, unless it is one of the standard ones.
FUSEBOX_EXPORT LogSink LogTo(std::ostream& stream);

// Thread-safety: every method may be called from any thread at any time.
// Ownership: shared with its listeners.
class FUSEBOX_EXPORT LogListener {
 public:
  enum class Format {
    kText = 0,       // FormatEvent
    kJsonLines = 1,  // FormatEventJson, with the field "level"
  };

  struct Options {
    // Where the lines go. Required. It should be quick, since it runs on threads that make calls;
    // nothing that it throws gets to them (fusebox/user_code.h).
    LogSink sink;

    Format format = Format::kText;

    // Events below it are not written.
    LogLevel min_level = LogLevel::kInfo;

    // The most lines of one level in a second; more are suppressed and counted, and the next
    // second's first line is preceded by one that says how many. A thousand new circuits can't keep
    // an opening out. 1 to 1,000,000.
    int max_lines_per_second = 100;

    // Whether JSON lines hold what the dependency said with the last failure (FormatEventJson).
    bool failure_messages = false;

    // Measures the seconds. Must outlive the listeners. Null: the real one.
    const Clock* clock = &Clock::Real();
  };

  // INVALID_ARGUMENT, with each bad field named, for no sink or a max_lines_per_second out of its
  // range.
  static absl::StatusOr<std::shared_ptr<LogListener>> Create(Options options);

  LogListener(const LogListener&) = delete;
  LogListener& operator=(const LogListener&) = delete;
  ~LogListener();

  // For `CircuitRegistry::Options`, `CircuitRegistry::AddListener` or `CircuitBreaker::Options`.
  EventListener listener() const;

  // How many events were not written because of `max_lines_per_second`.
  int64_t suppressed() const;

 private:
  class Impl;
  explicit LogListener(std::shared_ptr<Impl> impl);

  const std::shared_ptr<Impl> impl_;
};

}  // namespace fusebox

#endif  // FUSEBOX_LOG_LISTENER_H_
