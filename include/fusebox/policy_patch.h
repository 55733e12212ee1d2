// SPDX-License-Identifier: Apache-2.0
//
// Some fields of a policy, and the values that they are to have whatever the others are: what a
// configuration file or an operator says on top of the code's policy.
//
//   fusebox::PolicyPatch patch;
//   patch.values.open_duration = absl::Seconds(5);
//   patch.fields = {{"open_duration", "payments.yaml:12"}};
//   fusebox::Policy policy = fusebox::Patched(fusebox::Policy::InternalApi(), patch);
#ifndef FUSEBOX_POLICY_PATCH_H_
#define FUSEBOX_POLICY_PATCH_H_

#include <iosfwd>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fusebox/enum_table.h"
#include "fusebox/export.h"
#include "fusebox/policy.h"

namespace fusebox {

struct PatchedField {
  // As in circuit.proto: "open_duration", "half_open.max_concurrent", "count_window.size". A part,
  // like "ramp", stands for all that is in it.
  std::string path;

  // Where the value is from, for people: "payments.yaml:12". May be empty.
  std::string source;
};

// A plain value.
struct PolicyPatch {
  // What the named fields are to be; the others are not looked at. A field that is unset here is
  // turned off, or back at its default if it can't be off.
  Policy values;

  std::vector<PatchedField> fields;

  // Patches that come first: this one is on top of them (`Combined`).
  std::vector<PolicyPatch> below{};
};

FUSEBOX_EXPORT bool operator==(const PatchedField& a, const PatchedField& b);
FUSEBOX_EXPORT bool operator==(const PolicyPatch& a, const PolicyPatch& b);
inline bool operator!=(const PatchedField& a, const PatchedField& b) { return !(a == b); }
inline bool operator!=(const PolicyPatch& a, const PolicyPatch& b) { return !(a == b); }

// Whether it names a field of a policy: one that has a value, or a part or an alternative as a
// whole.
FUSEBOX_EXPORT bool IsPolicyField(absl::string_view path);

// OK, or one INVALID_ARGUMENT with each path that names no field, each that a patch has twice (what
// is below it aside), and each value that can't be right whatever the other fields are. A patch
// that passes can still make a policy invalid: some values are only right or wrong together with
// others (`Validate(const Policy&)`).
FUSEBOX_EXPORT absl::Status Validate(const PolicyPatch& patch);

// `base` with the patch's fields. A part or an alternative that it goes into and that isn't in
// `base` begins with its defaults. Fields that don't exist are left out. Thread-safe.
FUSEBOX_EXPORT Policy Patched(const Policy& base, const PolicyPatch& patch);

// One patch on top of another, as one: `Patched(Patched(base, patch), over)`.
FUSEBOX_EXPORT PolicyPatch Combined(PolicyPatch patch, PolicyPatch over);

// A patch with none below it: each field once, with its last word. Laid over a policy it comes to
// the same, if the values of each patch have the alternatives that it names, as the window, and
// none goes into a candidate.
FUSEBOX_EXPORT PolicyPatch Flattened(const PolicyPatch& patch);

// The field that has the last word about a path: the last one that is the path, or that it is in.
// Null: the patch says nothing of it. Valid until the patch changes.
FUSEBOX_EXPORT const PatchedField* FindField(const PolicyPatch& patch, absl::string_view path);

// Whether it names no field at all.
FUSEBOX_EXPORT bool IsEmpty(const PolicyPatch& patch);

// Who can have said what a field is, as X(enumerator, number, name); a later one wins, field by
// field.
#define FUSEBOX_POLICY_LAYERS(X)                                                           \
  X(kDefault, 0, DEFAULT) /* nobody: the library's default, or what follows from others */ \
  X(kCode, 1, CODE)       /* the policy that the circuit was made with */                  \
  X(kFile, 2, FILE)       /* `CircuitRegistry::SetOverrides` */                            \
  X(kOrder, 3, ORDER)     /* an operator */

enum class PolicyLayer { FUSEBOX_POLICY_LAYERS(FUSEBOX_ENUMERATOR) };

// "default", "code", "file" or "order".
FUSEBOX_EXPORT absl::string_view PolicyLayerName(PolicyLayer layer);

// Writes its name.
FUSEBOX_EXPORT std::ostream& operator<<(std::ostream& out, PolicyLayer layer);

// Whose word a field of the policy in force is.
struct FieldOrigin {
  std::string path;  // of a field that has a value: "half_open.max_concurrent"
  PolicyLayer layer = PolicyLayer::kDefault;
  std::string source;  // "payments.yaml:12", "order 7 by oncall"; empty for code and defaults
};

}  // namespace fusebox

#endif  // FUSEBOX_POLICY_PATCH_H_
