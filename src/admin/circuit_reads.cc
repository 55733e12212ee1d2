// SPDX-License-Identifier: Apache-2.0
#include "src/admin/circuit_reads.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fusebox/policy.h"
#include "fusebox/policy_patch.h"
#include "fusebox/policy_use.h"
#include "fusebox/standing_order.h"
#include "src/admin/circuit_filter.h"
#include "src/admin/circuit_scan.h"
#include "src/admin/order_conversion.h"
#include "src/admin/page_token.h"
#include "src/admin/policy_change.h"
#include "src/admin/policy_conversion.h"
#include "src/admin/quote.h"
#include "src/admin/reasoned_status.h"
#include "src/admin/request_errors.h"

namespace fusebox::internal {
namespace {

constexpr int kDefaultPageSize = 100;
constexpr int kMaxPageSize = 1'000;
constexpr int kDefaultEvents = 20;
constexpr int kMaxEvents = 1'000;
constexpr int kMaxUnusedPolicies = 100;
constexpr absl::string_view kChangePath = "change";

void CheckRange(absl::string_view field, int value, int min, int max, RequestErrors& errors) {
  if (value < min || value > max) {
    errors.Add(field, absl::StrCat(value, ", must be from ", min, " to ", max));
  }
}

}  // namespace

grpc::Status NoSuchCircuit(const std::string& name) {
  return ReasonedStatus(AdminReason::kCircuitNotFound,
                        absl::StrCat("no circuit named ", Quoted(name)));
}

CircuitReads::CircuitReads(std::shared_ptr<CircuitRegistry> registry, std::string instance,
                           Disclosure disclosure)
    : registry_(std::move(registry)), instance_(std::move(instance)), disclosure_(disclosure) {}

void CircuitReads::DescribeInstance(v1::Instance& instance) const {
  const RegistryStats stats = registry_->Stats();
  instance.set_name(instance_);
  instance.set_circuits(static_cast<int64_t>(stats.circuits));
  instance.set_max_circuits(static_cast<int64_t>(stats.max_circuits));
  instance.set_evicted_circuits(stats.evicted);
  instance.set_restored_circuits(stats.restored);
  instance.set_forgotten_circuits(stats.forgotten);
  instance.set_unprotected_calls(stats.unprotected_calls);
  instance.set_user_code_failures(stats.user_code_failures);
  instance.set_dropped_events(stats.dropped_events);
  const std::vector<UnusedPolicy> unused = registry_->UnusedPolicies();
  instance.set_unused_policy_count(static_cast<int64_t>(unused.size()));
  for (const UnusedPolicy& policy : unused) {
    if (instance.unused_policies_size() == kMaxUnusedPolicies) break;
    v1::UnusedPolicy& told = *instance.add_unused_policies();
    told.set_target(policy.target);
    told.set_setting(policy.setting);
    told.set_name(policy.name);
  }
}

grpc::Status CircuitReads::List(const v1::ListCircuitsRequest& request,
                                v1::ListCircuitsResponse& response) const {
  const CircuitFilter filter(request.filter());
  RequestErrors errors;
  filter.Check(errors);
  CheckRange("page_size", request.page_size(), 0, kMaxPageSize, errors);
  std::optional<std::string> last = "";  // on the pages so far
  if (!request.page_token().empty()) {
    last = ReadPageToken(request.filter(), request.page_token());
    if (!last) {
      errors.Add("page_token", "not one, must be the next_page_token of a page with this filter");
    }
  }
  if (!errors.empty()) return errors.ToStatus();

  response.set_instance(instance_);
  response.set_total_circuits(static_cast<int64_t>(registry_->size()));
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  CircuitScan scan(*registry_, *last);
  WorkBudget budget;
  PolicyWriter policies;
  while (const std::optional<CircuitScan::Match> match = scan.NextMatch(filter, budget)) {
    if (response.circuits_size() == page_size) {  // there is more
      response.set_next_page_token(MakePageToken(request.filter(), *last));
      return grpc::Status::OK;
    }
    ToProto(match->snapshot, disclosure_, policies, *response.add_circuits());
    last = match->snapshot.name;
  }
  // There may be more that it takes longer to find.
  if (budget.spent())
    response.set_next_page_token(MakePageToken(request.filter(), scan.position()));
  return grpc::Status::OK;
}

grpc::Status CircuitReads::Get(const v1::GetCircuitRequest& request,
                               v1::GetCircuitResponse& response) const {
  RequestErrors errors;
  if (request.name().empty()) errors.Add("name", "\"\", must be a circuit's");
  CheckRange("max_events", request.max_events(), -1, kMaxEvents, errors);
  if (request.has_change()) CheckPolicyChange(request.change(), kChangePath, errors);
  if (!errors.empty()) return errors.ToStatus();
  const auto circuit = registry_->Find(request.name());
  if (circuit == nullptr) return NoSuchCircuit(request.name());

  response.set_instance(instance_);
  const CircuitSnapshot snapshot = circuit->Snapshot();
  ToProto(snapshot, disclosure_, *response.mutable_circuit());
  for (std::string& warning : PolicyWarnings(*snapshot.policy)) {
    response.add_policy_warnings(std::move(warning));
  }
  if (request.has_change()) {
    const Policy changed = ChangePolicy(*snapshot.policy, request.change(), kChangePath, errors);
    if (!errors.empty()) return errors.ToStatus();
    ToProto(changed, *response.mutable_changed()->mutable_policy());
    for (std::string& warning : PolicyWarnings(changed)) {
      response.mutable_changed()->add_warnings(std::move(warning));
    }
  }
  // None if the circuit has gone meanwhile.
  if (const auto origins = registry_->Origins(request.name()); origins.ok()) {
    for (const FieldOrigin& origin : *origins) {
      ToProto(origin, disclosure_, *response.add_origins());
    }
  }
  if (request.max_events() < 0) return grpc::Status::OK;
  const int wanted = request.max_events() == 0 ? kDefaultEvents : request.max_events();
  const EventBatch batch = registry_->EventsSince(0);
  std::vector<const Event*> events;  // the newest first
  for (auto event = batch.events.rbegin();
       event != batch.events.rend() && static_cast<int>(events.size()) < wanted; ++event) {
    if (event->circuit == request.name()) events.push_back(&*event);
  }
  std::reverse(events.begin(), events.end());
  for (const Event* event : events) ToProto(*event, disclosure_, *response.add_events());
  return grpc::Status::OK;
}

grpc::Status CircuitReads::ListOrders(const v1::ListOrdersRequest& request,
                                      v1::ListOrdersResponse& response) const {
  RequestErrors errors;
  CheckRange("page_size", request.page_size(), 0, kMaxPageSize, errors);
  uint64_t last = 0;  // on the pages so far
  if (!request.page_token().empty() && !absl::SimpleAtoi(request.page_token(), &last)) {
    errors.Add("page_token", "not one, must be the next_page_token of a page");
  }
  if (!errors.empty()) return errors.ToStatus();

  response.set_instance(instance_);
  const int page_size = request.page_size() == 0 ? kDefaultPageSize : request.page_size();
  WorkBudget budget;
  for (const StandingOrder& order : registry_->Orders()) {
    if (order.id <= last) continue;
    if (response.orders_size() == page_size || budget.spent()) {  // there is more
      response.set_next_page_token(absl::StrCat(response.orders(response.orders_size() - 1).id()));
      return grpc::Status::OK;
    }
    v1::StandingOrder& told = *response.add_orders();
    ToProto(order, disclosure_, told);
    told.set_circuits(CountFitting(*registry_, order.pattern, budget));
  }
  return grpc::Status::OK;
}

}  // namespace fusebox::internal
