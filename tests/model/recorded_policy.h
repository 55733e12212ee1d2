// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_MODEL_RECORDED_POLICY_H_
#define FUSEBOX_TESTS_MODEL_RECORDED_POLICY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/policy.h"

namespace fusebox_testing {

// A policy as it stands in the record, by names and in a form of the record's own, so that it means
// the same whatever fields and defaults a Policy gets. What it doesn't name is off; there are no
// defaults.
//
//   consecutive_failures=3 failure_rate=0.5 minimum_calls=4 time_window=10s/5 ...
class RecordedPolicy {
 public:
  static absl::StatusOr<RecordedPolicy> Parse(absl::string_view text);

  const std::string& text() const { return text_; }
  const fusebox::Policy& policy() const { return policy_; }

  // Lengths of time that mean something to it; absent if it has none.
  std::optional<absl::Duration> DurationOf(absl::string_view field) const;
  std::optional<absl::Duration> slice() const;  // of its window

 private:
  absl::Status Fill();

  std::string text_;
  std::map<std::string, std::string, std::less<>> fields_;
  fusebox::Policy policy_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_MODEL_RECORDED_POLICY_H_
