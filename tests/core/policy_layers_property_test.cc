// SPDX-License-Identifier: Apache-2.0
//
// Random overrides, orders and circuits: what is in force is what a plain reading of rule P6 says.
// The reference here shares nothing with the library: it keeps all that was said, and goes through
// it from the beginning whenever it is asked.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/testing/fake_clock.h"
#include "gtest/gtest.h"

namespace fusebox {
namespace {

// A field, and a value that is valid together with all of the others'.
struct Knob {
  const char* path;
  std::function<void(Policy&, int)> set;  // 0: off, or its default
};

const std::vector<Knob>& Knobs() {
  static const auto* const kKnobs = new std::vector<Knob>{
      {"consecutive_failures",
       [](Policy& policy, int value) {
         policy.consecutive_failures = value == 0 ? std::nullopt : std::optional<int64_t>(value);
       }},
      {"failure_rate",
       [](Policy& policy, int value) {
         policy.failure_rate = value == 0 ? std::nullopt : std::optional<double>(value / 10.0);
       }},
      {"minimum_calls",
       [](Policy& policy, int value) { policy.minimum_calls = value == 0 ? 20 : value; }},
      {"open_duration",
       [](Policy& policy, int value) {
         policy.open_duration =
             value == 0 ? std::nullopt : std::optional<absl::Duration>(absl::Seconds(value));
       }},
      {"max_in_flight",
       [](Policy& policy, int value) {
         policy.max_in_flight = value == 0 ? std::nullopt : std::optional<int64_t>(value);
       }},
      {"half_open.probe_timeout",
       [](Policy& policy, int value) {
         policy.half_open.probe_timeout = absl::Seconds(value == 0 ? 60 : value);
       }},
      {"time_window", [](Policy& policy, int value) {
         if (value != 0) {
           policy.window = TimeWindow{absl::Seconds(value), 5};
         } else if (std::holds_alternative<TimeWindow>(policy.window)) {
           policy.window = CountWindow();
         }
       }}};
  return *kKnobs;
}

using Settings = std::map<std::size_t, int>;  // by knob

Policy With(Policy policy, const Settings& settings) {
  for (const auto& [knob, value] : settings) Knobs()[knob].set(policy, value);
  return policy;
}

PolicyPatch PatchOf(const Settings& settings) {
  PolicyPatch patch;
  patch.values = With(Policy(), settings);
  for (const auto& [knob, value] : settings) patch.fields.push_back({Knobs()[knob].path, ""});
  return patch;
}

bool Fits(const std::string& glob, const std::string& text) {
  if (glob.empty()) return text.empty();
  if (glob[0] == '*') {
    return Fits(glob.substr(1), text) || (!text.empty() && Fits(glob, text.substr(1)));
  }
  return !text.empty() && (glob[0] == '?' || glob[0] == text[0]) &&
         Fits(glob.substr(1), text.substr(1));
}

struct ReferenceOrder {
  uint64_t id;
  std::string pattern;
  OrderAction action;
  std::string who;
  Settings settings;
  std::optional<absl::Duration> until;  // since the beginning
};

struct ReferenceCircuit {
  std::string service;
  std::string method;
  Policy code;
  Mode mode = Mode::kAutomatic;
  uint64_t holder = 0;
};

struct ReferenceOverrides {
  std::string dependency;
  Settings all;
  std::map<std::string, Settings> services;
  std::map<std::string, Settings> methods;
};

Mode ModeOf(OrderAction action) {
  switch (action) {
    case OrderAction::kForceOpen:
      return Mode::kForcedOpen;
    case OrderAction::kDisable:
      return Mode::kDisabled;
    case OrderAction::kShadow:
      return Mode::kShadow;
    default:
      return Mode::kAutomatic;
  }
}

class Reference {
 public:
  std::map<std::string, ReferenceCircuit> circuits;
  std::vector<ReferenceOverrides> overrides;
  std::vector<ReferenceOrder> orders;
  uint64_t last_id = 0;

  void Make(const std::string& name, ReferenceCircuit circuit) {
    Obey(name, circuit);
    circuits.emplace(name, std::move(circuit));
  }

