// SPDX-License-Identifier: Apache-2.0
//
// What a row of the table of a policy's fields says (src/policy/field_table.h).
#ifndef FUSEBOX_SRC_POLICY_FIELD_H_
#define FUSEBOX_SRC_POLICY_FIELD_H_

#include <array>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <variant>

namespace fusebox::internal {

template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

template <typename T>
struct WithoutOptional {
  using Type = T;
};
template <typename T>
struct WithoutOptional<std::optional<T>> {
  using Type = T;
};

// What a field is of, be it optional or not.
template <typename Member>
using ValueOf = typename WithoutOptional<Member>::Type;

// The value, or null if it is unset.
template <typename T>
const T* IfSet(const T& value) {
  return &value;
}
template <typename T>
const T* IfSet(const std::optional<T>& value) {
  return value ? &*value : nullptr;
}

// Whether the ends of a range are part of it.
enum class Ends { kBoth, kMaxOnly, kMinOnly };

template <typename T>
struct Range {
  T min;
  T max;
  Ends ends = Ends::kBoth;

  // False for what is not a number.
  constexpr bool Has(const T& value) const {
    return (ends == Ends::kMaxOnly ? value > min : value >= min) &&
           (ends == Ends::kMinOnly ? value < max : value <= max);
  }
};

// How a field is turned off.
enum class Off {
  kNever,  // it can't be
  kUnset,  // an optional one, by std::nullopt
  kFalse,  // a flag
  kZero,   // a value of 0
};

// A number, a length of time or a flag, perhaps an optional one.
template <typename OwnerType, typename MemberType>
struct ValueField {
  using Owner = OwnerType;
  using Member = MemberType;
  using Value = ValueOf<MemberType>;

  const char* name = "";  // as in circuit.proto
  Member Owner::*member = nullptr;
  Range<Value> range = {};
  const char* unit = "";  // what is counted: "calls"; empty for what counts nothing
  const char* text = "";  // what it does, in one line
  bool zero_is_off = false;
  bool within_window = false;  // a number of calls that a CountWindow must be able to hold
  bool for_rates = false;      // only looked at by failure_rate and slow_call_rate
  bool decides = false;        // set, it isn't the policy without numbers (Policy::InForce)
  bool if_fixed = false;       // unset, it is as in Policy::Fixed(), if the policy is a fixed one

  constexpr ValueField ZeroIsOff() const {
    ValueField field = *this;
    field.zero_is_off = true;
    return field;
  }
  constexpr ValueField WithinWindow() const {
    ValueField field = *this;
    field.within_window = true;
    return field;
  }
  constexpr ValueField ForRates() const {
    ValueField field = *this;
    field.for_rates = true;
    return field;
  }

  constexpr ValueField Decides() const {
    ValueField field = *this;
    field.decides = true;
    return field;
  }
  constexpr ValueField IfFixed() const {
    ValueField field = *this;
    field.if_fixed = true;
    return field;
  }

  constexpr Off off() const {
    if (if_fixed) return Off::kNever;
    if (IsOptional<Member>::value) return Off::kUnset;
    if (std::is_same_v<Value, bool>) return Off::kFalse;
    return zero_is_off ? Off::kZero : Off::kNever;
  }

  // Whether 0 is a value of its own, apart from the range.
  constexpr bool has_zero_apart() const { return zero_is_off && !range.Has(Value()); }

  constexpr bool Has(const Value& value) const {
    return range.Has(value) || (zero_is_off && value == Value());
  }
};

// What has fields of its own, perhaps an optional one.
template <typename OwnerType, typename MemberType>
struct PartField {
  using Owner = OwnerType;
  using Member = MemberType;
  using Value = ValueOf<MemberType>;

  const char* name = "";
  Member Owner::*member = nullptr;
  const char* text = "";
  bool decides = false;  // as of a ValueField

  constexpr PartField Decides() const {
    PartField field = *this;
    field.decides = true;
    return field;
  }

