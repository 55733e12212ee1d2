// SPDX-License-Identifier: Apache-2.0
//
// What a circuit is called. The breaker of a gRPC channel names its circuits like this; to find one
// of them, or to name circuits of your own in the same way, make the name with the same functions:
//
//   const auto name = fusebox::CircuitName::OfMethod("inventory", "shop.Inventory/Reserve");
//   std::shared_ptr<fusebox::CircuitBreaker> circuit = registry->Find(name.text());
//
// A name says whose circuit it is, the target first (rule P3):
//
//  OfMethod    inventory/shop.Inventory/Reserve
//  OfService   inventory/shop.Inventory
//  OfTarget    inventory
//  OfKey       inventory/acme
//
// Different targets, scopes and keys never share a name, whatever bytes they are made of, and a
// name is the same in every process, version and platform:
//
// `%`, `*` and `?`, a character that may not be shown, a byte that is not UTF-8, a space at
// either end of a target, service, method or key, and a `-` at the beginning of a target are
// written as in a URL: `%2A`. So is a `/` in a key: key "a/b" of "inventory" is
// `inventory/a%2Fb`.
//
// A name that would be read as another circuit's says what it is: key "shop.Inventory" of
// "inventory" is `inventory/%key/shop.Inventory`, since `inventory/shop.Inventory` is that
// service's. `%method`, `%service` and `%target` are used likewise. A name without such a mark
// is read from its end: it is a method's if its last two parts are a service's name and an
// identifier; else a service's if its last part is a service's name with a package and a
// capital; else a key's if it has two parts at all; else a target's. What would leave a target
// that is empty or ends in a slash is passed over: `dns:///inventory:50051` is a target's.
//
// A name of more than 256 bytes is cut and ends in `%hash:` and 32 hexadecimal digits: the first
// 128 bits of the SHA-256 of target, scope ("method", "service", "target" or "key") and method,
// service or key, each after its length in 8 bytes, the most significant first. A target of more
// than 192 bytes ends likewise, by the hash of itself alone with its length.
#ifndef FUSEBOX_CIRCUIT_NAME_H_
#define FUSEBOX_CIRCUIT_NAME_H_

#include <cstddef>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "fusebox/export.h"

namespace fusebox {

// The most bytes that a name has, and the part of it that is a target.
inline constexpr std::size_t kMaxCircuitNameBytes = 256;
inline constexpr std::size_t kMaxTargetNameBytes = 192;

// OK, or INVALID_ARGUMENT that says what is wrong: a name must be 1 to 256 bytes of UTF-8, of
// characters that can be seen or are spaces, without `*` and `?`, which stand for others where
// circuits are chosen, and neither begin with a `-` nor begin or end with a space. Every
// `CircuitName` is valid.
FUSEBOX_EXPORT absl::Status ValidateCircuitName(absl::string_view name);

// Thread-safety: as a value.
class FUSEBOX_EXPORT CircuitName {
 public:
  // `method` as "package.Service/Method", with or without a leading slash.
  static CircuitName OfMethod(absl::string_view target, absl::string_view method);
  // `service` as "package.Service", with or without a leading slash.
  static CircuitName OfService(absl::string_view target, absl::string_view service);
  static CircuitName OfTarget(absl::string_view target);
  static CircuitName OfKey(absl::string_view target, absl::string_view key);

  // The name.
  const std::string& text() const { return text_; }

  // Its beginning that stands for the target; for what `CircuitRegistry::GetOrCreate` is to be
  // given.
  absl::string_view target() const { return absl::string_view(text_).substr(0, target_size_); }

 private:
  class Maker;

  CircuitName(std::string text, std::size_t target_size)
      : text_(std::move(text)), target_size_(target_size) {}

  std::string text_;
  std::size_t target_size_;
};

}  // namespace fusebox

#endif  // FUSEBOX_CIRCUIT_NAME_H_
