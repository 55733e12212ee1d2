// SPDX-License-Identifier: Apache-2.0
//
// Which policy goes with which method of a channel (rule P1). It resolves as gRPC's service
// config does: the exact method, then its service, then the default.
//
//   auto policies = fusebox::PolicyTable()
//                       .Default(fusebox::Policy())  // which it is anyway: it needs no numbers
//                       .Service("shop.Inventory", fusebox::Policy::Database())
//                       .Method("shop.Inventory/Reserve", strict)
//                       .Unprotected("shop.Inventory/Watch");
//
// `grpc.health.v1.Health` and every `grpc.reflection.*` service are unprotected unless the table
// names them.
#ifndef FUSEBOX_POLICY_TABLE_H_
#define FUSEBOX_POLICY_TABLE_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fusebox/export.h"
#include "fusebox/policy.h"

namespace fusebox {

// Whether a name is of the form "package.Service/Method".
FUSEBOX_EXPORT bool IsMethodName(absl::string_view name);

// Thread-safety: as a value; once filled, any number of threads may resolve.
class FUSEBOX_EXPORT PolicyTable {
 public:
  // Everything under the policy that needs no numbers, `Policy()`.
  PolicyTable() = default;

  // Each entry may be given once. What's wrong with an entry (a name that is not of the form
  // asked for, a policy that isn't valid, a second entry for the same name) is kept, and comes out
  // of `Validate`, so that entries can be written in one chain.

  // The policy of every method for which no entry below says otherwise.
  PolicyTable& Default(const Policy& policy);

  // `service` as "package.Service".
  PolicyTable& Service(absl::string_view service, const Policy& policy);

  // `method` as "package.Service/Method".
  PolicyTable& Method(absl::string_view method, const Policy& policy);

  // Takes a method or a service out: its calls see no breaker and pay for none.
  PolicyTable& Unprotected(absl::string_view method_or_service);

  // Accepts any name. Without it, a channel refuses a name that is probably misspelt: a
  // service that isn't linked into the program, and is one or two letters away from one that is; a
  // method that its linked service doesn't have. It holds for the channel's stream options and
  // fallbacks as well.
  PolicyTable& AllowUnknownNames();
  bool allows_unknown_names() const { return allows_unknown_names_; }

  // OK, or one INVALID_ARGUMENT with all that's wrong with the entries (rule R11).
  absl::Status Validate() const;

  // The policy of a method, given as "package.Service/Method" with or without a leading slash; null
  // if it is unprotected. Valid until the table changes. Never allocates.
  const Policy* Resolve(absl::string_view method) const;

  // The same, and by which entry: its name as in `Names`, empty for the default and for what is
  // unprotected without an entry.
  struct Matched {
    const Policy* policy = nullptr;
    absl::string_view entry;
  };
  Matched Match(absl::string_view method) const;

  // Every service and method that the table names, in the form that it was given.
  std::vector<std::string> Names() const;

 private:
  // Absent policy: unprotected.
  using Entries = std::map<std::string, std::optional<Policy>, std::less<>>;

  void Add(absl::string_view name, std::optional<Policy> policy);

  Policy default_policy_;
  bool default_given_ = false;
  bool allows_unknown_names_ = false;
  Entries services_;
  Entries methods_;
  std::vector<std::string> errors_;
};

}  // namespace fusebox

#endif  // FUSEBOX_POLICY_TABLE_H_
