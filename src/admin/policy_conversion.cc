// SPDX-License-Identifier: Apache-2.0
#include "src/admin/policy_conversion.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "absl/strings/str_cat.h"
#include "src/admin/fingerprint.h"
#include "src/policy/field.h"
#include "src/policy/field_table.h"
#include "src/policy/proto_name.h"
#include "src/proto/time_conversion.h"

namespace fusebox::internal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Where a row of the table is in circuit.proto: a choice has one place for each alternative. Null
// for what isn't there; the tests see to it that all is.
using Places = std::array<const FieldDescriptor*, 2>;

const FieldDescriptor* Find(const Descriptor& type, const char* name) {
  return type.FindFieldByName(name);
}

template <typename Owner, typename Member>
Places PlacesOf(const ValueField<Owner, Member>& field, const Descriptor& type) {
  return {Find(type, field.name)};
}

template <typename Owner, typename Member>
Places PlacesOf(const PartField<Owner, Member>& field, const Descriptor& type) {
  return {Find(type, field.name)};
}

template <typename Owner, typename Member>
Places PlacesOf(const PolicyField<Owner, Member>& field, const Descriptor& type) {
  return {Find(type, field.name)};
}

// Of an alternative without a name, its only field is the place.
template <typename... Types>
Places PlacesOfAlternatives(const std::array<Alternative, sizeof...(Types)>& alternatives,
                            const std::variant<Types...>* /*of*/, const Descriptor& type) {
  static_assert(sizeof...(Types) <= std::tuple_size_v<Places>, "Places must have room for each");
  const std::array<const char*, sizeof...(Types)> of_types = {std::get<0>(kFields<Types>).name...};
  Places places = {};
  for (std::size_t i = 0; i < of_types.size(); ++i) {
    const char* const name = alternatives[i].name;
    places[i] = Find(type, *name != '\0' ? name : of_types[i]);
  }
  return places;
}

template <typename Owner, typename Member>
Places PlacesOf(const ChoiceField<Owner, Member>& field, const Descriptor& type) {
  return PlacesOfAlternatives(field.alternatives, static_cast<const ValueOf<Member>*>(nullptr),
                              type);
}

// Of the rows of a T, in their order. Looked up once: a list of circuits has thousands of policies.
template <typename T>
const auto& AllPlacesOf(const Message& message) {
  static const auto kPlaces = std::apply(
      [&message](const auto&... field) {
        return std::array<Places, sizeof...(field)>{PlacesOf(field, *message.GetDescriptor())...};
      },
      kFields<T>);
  return kPlaces;
}

template <typename T, typename Visitor>
void VisitWithPlaces(T& of, const Message& message, Visitor&& visit) {
  const Places* places = AllPlacesOf<std::remove_const_t<T>>(message).data();
  VisitFields(of, [&](const auto& field, auto& value) { visit(field, value, *places++); });
}

// Asked for its reflection once: a message finds it anew each time.
class Writer {
 public:
  explicit Writer(Message& to) : to_(to), reflection_(*to.GetReflection()) {}

  template <typename T>
  void Write(const T& of) {
    VisitWithPlaces(of, to_, [&](const auto& field, const auto& value, const Places& places) {
      WriteField(field, value, places);
    });
  }

 private:
  template <typename Owner, typename Member>
  void WriteField(const ValueField<Owner, Member>& /*field*/, const Member& value,
                  const Places& places) {
    const auto* const set = IfSet(value);
    if (set != nullptr && places[0] != nullptr) WriteValue(*set, *places[0]);
  }

  template <typename Owner, typename Member>
  void WriteField(const PartField<Owner, Member>& /*field*/, const Member& value,
                  const Places& places) {
    const auto* const set = IfSet(value);
    if (set != nullptr && places[0] != nullptr) Part(*places[0]).Write(*set);
  }

  template <typename Owner, typename Member>
  void WriteField(const PolicyField<Owner, Member>& /*field*/, const Member& value,
                  const Places& places) {
    if (value && places[0] != nullptr) Part(*places[0]).Write(*value);
  }

  template <typename Owner, typename Member>
  void WriteField(const ChoiceField<Owner, Member>& field, const Member& value,
                  const Places& places) {
    const auto* const set = IfSet(value);
    const FieldDescriptor* const place = set == nullptr ? nullptr : places[set->index()];
    if (place == nullptr) return;
    VisitChosen(field, value, [&](const auto& /*alternative*/, const auto& chosen) {
      if (place->message_type() == nullptr) {
        Write(chosen);
      } else {
        Part(*place).Write(chosen);
      }
    });
  }

  void WriteValue(int64_t value, const FieldDescriptor& place) {
    reflection_.SetInt64(&to_, &place, value);
  }
  void WriteValue(double value, const FieldDescriptor& place) {
    reflection_.SetDouble(&to_, &place, value);
  }
  void WriteValue(bool value, const FieldDescriptor& place) {
    reflection_.SetBool(&to_, &place, value);
  }
  void WriteValue(absl::Duration value, const FieldDescriptor& place) {
    static_cast<google::protobuf::Duration&>(*reflection_.MutableMessage(&to_, &place)) =
        ToProto(value);
  }

  Writer Part(const FieldDescriptor& place) {
    return Writer(*reflection_.MutableMessage(&to_, &place));
  }

  Message& to_;
  const Reflection& reflection_;
};

// Reads into what has its defaults. What is not a duration leaves the field with some value in its
// range, so that nothing else is said of it.
class Reader {
 public:
  explicit Reader(RequestErrors& errors) : errors_(errors) {}

