// SPDX-License-Identifier: Apache-2.0
//
// The scenes of the demo: what happens to the server in each, and when it is over.
#ifndef FUSEBOX_EXAMPLES_DEMO_DIRECTOR_H_
#define FUSEBOX_EXAMPLES_DEMO_DIRECTOR_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "examples/demo/load_generator.h"
#include "examples/demo/policy_file.h"
#include "examples/demo/servers.h"
#include "examples/demo/tally.h"
#include "examples/demo/timeline.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/clock.h"
#include "fusebox/grpc/fault_injection.h"

namespace demo {

// The names that the server counts the two clients' calls under.
inline constexpr char kWith[] = "with";
inline constexpr char kWithout[] = "without";

struct Scene {
  std::string name;
  std::string what;  // happens

  enum class Act {
    kNone,
    kWork,
    kFail,
    kFailOne,  // of the servers
    kHang,
    kKill,
    kStart,
    kInject,
    kStopInjecting,
    kStrictFile,  // and a few calls fail, by fault injection
    kFormerFile,
  };
  Act act = Act::kNone;  // at its beginning

  // A sick dependency's scene is over once the circuit has rejected calls; that of one bad server,
  // where it lets the others' answers through, and a healthy one's once it is CLOSED; after `least`
  // seconds at the earliest.
  bool sick = false;
  int least = 1;
};

struct Script {
  std::vector<Scene> scenes;

  // The seconds that all scenes together may go on for beyond their least.
  int patience = 0;
};

// With the scenes of a policy file, or without.
Script FullScript(bool with_file);
Script FastScript(bool with_file);

// What has happened.
struct Results {
  int sick_seconds = 0;
  Pair sick;     // the seconds of the sick scenes
  Pair healthy;  // the others

  // What should have happened in a scene, and has not.
  std::vector<std::string> missing;
};

// Thread-safety: of one thread, the servers'.
class Director {
 public:
  // All of these must outlive it. `file` may be null, if the script has no scene with it; `circuit`
  // is the name of the one that it watches.
  Director(Servers& servers, fusebox::FaultInjector& faults, PolicyFile* file, LoadGenerator& with,
           LoadGenerator& without, const fusebox::CircuitRegistry& registry, std::string circuit,
           Timeline& timeline);

  // Plays the scenes one after the other. Fails if a server can't be made to do its part. Ends
  // within a second of an interrupt (see interrupt.h), and then says so.
  absl::StatusOr<Results> Play(const Script& script);
  bool interrupted() const { return interrupted_; }

 private:
  absl::Status Do(Scene::Act act);
  absl::Status Inject(double fraction);
  absl::Status Play(const Scene& scene, Results& results);

  // Waits until the present second is over or cut short, and returns what has happened in it.
  Pair NextSecond();

  bool IsAsExpected(const Scene& scene, const Pair& so_far) const;
  bool CircuitIsClosed() const;

  Servers& servers_;
  fusebox::FaultInjector& faults_;  // on both clients' channels
  PolicyFile* const file_;
  LoadGenerator& with_;
  LoadGenerator& without_;
  const fusebox::CircuitRegistry& registry_;
  const std::string circuit_;
  Timeline& timeline_;

  int patience_ = 0;  // what is left of the script's
  bool interrupted_ = false;
  fusebox::SteadyTime next_row_;
  std::map<std::string, int64_t> counted_;  // the servers' counts, a second ago
};

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_DIRECTOR_H_
