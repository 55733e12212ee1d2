// SPDX-License-Identifier: Apache-2.0
//
// Files of scenarios: what is accepted can be played, and what is refused is told in lines that can
// be shown.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "src/base/printable.h"
#include "tests/fuzz/require.h"
#include "tools/fusebox_drill/course.h"
#include "tools/fusebox_drill/figures.h"
#include "tools/fusebox_drill/fusebox_guard.h"
#include "tools/fusebox_drill/play.h"
#include "tools/fusebox_drill/scenario.h"

namespace fusebox_testing {
namespace {

using fusebox_drill::Scenario;

// A file of lines that are probably understood, or any bytes.
std::string Text(FuzzedDataProvider& data) {
  static constexpr const char* kPieces[] = {"name: a\n",
                                            "phase: ",
                                            "1s",
                                            "~500ms",
                                            " refuse",
                                            " hang",
                                            " errors=",
                                            " slow=",
                                            " delay=",
                                            " load=",
                                            " cold=",
                                            " warm_after=",
                                            " backends=",
                                            " methods=",
                                            "0.5",
                                            "0..1",
                                            "2",
                                            "10ms",
                                            "\n",
                                            "methods: ",
                                            "rate: ",
                                            "clients: ",
                                            "queue_limit: ",
                                            "retries: ",
                                            "backoff: 100ms\n",
                                            "#",
                                            "backends: 10\n",
                                            " delayed=",
                                            "about: x\n",
                                            "-1"};
  if (data.ConsumeBool()) {
    return std::string(data.PickValueInArray(kPieces)) + data.ConsumeRemainingBytesAsString();
  }
  std::string text;
  while (data.remaining_bytes() > 0) text += data.PickValueInArray(kPieces);
  return text;
}

// Little enough to be played.
bool IsSmall(const Scenario& scenario) {
  absl::Duration length;
  double most = 0;
  for (const fusebox_drill::Phase& phase : scenario.phases) {
    length += phase.length;
    most = std::max(most, phase.load.most());
  }
  return absl::ToDoubleSeconds(length) * scenario.rate.value_or(50) * most *
             (scenario.retries + 1) <
         20'000;
}

void RequirePlayable(Scenario scenario) {
  scenario.clients = std::min(scenario.clients.value_or(2), 5);
  fusebox_drill::World world;
  world.rate = 50;
  const fusebox_drill::Course course(scenario, world.For(scenario), 1);
  for (std::size_t i = 1; i < course.stages().size(); ++i) {
    Require(course.stages()[i].begin == course.stages()[i - 1].end, "phases follow each other");
  }
  const std::vector<bool> could = fusebox_drill::CouldBeAnswered(course);
  static const auto* const kDefault = new absl::StatusOr<fusebox_drill::Protection>(
      fusebox_drill::ProtectBy("default", fusebox::Policy()));
  const fusebox_drill::Play play = fusebox_drill::PlayOut(course, **kDefault);
  Require(play.calls.size() == course.calls().size(), "every call has a result");
  const fusebox_drill::Figures figures = fusebox_drill::FiguresOf(course, play, could);
  Require(figures.cost >= 0 && figures.good_percent >= 0 && figures.good_percent <= 100,
          "figures are shares");
}

void Run(FuzzedDataProvider& data) {
  const absl::StatusOr<Scenario> scenario = fusebox_drill::ParseScenario(Text(data));
  if (!scenario.ok()) {
    const std::string message(scenario.status().message());
    Require(!message.empty() && message.size() < 10'000, "a refusal says why, and not at length");
    Require(fusebox::internal::Printable(message) == message, "a refusal can be shown", message);
    return;
  }
  Require(!scenario->name.empty() && !scenario->phases.empty(), "what is accepted is whole");
  for (const fusebox_drill::Phase& phase : scenario->phases) {
    const std::string text =
        absl::StrCat("name: a\nbackends: ", scenario->backends, "\nmethods: ", scenario->methods,
                     "\nphase: ", TextOf(phase));
    Require(fusebox_drill::ParseScenario(text).ok(), "a phase is read as it is written", text);
  }
  if (IsSmall(*scenario)) RequirePlayable(*scenario);
}

}  // namespace
}  // namespace fusebox_testing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, std::size_t size) {
  FuzzedDataProvider data(bytes, size);
  fusebox_testing::Run(data);
  return 0;
}
