// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/policy_facts.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "src/base/text.h"
#include "src/policy/every_field.h"
#include "src/policy/field.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

using fusebox::internal::ValueText;

using AllFacts = std::map<std::string, PolicyFacts, std::less<>>;

std::string ValueText(absl::Duration value) { return DurationText(value); }

class Collector {
 public:
  AllFacts Take() && { return std::move(all_); }

  template <typename Owner, typename Member>
  void operator()(const std::string& path,
                  const fusebox::internal::ValueField<Owner, Member>& field,
                  const Member& /*value*/) {
    PolicyFacts& facts = all_[path];
    facts.may_be_missing = field.if_fixed;
    switch (field.off()) {
      case fusebox::internal::Off::kUnset:
        facts.off_when_absent = true;
        break;
      case fusebox::internal::Off::kFalse:
      case fusebox::internal::Off::kZero:
        facts.off_value = ValueText(fusebox::internal::ValueOf<Member>());
        break;
      case fusebox::internal::Off::kNever:
        break;
    }
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const fusebox::internal::PartField<Owner, Member>& field,
                  const Member& /*value*/) {
    all_[path].off_when_absent = field.off() == fusebox::internal::Off::kUnset;
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path,
                  const fusebox::internal::PolicyField<Owner, Member>& /*field*/,
                  const Member& /*value*/) {
    all_[path].off_when_absent = true;
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& /*path*/,
                  const fusebox::internal::ChoiceField<Owner, Member>& /*field*/,
                  std::size_t /*alternative*/) {}

 private:
  AllFacts all_;
};

AllFacts CollectAll() {
  Collector collector;
  fusebox::internal::VisitEveryField(std::ref(collector));
  return std::move(collector).Take();
}

}  // namespace

PolicyFacts FactsOf(absl::string_view path) {
  static const auto* const kAll = new AllFacts(CollectAll());
  // A candidate has the fields of a policy.
  const auto found = kAll->find(absl::StripPrefix(path, "shadow_policy."));
  return found == kAll->end() ? PolicyFacts() : found->second;
}

}  // namespace fuseboxctl
