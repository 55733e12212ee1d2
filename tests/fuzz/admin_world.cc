// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/admin_world.h"

#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "fusebox/outcome.h"
#include "fusebox/policy.h"
#include "src/admin/circuit_action.h"
#include "src/admin/circuit_conversion.h"
#include "src/admin/enum_conversion.h"
#include "src/base/operator_verbs.h"
#include "src/core/phase.h"
#include "src/core/transition_table.h"
#include "tests/fuzz/answer.h"
#include "tests/fuzz/require.h"

namespace fusebox_testing {
namespace {

namespace v1 = fusebox::v1;
using fusebox::Cause;
using fusebox::internal::CauseRow;
using fusebox::internal::CircuitAction;
using fusebox::internal::RowOf;
using fusebox::internal::StateOf;
using fusebox::internal::ToProto;

constexpr std::size_t kEventCapacity = 16;  // so few that watchers miss some
constexpr std::size_t kMaxWatchers = 4;
constexpr std::array kNames = {"a/shop.Cart/Add", "a/shop.Cart/Drop", "b", "b/\u6f22\u5b57 of %FF"};
constexpr fusebox::internal::Disclosure kDisclosure{true};

std::shared_ptr<fusebox::CircuitRegistry> MakeRegistry(const FakeClock& clock) {
  fusebox::CircuitRegistry::Options options;
  options.clock = &clock;
  options.seed = 1;
  options.max_circuits = kNames.size();
  options.event_capacity = kEventCapacity;
  return std::make_shared<fusebox::CircuitRegistry>(std::move(options));
}

// A circuit that does much in few calls.
fusebox::Policy QuickPolicy() {
  fusebox::Policy policy;
  policy.consecutive_failures = 1;
  policy.open_duration = absl::Seconds(1);
  policy.half_open.verdict = fusebox::SuccessThreshold{1};
  policy.ramp = fusebox::Ramp{};
  return policy;
}

// The request of a verb's, with what `all` has of its fields.
template <typename Request>
Request RequestOf(const v1::ForceOpenCircuitRequest& all) {
  if constexpr (std::is_same_v<Request, v1::ForceOpenCircuitRequest>) {
    return all;
  } else {
    return Request();
  }
}

std::vector<std::string> Words() {
  return {"a/shop.Cart/Add",
          "a/shop.Cart/Drop",
          "b",
          "b? is not UTF-8",
          "nobody",
          "",
          "a",
          "a/*",
          "*",
          "?",
          "log",
          "a reason",
          "open_duration",
          "half_open.verdict",
          "count_window.size",
          "time_window",
          "ramp",
          "consecutive_failures",
          std::string(600, 'x'),
          "\n",
          "\x7F"};
}

}  // namespace

AdminWorld::AdminWorld(FuzzedDataProvider& data)
    : data_(data),
      registry_(MakeRegistry(clock_)),
      reads_(registry_, "instance", kDisclosure),
      writes_(registry_, "instance", kDisclosure),
      source_{registry_, "instance", "log", kDisclosure},
      maker_(data, Words()) {
  for (const char* name : kNames) {
    const bool made = registry_->GetOrCreate(name, QuickPolicy(), std::string(name, 1)).ok();
    Require(made, "a circuit is made");
  }
}

void AdminWorld::Step() {
  using Act = void (AdminWorld::*)();
  constexpr std::array<Act, 15> kActs = {
      &AdminWorld::Call,         &AdminWorld::Call,       &AdminWorld::Advance,
      &AdminWorld::AddOrRemove,  &AdminWorld::List,       &AdminWorld::Get,
      &AdminWorld::StartWatch,   &AdminWorld::MoveOne,    &AdminWorld::MoveOne,
      &AdminWorld::GoOnWatching, &AdminWorld::MoveMany,   &AdminWorld::UpdatePolicy,
      &AdminWorld::GiveOrder,    &AdminWorld::ListOrders, &AdminWorld::RevokeOrder};
  (this->*Pick(kActs, data_))();
}

AdminWorld::Sight AdminWorld::Look() const {
  Sight sight;
  for (const fusebox::CircuitSnapshot& snapshot : registry_->List()) {
    v1::Circuit circuit;
    ToProto(snapshot, kDisclosure, circuit);
    sight.circuits[circuit.name()] = circuit.SerializeAsString();
  }
  sight.last_event = registry_->EventsSince(0).last;
  return sight;
}

// ---- What the application does.

void AdminWorld::Call() {
  if (!calls_.empty() && data_.ConsumeBool()) {
    const auto at = calls_.begin() + data_.ConsumeIntegralInRange<std::ptrdiff_t>(
                                         0, static_cast<std::ptrdiff_t>(calls_.size()) - 1);
    if (data_.ConsumeBool()) {
      at->permit.RecordSuccess();
    } else {
      at->permit.Record(fusebox::Outcome::Failure(14, data_.ConsumeRandomLengthString(64)));
    }
    calls_.erase(at);
    return;
  }
  const auto circuit = registry_->Find(Pick(kNames, data_));
  if (circuit == nullptr) return;
  fusebox::Admission admission = circuit->TryAcquire();
  if (admission) calls_.push_back({circuit, std::move(admission).permit()});
}

void AdminWorld::Advance() {
  constexpr std::array<absl::Duration, 6> kSteps = {absl::Nanoseconds(1), absl::Milliseconds(1),
                                                    absl::Seconds(1),     absl::Seconds(61),
                                                    absl::Hours(24),      absl::Hours(24 * 366)};
  clock_.Advance(Pick(kSteps, data_));
}

void AdminWorld::AddOrRemove() {
  const std::string name = Pick(kNames, data_);
  if (!registry_->Remove(name).ok()) {
    Require(registry_->GetOrCreate(name, QuickPolicy()).ok(), "a circuit is made again");
  }
}

// ---- What callers ask for.

template <typename Ask>
grpc::Status AdminWorld::AskForChange(bool is_dry, const Ask& ask) const {
  const Sight before = Look();
  grpc::Status status = ask();
  RequireDeliverable(status);
  if (!status.ok() || is_dry) {
    Require(Look() == before, "what is refused, or only asked, changes nothing",
            status.error_message());
  }
  return status;
}

template <typename Ask>
grpc::Status AdminWorld::AskOnly(const Ask& ask) const {
  return AskForChange(/*is_dry=*/true, ask);
}

void AdminWorld::List() {
  v1::ListCircuitsRequest request;
  maker_.Fill(request);
  std::string last_name;
  std::size_t seen = 0;
  int pages = 0;
  while (true) {
    v1::ListCircuitsResponse page;
    Require(++pages < 1'000, "a listing comes to its end");
    const grpc::Status status = AskOnly([&] { return reads_.List(request, page); });
    if (!status.ok()) return Require(seen == 0, "a page's token is good", status.error_message());
    RequireReadable(page);
    Require(page.total_circuits() == static_cast<int64_t>(registry_->size()), "all are counted");
    for (const v1::Circuit& circuit : page.circuits()) {
      Require(seen++ == 0 || last_name < circuit.name(), "pages are in order", circuit.name());
      last_name = circuit.name();
    }
    if (page.next_page_token().empty()) break;
    request.set_page_token(page.next_page_token());
  }
  Require(seen <= registry_->size(), "no circuit is on two pages");
}

void AdminWorld::Get() {
  v1::GetCircuitRequest request;
  maker_.Fill(request);
  v1::GetCircuitResponse response;
  if (!AskOnly([&] { return reads_.Get(request, response); }).ok()) return;
  RequireReadable(response);
  Require(response.circuit().name() == request.name(), "it is that circuit");
  uint64_t sequence = 0;
  for (const v1::Event& event : response.events()) {
    Require(event.circuit() == request.name() && event.sequence() > sequence,
            "events are that circuit's, and in order");
    sequence = event.sequence();
  }
}

void AdminWorld::StartWatch() {
  if (watchers_.size() == kMaxWatchers) watchers_.erase(watchers_.begin());
  v1::WatchCircuitsRequest request;
  maker_.Fill(request);
  Watcher watcher{std::make_unique<fusebox::internal::Watch>(source_, request)};
  if (AskOnly([&] { return watcher.watch->Start(); }).ok()) watchers_.push_back(std::move(watcher));
}

void AdminWorld::GoOnWatching() {
  if (watchers_.empty()) return;
  Watcher& watcher = Pick(watchers_, data_);
  v1::WatchCircuitsResponse message;
  int messages = 0;
  while (true) {
    Require(++messages < 100, "a watcher is soon told all that there is");
    auto found = fusebox::internal::Watch::Found::kNothing;
    AskOnly([&] {
      found = watcher.watch->Next(message);
      return grpc::Status::OK;
    });
    if (found == fusebox::internal::Watch::Found::kNothing) break;
    if (found == fusebox::internal::Watch::Found::kNothingYet) continue;
    RequireReadable(message);
    for (const v1::Event& event : message.events()) {
      Require(event.sequence() > watcher.sequence, "no event is told twice");
      watcher.sequence = event.sequence();
    }
    if (message.has_resume()) {
      Require(message.resume().sequence() >= watcher.sequence,
              "a watch goes on after what it told");
      watcher.sequence = message.resume().sequence();
    }
  }
}

void AdminWorld::MoveOne() {
  v1::ForceOpenCircuitRequest request;  // has what all of them have
  maker_.Fill(request);
  if (data_.ConsumeBool()) request.set_reason("why");
  struct Verb {
    CircuitAction action;
    Cause cause;
    bool again;  // it does something even if the mode is the one that it asks for
  };
  constexpr bool kAgain = true;
  constexpr bool kOnce = false;
#define FUSEBOX_VERB(verb, field, cause, repeated, ...) \
  {CircuitAction::Of(RequestOf<v1::verb##CircuitRequest>(request)), Cause::cause, repeated},
  const std::vector<Verb> verbs = {FUSEBOX_OPERATOR_VERBS(FUSEBOX_VERB)};
#undef FUSEBOX_VERB
  const Verb& verb = Pick(verbs, data_);
  const auto found = registry_->Find(request.name());
  const fusebox::Mode before = found ? found->Snapshot().mode : fusebox::Mode::kAutomatic;
  v1::ResetCircuitResponse response;  // all are alike
  const grpc::Status status = AskForChange(/*is_dry=*/false, [&] {
    return writes_.Apply(verb.action, request.name(),
                         fusebox::Operator("who").Because(request.reason()),
                         *response.mutable_circuit(), *response.mutable_overruled());
  });
  if (!status.ok()) return;
  Require(response.overruled().empty(), "there is nobody else");
  const v1::Circuit& circuit = response.circuit();
  RequireReadable(circuit);
  const bool released = verb.cause == Cause::kAutomated && before == fusebox::Mode::kForcedOpen;
  const CauseRow& row = RowOf(released ? Cause::kReleased : verb.cause);
  Require(circuit.name() == request.name() && circuit.mode() == ToProto(*row.mode),
          "what was asked for is done", circuit.ShortDebugString());
  if (verb.again || before != *row.mode) {
    Require(circuit.state() == ToProto(StateOf(*row.to)), "it is in the state that follows",
            circuit.ShortDebugString());
  }
}

void AdminWorld::UpdatePolicy() {
  v1::UpdatePolicyRequest request;
  maker_.Fill(request);
  if (data_.ConsumeBool()) request.set_reason("why");
  if (const auto circuit = registry_->Find(request.name()); circuit && data_.ConsumeBool()) {
    v1::Circuit now;
    ToProto(circuit->Snapshot(), kDisclosure, now);
    request.set_etag(now.etag());
  }
  request.set_validate_only(true);
  v1::UpdatePolicyResponse expected;
  const grpc::Status tried = AskForChange(
      /*is_dry=*/true, [&] { return writes_.UpdatePolicy(request, "who", expected); });
  request.set_validate_only(false);
  v1::UpdatePolicyResponse response;
  const grpc::Status done = AskForChange(
      /*is_dry=*/false, [&] { return writes_.UpdatePolicy(request, "who", response); });
  Require(tried.error_code() == done.error_code() && tried.error_message() == done.error_message(),
          "validate_only says what would come of it", tried.error_message());
  if (!done.ok()) return;
  RequireReadable(response);
  Require(expected.circuit().policy().SerializeAsString() ==
                  response.circuit().policy().SerializeAsString() &&
              expected.circuit().etag() == response.circuit().etag(),
          "validate_only shows what would come of it");
}

void AdminWorld::GiveOrder() {
  v1::GiveOrderRequest request;
  maker_.Fill(request);
  if (data_.ConsumeBool()) request.set_reason("why");
  request.set_validate_only(true);
  v1::GiveOrderResponse expected;
  const grpc::Status tried =
      AskForChange(/*is_dry=*/true, [&] { return writes_.GiveOrder(request, "who", expected); });
  request.set_validate_only(false);
  v1::GiveOrderResponse response;
  const grpc::Status done =
      AskForChange(/*is_dry=*/false, [&] { return writes_.GiveOrder(request, "who", response); });
  Require(tried.error_code() == done.error_code() && tried.error_message() == done.error_message(),
          "validate_only says what would come of it", tried.error_message());
  if (!done.ok()) return;
  RequireReadable(response);
  Require(expected.given().order().circuits() == response.given().order().circuits() &&
              expected.given().replaced_size() == response.given().replaced_size(),
          "validate_only counts the circuits");
}

void AdminWorld::ListOrders() {
  v1::ListOrdersRequest request;
  maker_.Fill(request);
  v1::ListOrdersResponse response;
  if (!AskOnly([&] { return reads_.ListOrders(request, response); }).ok()) return;
  RequireReadable(response);
  uint64_t last = 0;
  for (const v1::StandingOrder& order : response.orders()) {
    Require(order.id() > last, "orders are listed by number, each once");
    last = order.id();
  }
}

void AdminWorld::RevokeOrder() {
  v1::RevokeOrderRequest request;
  maker_.Fill(request);
  if (data_.ConsumeBool()) request.set_reason("why");
  const std::vector<fusebox::StandingOrder> orders = registry_->Orders();
  if (!orders.empty() && data_.ConsumeBool()) request.set_id(orders.front().id);
  v1::RevokeOrderResponse response;
  const grpc::Status status = AskForChange(
      /*is_dry=*/false, [&] { return writes_.RevokeOrder(request, "who", response); });
  if (!status.ok()) return;
  RequireReadable(response);
  Require(registry_->Orders().size() + 1 == orders.size(), "one order is gone");
}

void AdminWorld::MoveMany() {
  v1::ApplyToCircuitsRequest request;
  maker_.Fill(request);
  if (data_.ConsumeBool()) request.set_reason("why");
  const Sight before = Look();
  v1::ApplyToCircuitsResponse response;
  const grpc::Status status = AskForChange(
      request.validate_only(), [&] { return writes_.ApplyToMany(request, "who", response); });
  if (!status.ok()) return Require(response.results().empty(), "a refusal has no results");
  RequireReadable(response);
  Sight after = Look();
  for (const auto& result : response.results()) {
    const auto found = before.circuits.find(result.name());
    Require(found != before.circuits.end(), "a result is a circuit's", result.name());
    if (result.code() != 0) {
      Require(after.circuits[result.name()] == found->second, "a circuit that failed is as it was");
    }
    after.circuits.erase(result.name());
  }
  for (const auto& [name, circuit] : after.circuits) {
    Require(before.circuits.at(name) == circuit, "a circuit that isn't named is as it was", name);
  }
}

}  // namespace fusebox_testing
