// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_writes.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/enum_conversion.h"
#include "src/admin/order_conversion.h"
#include "src/admin/quote.h"
#include "src/admin/reasoned_status.h"
#include "src/admin/request_errors.h"
#include "src/admin/work_budget.h"
#include "src/base/printable.h"

namespace fusebox::internal {
namespace {

constexpr std::size_t kMaxCircuits = 10'000;

// As often as the registry may let go of a circuit, and get another one of its name, or others may
// change its policy, while something is done to it.
constexpr int kMaxAttempts = 16;

constexpr int kMaxNames = 1'000;  // that an answer has
constexpr std::size_t kMaxWarnings = 20;

grpc::Status StatusOfOrder(const absl::Status& status) {
  if (!absl::IsResourceExhausted(status)) return ToGrpcStatus(status);
  return ReasonedStatus(AdminReason::kTooManyOrders, std::string(status.message()));
}

grpc::Status NoSuchOrder(uint64_t id) {
  return ReasonedStatus(AdminReason::kOrderNotFound,
                        absl::StrCat("no standing order has the number ", id));
}

grpc::Status Contended(const CircuitAction& action, const std::string& name) {
  if (action.changes_policy()) {
    return ReasonedStatus(AdminReason::kPolicyContended,
                          "the policy is being changed by others, over and over");
  }
  return ReasonedStatus(
      AdminReason::kCircuitContended,
      absl::StrCat("the circuit ", Quoted(name), " is being removed, over and over"));
}

// A pattern that no circuit can fit must not stand.
void CheckPatterns(const CircuitFilter& filter, RequestErrors& errors) {
  if (!errors.empty()) return;
  for (const std::string& pattern : filter.Patterns()) {
    if (const std::string unprintable = FirstUnprintable(pattern); !unprintable.empty()) {
      errors.Add("filter", absl::StrCat("with ", unprintable, ", must be printable text in UTF-8"));
      return;
    }
  }
}

void AddWarnings(const Policy& policy, std::set<std::string>& warnings) {
  for (std::string& warning : PolicyWarnings(policy)) {
    if (warnings.size() < kMaxWarnings) warnings.insert(std::move(warning));
  }
}

}  // namespace

CircuitWrites::CircuitWrites(std::shared_ptr<CircuitRegistry> registry, std::string instance,
                             Disclosure disclosure)
    : registry_(std::move(registry)), instance_(std::move(instance)), disclosure_(disclosure) {}

grpc::Status CircuitWrites::Apply(const CircuitAction& action, const std::string& name,
                                  const Operator& by, v1::Circuit& circuit,
                                  Overruled& overruled) const {
  std::shared_ptr<CircuitBreaker> breaker;
  if (grpc::Status status = Find(action, name, by, breaker); !status.ok()) return status;
  OverruledOrders others(registry_->Orders(), by.who);
  const Written written = Write(action, by, std::move(breaker));
  if (!written.status.ok()) return written.status;
  others.Add(action.Order(name, by), written.given);
  others.Tell(disclosure_, overruled);
  ToProto(*written.snapshot, disclosure_, circuit);
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::UpdatePolicy(const v1::UpdatePolicyRequest& request,
                                         const std::string& who,
                                         v1::UpdatePolicyResponse& response) const {
  const CircuitAction action = CircuitAction::Of(request);
  const Operator by = Operator(who).Because(request.reason());
  response.set_instance(instance_);
  std::shared_ptr<CircuitBreaker> breaker;
  if (grpc::Status status = Find(action, request.name(), by, breaker); !status.ok()) return status;
  OverruledOrders others(registry_->Orders(), who);
  Written written =
      request.validate_only() ? Try(action, *breaker) : Write(action, by, std::move(breaker));
  if (!written.status.ok()) return written.status;
  others.Add(action.Order(request.name(), by), written.given);
  others.Tell(disclosure_, *response.mutable_overruled());
  response.set_order(written.given.id);
  written.snapshot->policy = written.policy;
  ToProto(*written.snapshot, disclosure_, *response.mutable_circuit());
  for (std::string& warning : PolicyWarnings(written.policy)) {
    response.add_warnings(std::move(warning));
  }
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::Find(const CircuitAction& action, const std::string& name,
                                 const Operator& by,
                                 std::shared_ptr<CircuitBreaker>& breaker) const {
  RequestErrors errors;
  if (name.empty()) errors.Add("name", "\"\", must be a circuit's");
  CheckReason(by.why, errors);
  action.Check(errors);
  if (!errors.empty()) return errors.ToStatus();
  breaker = registry_->Find(name);
  return breaker == nullptr ? NoSuchCircuit(name) : grpc::Status::OK;
}

CircuitWrites::Written CircuitWrites::Try(const CircuitAction& action,
                                          const CircuitBreaker& circuit) {
  Written written;
  written.snapshot = circuit.Snapshot();
  written.policy = *written.snapshot->policy;
  written.status = action.Try(written.policy);
  return written;
}

CircuitWrites::Written CircuitWrites::Write(const CircuitAction& action, const Operator& by,
                                            std::shared_ptr<CircuitBreaker> circuit) const {
  const std::string name = circuit->name();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (circuit->removed()) circuit = registry_->Find(name);
    if (circuit == nullptr) return {NoSuchCircuit(name), std::nullopt, {}, {}};
    Written written = Try(action, *circuit);
    if (!written.status.ok()) return written;
    OrderConditions conditions;
    conditions.circuit_exists = true;  // nobody has asked for an order for the next one alone
    if (action.changes_policy()) conditions.policy = &*written.snapshot->policy;
    absl::StatusOr<GivenOrder> given = registry_->GiveOrder(action.Order(name, by), conditions);
    if (absl::IsAborted(given.status()) || absl::IsNotFound(given.status())) continue;
    if (!given.ok()) {
      written.status = StatusOfOrder(given.status());
      return written;
    }
    written.given = *std::move(given);
    if (action.resets()) written.status = Reset(by, circuit);
    if (const auto next = registry_->Find(name); next != nullptr) circuit = next;
    written.snapshot = circuit->Snapshot();
    written.policy = *written.snapshot->policy;
    return written;
  }
  return {Contended(action, name), std::nullopt, {}, {}};
}

// What is done to a circuit that the registry lets go of at the same time moves nobody's calls, and
// no snapshot of that circuit may be shown as if it did.
grpc::Status CircuitWrites::Reset(const Operator& by,
                                  std::shared_ptr<CircuitBreaker> circuit) const {
  const std::string name = circuit->name();
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    if (circuit->removed()) circuit = registry_->Find(name);
    if (circuit == nullptr) return NoSuchCircuit(name);
    circuit->Reset(by);
    if (!circuit->removed()) return grpc::Status::OK;
  }
  return ReasonedStatus(
      AdminReason::kCircuitContended,
      absl::StrCat("the circuit ", Quoted(name), " is being removed, over and over"));
}

grpc::Status CircuitWrites::GiveOrders(const CircuitAction& action,
                                       const std::vector<std::string>& patterns, const Operator& by,
                                       const Circuits& matched, Reached& reached,
                                       std::vector<GivenOrder>& given,
                                       OverruledOrders& overruled) const {
  for (const std::string& pattern : patterns) {
    const StandingOrder wanted = action.Order(pattern, by);
    absl::StatusOr<GivenOrder> order = registry_->GiveOrder(wanted);
    if (!order.ok()) {
      grpc::Status status = StatusOfOrder(order.status());
      if (given.empty()) return status;
      for (const auto& circuit : matched) reached.emplace(circuit->name(), status);
      return grpc::Status::OK;
    }
    for (const std::string& name : order->circuits) reached[name] = grpc::Status::OK;
    overruled.Add(wanted, *order);
    given.push_back(*std::move(order));
  }
  return grpc::Status::OK;
}

void CircuitWrites::ResetReached(const Operator& by, Reached& reached) const {
  for (auto each = reached.begin(); each != reached.end();) {
    if (each->second.ok()) {
      const auto circuit = registry_->Find(each->first);
      each->second = circuit == nullptr ? NoSuchCircuit(each->first) : Reset(by, circuit);
    }
    each = each->second.error_code() == grpc::StatusCode::NOT_FOUND ? reached.erase(each)
                                                                    : std::next(each);
  }
}

void CircuitWrites::Describe(const std::vector<GivenOrder>& given,
                             v1::ApplyToCircuitsResponse& response) const {
  std::map<uint64_t, StandingOrder> standing;
  for (StandingOrder& order : registry_->Orders()) standing[order.id] = std::move(order);
  for (const GivenOrder& order : given) {
    const auto found = standing.find(order.id);
    if (found != standing.end()) Describe(found->second, order, *response.add_orders());
  }
}

void CircuitWrites::Describe(const StandingOrder& order, const GivenOrder& given,
                             v1::GivenOrder& told) const {
  ToProto(order, disclosure_, *told.mutable_order());
  if (order.id == 0) told.mutable_order()->clear_time();  // it doesn't stand
  told.mutable_order()->set_circuits(static_cast<int64_t>(given.circuits.size()));
  for (const uint64_t id : given.replaced) told.add_replaced(id);
}

grpc::Status CircuitWrites::PreviewOrders(const CircuitAction& action,
                                          const std::vector<std::string>& patterns,
                                          const Operator& by, OverruledOrders& overruled,
                                          v1::ApplyToCircuitsResponse& response) const {
  for (const std::string& pattern : patterns) {
    const StandingOrder wanted = action.Order(pattern, by);
    const absl::StatusOr<GivenOrder> given = registry_->PreviewOrder(wanted);
    if (!given.ok()) {
      if (response.orders().empty()) return StatusOfOrder(given.status());
      continue;
    }
    overruled.Add(wanted, *given);
    // Whether one that ends others stands itself is known only when it is given.
    if (wanted.action == OrderAction::kAutomate) continue;
    Describe(wanted, *given, *response.add_orders());
  }
  return grpc::Status::OK;
}

// A request for many circuits, and what becomes of it.
struct CircuitWrites::Many {
  const CircuitAction& action;
  const std::vector<std::string> patterns;
  const Operator by;
  Circuits circuits;
  OverruledOrders overruled;
  v1::ApplyToCircuitsResponse& response;

