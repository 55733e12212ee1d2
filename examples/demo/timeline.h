// SPDX-License-Identifier: Apache-2.0
//
// What the demo prints while it runs: scenes, a row per second, and the circuit's transitions
// between the rows, where they happened.
#ifndef FUSEBOX_EXAMPLES_DEMO_TIMELINE_H_
#define FUSEBOX_EXAMPLES_DEMO_TIMELINE_H_

#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "examples/demo/tally.h"
#include "fusebox/event.h"

namespace demo {

enum class Colour { kPlain, kBold, kDim, kGreen, kYellow, kRed };

// Thread-safety: every method may be called from any thread at any time.
class Timeline {
 public:
  // Time zero is now. Colours are for terminals.
  explicit Timeline(bool colours);

  // Lines of text, as they are.
  void Text(absl::string_view text, Colour colour = Colour::kPlain);

  // The beginning of a scene: what is going on, and the table's head.
  void Scene(absl::string_view name, absl::string_view what);

  // What the second that has just ended was like.
  void Row(absl::string_view scene, const Pair& second);

  // For CircuitRegistry::Options::listener.
  void Transition(const fusebox::Event& event);

 private:
  std::string Painted(const std::string& text, Colour colour) const;
  std::string Half(const Tally& tally, bool has_breaker) const;
  void Print(const std::string& line);

  const bool colours_;
  const absl::Time start_;

  std::mutex mutex_;  // for whole lines
};

// As in "0.4" and "501": milliseconds.
std::string Millis(absl::Duration duration);

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_TIMELINE_H_
