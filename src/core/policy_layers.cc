// SPDX-License-Identifier: Apache-2.0
#include "src/core/policy_layers.h"

#include <optional>
#include <string>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "src/core/policy_in_force.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"

namespace fusebox::internal {
namespace {

// The paths of the fields that have a value.
class SetFields {
 public:
  static std::vector<std::string> Of(const Policy& policy) {
    SetFields fields;
    fields.Visit(policy, "");
    return std::move(fields.paths_);
  }

 private:
  template <typename T>
  void Visit(const T& of, const std::string& prefix) {
    VisitFields(of,
                [&](const auto& field, const auto& value) { VisitField(field, value, prefix); });
  }

  template <typename Owner, typename Member>
  void VisitField(const ValueField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    if (IfSet(value) != nullptr) paths_.push_back(absl::StrCat(prefix, field.name));
  }
  template <typename Owner, typename Member>
  void VisitField(const PartField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    const auto* const set = IfSet(value);
    if (set != nullptr) Visit(*set, absl::StrCat(prefix, field.name, "."));
  }
  template <typename Owner, typename Member>
  void VisitField(const PolicyField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    if (value) Visit(*value, absl::StrCat(prefix, field.name, "."));
  }
  template <typename Owner, typename Member>
  void VisitField(const ChoiceField<Owner, Member>& field, const Member& value,
                  const std::string& prefix) {
    VisitChosen(field, value, [&](const Alternative& alternative, const auto& chosen) {
      const bool named = *alternative.name != '\0';
      Visit(chosen, named ? absl::StrCat(prefix, alternative.name, ".") : prefix);
    });
  }

  std::vector<std::string> paths_;
};

// Whose word above code's it is; none if nobody has said one.
std::optional<FieldOrigin> OriginAbove(const std::vector<const HeldOrder*>& orders,
                                       const OverridesIndex::Patches& patches,
                                       const std::string& path) {
  for (auto each = orders.rbegin(); each != orders.rend(); ++each) {
    const StandingOrder& order = (*each)->order;
    if (FindField(order.change, path) == nullptr) continue;
    return FieldOrigin{path, PolicyLayer::kOrder,
                       absl::StrCat("order ", order.id, " by ", order.by.who)};
  }
  for (auto each = patches.rbegin(); each != patches.rend(); ++each) {
    const PatchedField* const field = *each == nullptr ? nullptr : FindField(**each, path);
    if (field != nullptr) return FieldOrigin{path, PolicyLayer::kFile, field->source};
  }
  return std::nullopt;
}

FieldOrigin DirectOrigin(const std::string& path) {
  return {path, PolicyLayer::kOrder, "set directly"};
}

FieldOrigin OriginIn(const CodePolicy& code, const std::string& path) {
  if (code.direct) return DirectOrigin(path);
  const bool is_codes = Patched(Policy(), {code.given, {{path, ""}}}) != Policy();
  return {path, is_codes ? PolicyLayer::kCode : PolicyLayer::kDefault, ""};
}

}  // namespace

std::vector<FieldOrigin> OriginsOfDirect(const Policy& policy) {
  std::vector<FieldOrigin> origins;
  for (const std::string& path : SetFields::Of(policy)) origins.push_back(DirectOrigin(path));
  return origins;
}

std::vector<FieldOrigin> Origins(const std::shared_ptr<const PolicyLayers>& layers,
                                 const CircuitIdentity& circuit,
                                 const std::shared_ptr<const CodePolicy>& code, SteadyTime now) {
  PolicyResolver resolver(layers);
  OrdersOfCircuit its = layers->orders().Of(circuit.name, now);
  // What is left out has no word.
  PolicyResolver::Result in_force = resolver.Resolve(circuit, code, its);
  if (!in_force.ok()) {
    its.policy.clear();
    in_force = resolver.Resolve(circuit, code, its);
  }
  const bool apply = in_force.ok();
  const OverridesIndex::Patches patches =
      code->direct ? OverridesIndex::Patches() : layers->index().Find(circuit);
  std::vector<FieldOrigin> origins;
  for (const std::string& path : SetFields::Of(apply ? **in_force : *code->in_force)) {
    std::optional<FieldOrigin> above;
    if (apply) above = OriginAbove(its.policy, patches, path);
    origins.push_back(above ? *std::move(above) : OriginIn(*code, path));
  }
  return origins;
}

PolicyResolver::Result PolicyResolver::Resolve(const CircuitIdentity& circuit,
                                               const std::shared_ptr<const CodePolicy>& code,
                                               const OrdersOfCircuit& orders) {
  Key key = {{code.get(), code->direct ? OverridesIndex::Patches() : PatchesOf(circuit)},
             orders.policy};
  const auto found = known_.find(key);
  if (found != known_.end()) return found->second.result;
  Result result = ResolveAnew(*code, key.first.second, key.second);
  known_.emplace(std::move(key), Known{code, result});
  return result;
}

// There are many circuits, and few targets.
OverridesIndex::Patches PolicyResolver::PatchesOf(const CircuitIdentity& circuit) {
  auto found = dependencies_.find(circuit.target);
  if (found == dependencies_.end()) {
    found =
        dependencies_
            .emplace(std::string(circuit.target), layers_->index().FindDependency(circuit.target))
            .first;
  }
  return OverridesIndex::FindIn(found->second, circuit);
}

PolicyResolver::Fallen PolicyResolver::ResolveOrFallBack(
    const CircuitIdentity& circuit, const std::shared_ptr<const CodePolicy>& code,
    const OrdersOfCircuit& orders) {
  Result whole = Resolve(circuit, code, orders);
  if (whole.ok()) return {*std::move(whole), "", absl::OkStatus()};
  const std::string problem(whole.status().message());
  Result without_orders = Resolve(circuit, code, OrdersOfCircuit());
  if (without_orders.ok()) return {*std::move(without_orders), problem, absl::OkStatus()};
  return {code->in_force, absl::StrCat("overrides: ", problem), without_orders.status()};
}

PolicyResolver::Result PolicyResolver::ResolveAnew(const CodePolicy& code,
                                                   const OverridesIndex::Patches& patches,
                                                   const Orders& orders) {
  Policy policy = code.given;
  bool is_codes = true;
  for (const PolicyPatch* const each : patches) {
    if (each == nullptr || IsEmpty(*each)) continue;
    policy = Patched(policy, *each);
    is_codes = false;
  }
  Result in_force = is_codes ? Result(code.in_force) : PolicyInForce(policy);
  if (!in_force.ok() || orders.empty()) return in_force;
  // Checked as a whole: each may only be right together with the next.
  Policy ordered = **in_force;
  std::string ids;
  for (const HeldOrder* const each : orders) {
    ordered = Patched(ordered, each->order.change).InForce();
    absl::StrAppend(&ids, ids.empty() ? "" : ", ", each->order.id);
  }
  in_force = PolicyInForce(ordered);
  if (in_force.ok()) return in_force;
  return absl::InvalidArgumentError(
      absl::StrCat(in_force.status().message(), "; with standing orders about its policy: ", ids));
}

}  // namespace fusebox::internal