  template <typename T>
  void Read(const Message& from, const std::string& prefix, T& to) {
    VisitWithPlaces(to, from, [&](const auto& field, auto& value, const Places& places) {
      ReadField(field, from, places, prefix, value);
    });
  }

 private:
  static bool Has(const Message& message, const FieldDescriptor* place) {
    return place != nullptr &&
           (!place->has_presence() || message.GetReflection()->HasField(message, place));
  }

  template <typename Owner, typename Member>
  void ReadField(const ValueField<Owner, Member>& field, const Message& from, const Places& places,
                 const std::string& prefix, Member& value) {
    if constexpr (IsOptional<Member>::value) value.reset();
    if (!Has(from, places[0])) return;
    if constexpr (IsOptional<Member>::value) {
      ReadValue(from, *places[0], prefix, value.emplace(field.range.min));
    } else {
      ReadValue(from, *places[0], prefix, value);
    }
  }

  template <typename Owner, typename Member>
  void ReadField(const PartField<Owner, Member>& field, const Message& from, const Places& places,
                 const std::string& prefix, Member& value) {
    if constexpr (IsOptional<Member>::value) value.reset();
    if (!Has(from, places[0])) return;
    const Message& part = from.GetReflection()->GetMessage(from, places[0]);
    const std::string path = absl::StrCat(prefix, field.name, ".");
    if constexpr (IsOptional<Member>::value) {
      Read(part, path, value.emplace());
    } else {
      Read(part, path, value);
    }
  }

  // As deep as Protobuf reads a message at all.
  template <typename Owner, typename Member>
  void ReadField(const PolicyField<Owner, Member>& field, const Message& from, const Places& places,
                 const std::string& prefix, Member& value) {
    if (!Has(from, places[0])) return;
    Policy policy;
    Read(from.GetReflection()->GetMessage(from, places[0]), absl::StrCat(prefix, field.name, "."),
         policy);
    value = policy;
  }

  template <typename Owner, typename Member>
  void ReadField(const ChoiceField<Owner, Member>& /*field*/, const Message& from,
                 const Places& places, const std::string& prefix, Member& value) {
    ReadAlternatives(from, places, prefix, value, static_cast<const ValueOf<Member>*>(nullptr));
  }

  template <typename Member, typename... Types>
  void ReadAlternatives(const Message& from, const Places& places, const std::string& prefix,
                        Member& value, const std::variant<Types...>* /*of*/) {
    std::size_t i = 0;
    (ReadAlternative<Types>(from, places[i++], prefix, value), ...);
  }

  template <typename T, typename Member>
  void ReadAlternative(const Message& from, const FieldDescriptor* place, const std::string& prefix,
                       Member& value) {
    if (!Has(from, place)) return;
    value = T();
    T& chosen = ChosenIn<T>(value);
    if (place->message_type() == nullptr) {
      Read(from, prefix, chosen);
    } else {
      Read(from.GetReflection()->GetMessage(from, place), absl::StrCat(prefix, place->name(), "."),
           chosen);
    }
  }

  template <typename T, typename... Types>
  static T& ChosenIn(std::variant<Types...>& value) {
    return std::get<T>(value);
  }
  template <typename T, typename... Types>
  static T& ChosenIn(std::optional<std::variant<Types...>>& value) {
    return std::get<T>(*value);
  }

  static void ReadValue(const Message& from, const FieldDescriptor& place,
                        const std::string& /*prefix*/, int64_t& value) {
    value = from.GetReflection()->GetInt64(from, &place);
  }
  static void ReadValue(const Message& from, const FieldDescriptor& place,
                        const std::string& /*prefix*/, double& value) {
    value = from.GetReflection()->GetDouble(from, &place);
  }
  static void ReadValue(const Message& from, const FieldDescriptor& place,
                        const std::string& /*prefix*/, bool& value) {
    value = from.GetReflection()->GetBool(from, &place);
  }
  void ReadValue(const Message& from, const FieldDescriptor& place, const std::string& prefix,
                 absl::Duration& value) {
    const auto& proto = static_cast<const google::protobuf::Duration&>(
        from.GetReflection()->GetMessage(from, &place));
    if (const std::optional<absl::Duration> duration = FromProto(proto)) {
      value = *duration;
    } else {
      errors_.Add(absl::StrCat(prefix, place.name()),
                  absl::StrCat(proto.seconds(), " s and ", proto.nanos(),
                               " ns, must be a duration: at most 10,000 years, with less than a "
                               "second of nanoseconds and both of one sign"));
    }
  }

  RequestErrors& errors_;
};

}  // namespace

void ToProto(const Policy& policy, v1::Policy& proto) { Writer(proto).Write(policy); }

Policy FieldsFromProto(const v1::Policy& proto, absl::string_view path, RequestErrors& errors) {
  Policy policy;
  Reader(errors).Read(proto, path.empty() ? "" : absl::StrCat(path, "."), policy);
  return policy;
}

Policy FromProto(const v1::Policy& proto, absl::string_view path, RequestErrors& errors) {
  const std::string prefix = path.empty() ? "" : absl::StrCat(path, ".");
  Policy policy = FieldsFromProto(proto, path, errors);
  for (const FieldError& error : PolicyErrors(policy)) {
    errors.Add(absl::StrCat(prefix, FieldInProto(error.field, policy)),
               absl::StrCat(error.value, ", must be ", error.range));
  }
  return policy;
}

std::string EtagOf(const v1::Policy& policy) { return FingerprintOf(policy); }

}  // namespace fusebox::internal