  // Returns the number of the order, if it stands.
  uint64_t Give(ReferenceOrder order) {
    order.id = ++last_id;
    std::vector<ReferenceOrder> left;
    for (const ReferenceOrder& each : orders) {
      if (!TakesPlace(order, each)) left.push_back(each);
    }
    left.push_back(order);
    orders = left;
    if (order.action != OrderAction::kSetPolicy) {
      for (auto& [name, circuit] : circuits) {
        if (!Fits(order.pattern, name)) continue;
        circuit.mode = ModeOf(order.action);
        circuit.holder = order.id;
      }
    }
    Settle();
    if (Has(order.id)) return order.id;
    // One that has nothing to stand against is done once, and no order holds what it is about.
    for (auto& [name, circuit] : circuits) {
      if (Fits(order.pattern, name)) circuit.holder = 0;
    }
    return 0;
  }

  void Revoke(uint64_t id) {
    std::vector<ReferenceOrder> left;
    for (const ReferenceOrder& each : orders) {
      if (each.id != id) left.push_back(each);
    }
    orders = left;
    Settle();
  }

  void End(absl::Duration now) {
    std::vector<ReferenceOrder> left;
    for (const ReferenceOrder& each : orders) {
      if (!each.until || *each.until > now) left.push_back(each);
    }
    if (left.size() == orders.size()) return;
    orders = left;
    Settle();
  }

  Policy InForce(const std::string& name, const ReferenceCircuit& circuit) const {
    const std::string target = name.substr(0, name.find('/'));
    Policy policy = circuit.code;
    if (const ReferenceOverrides* const found = OverridesOf(target)) {
      policy = With(policy, found->all);
      const auto service = found->services.find(circuit.service);
      if (service != found->services.end()) policy = With(policy, service->second);
      const auto method = found->methods.find(circuit.method);
      if (method != found->methods.end()) policy = With(policy, method->second);
    }
    policy = policy.InForce();
    for (const ReferenceOrder& order : orders) {
      if (order.action != OrderAction::kSetPolicy || !Fits(order.pattern, name)) continue;
      policy = With(policy, order.settings).InForce();
    }
    return policy;
  }

 private:
  bool Has(uint64_t id) const {
    for (const ReferenceOrder& each : orders) {
      if (each.id == id) return true;
    }
    return false;
  }

  static bool IsWider(const std::string& pattern, const std::string& than) {
    if (pattern.find('?') != std::string::npos && than.find_first_of("*?") != std::string::npos) {
      return pattern == than;
    }
    return Fits(pattern, than);
  }

  // Whether their beginnings, up to the first wildcard of either, agree.
  static bool Meet(const std::string& a, const std::string& b) {
    if (a.find_first_of("*?") == std::string::npos) return Fits(b, a);
    if (b.find_first_of("*?") == std::string::npos) return Fits(a, b);
    const std::size_t size = std::min(a.find_first_of("*?"), b.find_first_of("*?"));
    return a.substr(0, size) == b.substr(0, size);
  }

  static bool TakesPlace(const ReferenceOrder& order, const ReferenceOrder& of) {
    const bool sets_policy = order.action == OrderAction::kSetPolicy;
    if (sets_policy != (of.action == OrderAction::kSetPolicy)) return false;
    if (order.action == OrderAction::kAutomate) return IsWider(order.pattern, of.pattern);
    if (order.action != of.action || order.pattern != of.pattern || order.who != of.who) {
      return false;
    }
    for (const auto& [knob, value] : of.settings) {
      if (order.settings.count(knob) == 0) return false;
    }
    return true;
  }

  // What follows when orders have gone: those that ask for automatic mode against nothing go, too,
  // and circuits go to the latest that is left.
  void Settle() {
    std::vector<ReferenceOrder> left;
    for (const ReferenceOrder& each : orders) {
      bool has_something_to_do = each.action != OrderAction::kAutomate;
      for (const ReferenceOrder& earlier : left) {
        has_something_to_do |= earlier.action != OrderAction::kAutomate &&
                               earlier.action != OrderAction::kSetPolicy &&
                               Meet(earlier.pattern, each.pattern);
      }
      if (has_something_to_do) left.push_back(each);
    }
    orders = left;
    for (auto& [name, circuit] : circuits) {
      if (circuit.holder == 0 || Has(circuit.holder)) continue;
      circuit.holder = 0;
      circuit.mode = Mode::kAutomatic;
      Obey(name, circuit);
    }
  }