  bool CanAll() const {
    return std::all_of(circuits.begin(), circuits.end(), [this](const auto& circuit) {
      return !action.changes_policy() || Try(action, *circuit).status.ok();
    });
  }

  // One that has gone has none.
  void AddResult(const std::string& name, const grpc::Status& status,
                 const std::optional<CircuitSnapshot>& snapshot, const Policy& policy) {
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) return;
    v1::ApplyToCircuitsResponse::Result& result = *response.add_results();
    result.set_name(name);
    result.set_code(status.error_code());
    result.set_message(status.error_message());
    result.set_reason(AdminReasonIn(status.error_details()));
    if (snapshot) {
      result.set_state(ToProto(snapshot->state));
      result.set_mode(ToProto(snapshot->mode));
    }
    if (!action.changes_policy() || !status.ok()) return;
    for (std::string& warning : PolicyWarnings(policy)) result.add_warnings(std::move(warning));
  }
};

grpc::Status CircuitWrites::ApplyToMany(const v1::ApplyToCircuitsRequest& request,
                                        const std::string& who,
                                        v1::ApplyToCircuitsResponse& response,
                                        const GivenUp& given_up) const {
  const CircuitFilter filter(request.filter());
  const CircuitAction action = CircuitAction::Of(request);
  RequestErrors errors;
  filter.Check(errors);
  if (filter.empty() != request.all()) {
    errors.Add("filter", request.all() ? "set, must be empty if all is set"
                                       : "empty, must be set, or else all, to mean every circuit");
  }
  CheckReason(request.reason(), errors);
  action.Check(errors);
  CheckPatterns(filter, errors);
  if (!errors.empty()) return errors.ToStatus();

  Circuits circuits;
  if (grpc::Status status = Match(filter, given_up, circuits); !status.ok()) return status;
  response.set_instance(instance_);
  Many many{action,
            filter.Patterns(),
            Operator(who).Because(request.reason()),
            std::move(circuits),
            OverruledOrders(registry_->Orders(), who),
            response};
  grpc::Status status = request.validate_only() ? PreviewMany(many) : WriteMany(many);
  if (!status.ok()) return status;
  many.overruled.Tell(disclosure_, *response.mutable_overruled());
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::PreviewMany(Many& many) const {
  if (many.CanAll()) {
    grpc::Status status =
        PreviewOrders(many.action, many.patterns, many.by, many.overruled, many.response);
    if (!status.ok()) return status;
  }
  for (const auto& circuit : many.circuits) {
    const Written written = Try(many.action, *circuit);
    many.AddResult(circuit->name(), written.status, written.snapshot, written.policy);
  }
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::WriteMany(Many& many) const {
  std::vector<GivenOrder> given;
  if (many.patterns.empty() || !many.CanAll()) {
    WriteEach(many, given);
  } else {
    Reached reached;
    grpc::Status status = GiveOrders(many.action, many.patterns, many.by, many.circuits, reached,
                                     given, many.overruled);
    if (!status.ok()) return status;
    if (many.action.resets()) ResetReached(many.by, reached);
    for (const auto& [name, of_it] : reached) {
      const auto circuit = registry_->Find(name);
      if (circuit == nullptr) continue;
      const CircuitSnapshot snapshot = circuit->Snapshot();
      many.AddResult(name, of_it, snapshot, *snapshot.policy);
    }
  }
  Describe(given, many.response);
  return grpc::Status::OK;
}

void CircuitWrites::WriteEach(Many& many, std::vector<GivenOrder>& given) const {
  for (auto& circuit : many.circuits) {
    const std::string name = circuit->name();
    Written written = Write(many.action, many.by, std::move(circuit));
    many.AddResult(name, written.status, written.snapshot, written.policy);
    if (written.status.ok()) many.overruled.Add(many.action.Order(name, many.by), written.given);
    given.push_back(std::move(written.given));
  }
}

grpc::Status CircuitWrites::GiveOrder(const v1::GiveOrderRequest& request, const std::string& who,
                                      v1::GiveOrderResponse& response,
                                      const GivenUp& given_up) const {
  RequestErrors errors;
  StandingOrder order = OrderOf(request, errors);
  CheckReason(request.reason(), errors);
  if (!errors.empty()) return errors.ToStatus();
  order.by = Operator(who).Because(request.reason());
  response.set_instance(instance_);

  const CircuitAction action = CircuitAction::Of(request);
  std::set<std::string> warnings;
  if (action.changes_policy()) {
    v1::CircuitFilter filter;
    filter.add_name_globs(order.pattern);
    Circuits circuits;
    grpc::Status status = Match(CircuitFilter(filter), given_up, circuits);
    for (const auto& circuit : circuits) {
      if (!status.ok()) return status;
      const Written written = Try(action, *circuit);
      status = written.status;
      AddWarnings(written.policy, warnings);
    }
    if (!status.ok()) return status;
  }

  OverruledOrders overruled(registry_->Orders(), who);
  const absl::StatusOr<GivenOrder> given =
      request.validate_only() ? registry_->PreviewOrder(order) : registry_->GiveOrder(order);
  if (!given.ok()) return StatusOfOrder(given.status());
  for (const std::string& warning : warnings) response.add_warnings(warning);
  for (const StandingOrder& standing : registry_->Orders()) {
    if (standing.id == given->id) order = standing;
  }
  order.id = given->id;
  Describe(order, *given, *response.mutable_given());
  overruled.Add(order, *given);
  overruled.Tell(disclosure_, *response.mutable_overruled());
  for (const std::string& name : given->circuits) {
    if (response.circuits_size() == kMaxNames) break;
    response.add_circuits(name);
  }
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::RevokeOrder(const v1::RevokeOrderRequest& request,
                                        const std::string& who,
                                        v1::RevokeOrderResponse& response) const {
  RequestErrors errors;
  if (request.id() == 0) errors.Add("id", "0, must be that of an order");
  CheckReason(request.reason(), errors);
  if (!errors.empty()) return errors.ToStatus();
  const std::vector<StandingOrder> orders = registry_->Orders();
  const auto order = std::find_if(orders.begin(), orders.end(),
                                  [&](const auto& each) { return each.id == request.id(); });
  if (order == orders.end()) return NoSuchOrder(request.id());
  const absl::Status status =
      registry_->RevokeOrder(order->id, Operator(who).Because(request.reason()));
  if (absl::IsNotFound(status)) return NoSuchOrder(order->id);
  if (!status.ok()) return ToGrpcStatus(status);
  response.set_instance(instance_);
  ToProto(*order, disclosure_, *response.mutable_order());
  WorkBudget budget;
  response.mutable_order()->set_circuits(CountFitting(*registry_, order->pattern, budget));
  return grpc::Status::OK;
}

grpc::Status CircuitWrites::Match(const CircuitFilter& filter, const GivenUp& given_up,
                                  Circuits& circuits) const {
  CircuitScan scan(*registry_);
  while (!given_up()) {
    WorkBudget budget;
    while (std::optional<CircuitScan::Match> match = scan.NextMatch(filter, budget)) {
      if (circuits.size() == kMaxCircuits) {
        return ReasonedStatus(AdminReason::kTooManyCircuits,
                              absl::StrCat("more than ", kMaxCircuits,
                                           " circuits match: ask for fewer at the same time"));
      }
      circuits.push_back(std::move(match->circuit));
    }
    if (!budget.spent()) return grpc::Status::OK;
  }
  return grpc::Status::CANCELLED;
}

}  // namespace fusebox::internal