  constexpr Off off() const { return IsOptional<Member>::value ? Off::kUnset : Off::kNever; }
};

// Another whole policy, perhaps none. It has the fields of a policy, and they aren't gone into: the
// table would have no end.
template <typename OwnerType, typename MemberType>
struct PolicyField {
  using Owner = OwnerType;
  using Member = MemberType;

  const char* name = "";
  Member Owner::*member = nullptr;
  const char* text = "";
  bool decides = false;  // as of a ValueField

  constexpr Off off() const { return Off::kUnset; }
};

struct Alternative {
  const char* type;  // in C++
  // In circuit.proto. Empty: the one field that the alternative has stands for it.
  const char* name;
  const char* text;
};

// One of several, each with fields of its own; perhaps an optional one. The first is the default.
template <typename OwnerType, typename MemberType>
struct ChoiceField {
  using Owner = OwnerType;
  using Member = MemberType;
  using Variant = ValueOf<MemberType>;

  const char* name = "";  // of the oneof
  Member Owner::*member = nullptr;
  std::array<Alternative, std::variant_size_v<Variant>> alternatives = {};
  bool decides = false;  // as of a ValueField

  constexpr ChoiceField Decides() const {
    ChoiceField field = *this;
    field.decides = true;
    return field;
  }
};

template <typename Field>
struct IsChoice : std::false_type {};
template <typename Owner, typename Member>
struct IsChoice<ChoiceField<Owner, Member>> : std::true_type {};

// ---- How the table is written.

template <typename Owner, typename Member>
constexpr ValueField<Owner, Member> ValueRow(const char* name, Member Owner::*member,
                                             Range<ValueOf<Member>> range, const char* unit,
                                             const char* text) {
  return {name, member, range, unit, text};
}

template <typename Owner>
constexpr ValueField<Owner, bool> FlagRow(const char* name, bool Owner::*member, const char* text) {
  return {name, member, {false, true}, "", text};
}

template <typename Owner, typename Member>
constexpr PartField<Owner, Member> PartRow(const char* name, Member Owner::*member,
                                           const char* text) {
  return {name, member, text};
}

template <typename Owner, typename Member>
constexpr PolicyField<Owner, Member> PolicyRow(const char* name, Member Owner::*member,
                                               const char* text) {
  return {name, member, text};
}

template <typename Owner, typename Member>
constexpr ChoiceField<Owner, Member> ChoiceRow(
    const char* name, Member Owner::*member,
    std::array<Alternative, std::variant_size_v<ValueOf<Member>>> alternatives) {
  return {name, member, alternatives};
}

// ---- Whether the table is complete.

// Becomes whatever a member of an Owner is initialised from.
template <typename Owner>
struct Anything {
  template <typename T, typename = std::enable_if_t<!std::is_same_v<std::decay_t<T>, Owner>>>
  operator T() const noexcept;  // NOLINT(google-explicit-constructor): never called, nor defined
};

template <typename Owner, std::size_t... i>
auto CanHold(std::index_sequence<i...>)
    -> decltype(Owner{(static_cast<void>(i), Anything<Owner>{})...}, std::true_type());
template <typename Owner>
std::false_type CanHold(...);

// Whether a struct, an aggregate, has exactly that many members.
template <typename Owner, std::size_t n>
inline constexpr bool kHasMembers =
    decltype(CanHold<Owner>(std::make_index_sequence<n>()))::value &&
    !decltype(CanHold<Owner>(std::make_index_sequence<n + 1>()))::value;

template <typename A, typename B>
constexpr bool IsSameMember(const A& a, const B& b) {
  if constexpr (std::is_same_v<decltype(a.member), decltype(b.member)>) {
    return a.member == b.member;
  } else {
    return false;
  }
}

// Whether no two rows are of one member.
template <typename... Fields>
constexpr bool AreDistinct(const Fields&... fields) {
  const auto rows_of = [&fields...](const auto& field) {
    return (0 + ... + (IsSameMember(field, fields) ? 1 : 0));
  };
  return ((rows_of(fields) == 1) && ...);
}

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_POLICY_FIELD_H_
