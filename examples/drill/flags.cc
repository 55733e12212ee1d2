// SPDX-License-Identifier: Apache-2.0
#include "examples/drill/flags.h"

#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace drill {
namespace {

CLI::Validator WholeNumber() { return CLI::TypeValidator<int>("INT"); }

// Makes flags of a scenario's fields. A duration is given in seconds.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(app) {}

  template <typename T>
  CLI::Option* Value(const std::string& name, T& value, const std::string& what) {
    return app_.add_option(name, value, what)->capture_default_str();
  }

  CLI::Option* Seconds(const std::string& name, absl::Duration& value, const std::string& what,
                       double at_least, double at_most) {
    return app_
        .add_option_function<double>(
            name, [&value](double seconds) { value = absl::Seconds(seconds); }, what)
        ->default_str(absl::StrCat(absl::ToDoubleSeconds(value)))
        ->check(CLI::Range(at_least, at_most));
  }

 private:
  CLI::App& app_;
};

void AddScenario(Scenario& scenario, Options& add) {
  add.Value("--seed", scenario.seed, "of the calls' arrivals and the circuit's jitter");
  add.Seconds("--outage", scenario.outage, "for how long the server is dead, in whole s", 1, 600)
      ->check(WholeNumber());

  add.Value("--load", scenario.load.calls_per_second, "calls offered per second")
      ->check(CLI::Range(1.0, 5000.0));
  add.Seconds("--deadline", scenario.load.deadline, "of each call, in s", 0.001, 60);

  add.Value("--cold-capacity", scenario.server.cold_capacity, "calls/s just after the return")
      ->check(CLI::Range(0.1, 100000.0));
  add.Value("--warm-capacity", scenario.server.warm_capacity, "calls/s once warm")
      ->check(CLI::Range(0.1, 100000.0));
  add.Value("--warm-up-calls", scenario.server.warm_up_calls, "calls served from cold to warm")
      ->check(CLI::Range(1, 10000000));

  add.Seconds("--open", scenario.policy.open_duration, "for how long the circuit opens, in s",
              0.001, 600);
  add.Value("--jitter", scenario.policy.jitter, "of that");
  add.Value("--backoff", scenario.policy.backoff_multiplier, "of that, per opening in a row");
  add.Value("--failure-rate", scenario.policy.failure_rate, "that opens the circuit");
  add.Value("--minimum-calls", scenario.policy.minimum_calls, "before that rate counts");

  add.Seconds("--ramp", scenario.ramp.duration, "its length, in s", 0.001, 600);
  add.Value("--ramp-from", scenario.ramp.initial_fraction, "the share it starts with");
}

}  // namespace

Parsed ParseFlags(int argc, char** argv) {
  Parsed parsed;
  CLI::App app("What happens when a dead server comes back cold: a circuit with and without a ramp",
               "recovery_drill");
  Options options(app);
  AddScenario(parsed.flags.scenario, options);
  options.Value("--seeds", parsed.flags.seeds, "how many seeds to compare over")
      ->check(CLI::Range(1, 1000));
  app.add_flag("--check", parsed.flags.check, "only check that the ramp is better; 1 if it isn't");
  app.add_flag("--sweep", parsed.flags.sweep, "how far that carries: other servers and circuits");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    parsed.exit_status = app.exit(error);
  }
  return parsed;
}

}  // namespace drill