  void Obey(const std::string& name, ReferenceCircuit& circuit) const {
    for (const ReferenceOrder& each : orders) {
      if (each.action == OrderAction::kSetPolicy || !Fits(each.pattern, name)) continue;
      circuit.mode = ModeOf(each.action);
      circuit.holder = each.id;
    }
  }

  const ReferenceOverrides* OverridesOf(const std::string& target) const {
    for (const ReferenceOverrides& each : overrides) {
      if (each.dependency == target) return &each;
    }
    for (const ReferenceOverrides& each : overrides) {
      if (Fits(each.dependency, target)) return &each;
    }
    return nullptr;
  }
};

class PolicyLayersPropertyTest : public ::testing::TestWithParam<unsigned> {
 protected:
  PolicyLayersPropertyTest() {
    CircuitRegistry::Options options;
    options.clock = &clock_;
    options.max_circuits = 0;
    registry_ = std::make_unique<CircuitRegistry>(options);
    RecordProperty("seed", absl::StrCat(GetParam()));
  }

  std::size_t Below(std::size_t end) {
    return std::uniform_int_distribution<std::size_t>(0, end - 1)(random_);
  }
  template <typename T>
  const T& OneOf(const std::vector<T>& of) {
    return of[Below(of.size())];
  }
  Settings SomeSettings() {
    Settings settings;
    for (std::size_t i = Below(4); i > 0; --i) {
      settings[Below(Knobs().size())] = static_cast<int>(Below(8));
    }
    return settings;
  }
  std::string SomePattern() {
    return OneOf<std::string>(
        {"*", "a/*", "b/*", "?/s.S/M", "a/s.S/M", "a/s.S/N", "b/t.T/M", "*/s.S/*", "a/key", "c"});
  }

  void MakeCircuit() {
    const std::string target = OneOf<std::string>({"a", "b", "ab"});
    const std::string service = OneOf<std::string>({"s.S", "t.T"});
    const std::string method = absl::StrCat(service, OneOf<std::string>({"/M", "/N"}));
    const bool by_key = Below(4) == 0;
    const std::string name = absl::StrCat(target, "/", by_key ? "key" : method);
    if (reference_.circuits.count(name) != 0) return;
    Policy code = With(Policy(), SomeSettings());
    code.jitter = 0;
    ASSERT_TRUE(registry_->GetOrCreate(name, code, target, by_key ? method : "").ok());
    reference_.Make(name, {service, method, code});
  }

  void SetOverrides() {
    PolicyOverrides overrides;
    reference_.overrides.clear();
    for (const char* dependency : {"a", "a*", "*"}) {
      if (Below(2) == 0) continue;
      ReferenceOverrides& each = reference_.overrides.emplace_back();
      each.dependency = dependency;
      each.all = SomeSettings();
      if (Below(2) == 0) each.services["s.S"] = SomeSettings();
      if (Below(2) == 0) each.methods["s.S/M"] = SomeSettings();
      DependencyOverrides& theirs = overrides.dependencies.emplace_back();
      theirs.dependency = dependency;
      theirs.default_policy = PatchOf(each.all);
      for (const auto& [name, settings] : each.services) theirs.services[name] = PatchOf(settings);
      for (const auto& [name, settings] : each.methods) theirs.methods[name] = PatchOf(settings);
    }
    const auto preview = registry_->PreviewOverrides(overrides);
    const auto done = registry_->SetOverrides(overrides, Operator("file"));
    ASSERT_TRUE(done.ok()) << done.status();
    ASSERT_EQ(preview->differences.size(), done->differences.size());
    for (std::size_t i = 0; i < done->differences.size(); ++i) {
      const PolicyDifference& each = done->differences[i];
      EXPECT_EQ(each.circuit, preview->differences[i].circuit);
      EXPECT_EQ(*each.after, *preview->differences[i].after);
      EXPECT_EQ(*each.after, registry_->Find(each.circuit)->Snapshot().policy);
    }
  }

  void GiveOrder() {
    ReferenceOrder order;
    order.pattern = SomePattern();
    order.action = static_cast<OrderAction>(1 + Below(5));
    order.who = OneOf<std::string>({"oncall", "sre"});
    if (order.action == OrderAction::kSetPolicy) {
      do {
        order.settings = SomeSettings();
      } while (order.settings.empty());
    }
    StandingOrder theirs;
    theirs.pattern = order.pattern;
    theirs.action = order.action;
    theirs.by = Operator(order.who).Because("why");
    theirs.change = PatchOf(order.settings);
    if (Below(2) == 0) {
      theirs.ttl = absl::Seconds(1 + Below(20));
      order.until = now_ + *theirs.ttl;
    }
    const auto given = registry_->GiveOrder(theirs);
    ASSERT_TRUE(given.ok()) << given.status();
    EXPECT_EQ(given->id, reference_.Give(order));
  }

  void RevokeOrder() {
    if (reference_.orders.empty()) return;
    const uint64_t id = OneOf(reference_.orders).id;
    EXPECT_TRUE(registry_->RevokeOrder(id, Operator("sre").Because("why")).ok());
    reference_.Revoke(id);
  }

  // As code does.
  void ActDirectly() {
    if (reference_.circuits.empty()) return;
    auto circuit = reference_.circuits.begin();
    std::advance(circuit, Below(reference_.circuits.size()));
    circuit->second.holder = 0;
    const auto theirs = registry_->Find(circuit->first);
    if (Below(2) == 0) {
      theirs->Disable(Operator("code"));
      circuit->second.mode = Mode::kDisabled;
    } else {
      theirs->Reset(Operator("code"));
      circuit->second.mode = Mode::kAutomatic;
    }
  }

  void Remove() {
    if (reference_.circuits.empty()) return;
    auto circuit = reference_.circuits.begin();
    std::advance(circuit, Below(reference_.circuits.size()));
    EXPECT_TRUE(registry_->Remove(circuit->first).ok());
    reference_.circuits.erase(circuit);
  }

  void Wait() {
    const absl::Duration by = absl::Milliseconds(Below(3'000));
    clock_.Advance(by);
    now_ += by;
    reference_.End(now_);
  }

  void Step() {
    switch (Below(12)) {
      case 0:
      case 1:
      case 2:
        return MakeCircuit();
      case 3:
        return SetOverrides();
      case 4:
      case 5:
      case 6:
        return GiveOrder();
      case 7:
        return RevokeOrder();
      case 8:
        return ActDirectly();
      case 9:
        return Remove();
      default:
        return Wait();
    }
  }

  void Compare() {
    std::vector<uint64_t> ids;
    for (const StandingOrder& order : registry_->Orders()) ids.push_back(order.id);
    std::vector<uint64_t> expected;
    for (const ReferenceOrder& order : reference_.orders) expected.push_back(order.id);
    ASSERT_EQ(ids, expected);
    for (const auto& [name, circuit] : reference_.circuits) {
      const CircuitSnapshot snapshot = registry_->Find(name)->Snapshot();
      ASSERT_EQ(snapshot.mode, circuit.mode) << name;
      ASSERT_EQ(snapshot.order, circuit.holder) << name;
      ASSERT_TRUE(snapshot.policy == reference_.InForce(name, circuit)) << name;
    }
  }

  std::mt19937 random_{GetParam()};
  fusebox_testing::FakeClock clock_;
  absl::Duration now_ = absl::ZeroDuration();
  std::unique_ptr<CircuitRegistry> registry_;
  Reference reference_;
};

TEST_P(PolicyLayersPropertyTest, P6_IsAsAPlainReadingSays) {
  for (int step = 0; step < 1'000; ++step) {
    Step();
    if (::testing::Test::HasFatalFailure()) return;
    Compare();
    if (::testing::Test::HasFatalFailure()) {
      FAIL() << "seed " << GetParam() << ", step " << step;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, PolicyLayersPropertyTest, ::testing::Range(1U, 11U));

}  // namespace
}  // namespace fusebox
