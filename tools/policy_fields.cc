// SPDX-License-Identifier: Apache-2.0
//
// Prints what circuit.proto and the documentation are made of, as JSON, for tools/make-policy-docs:
//   fields  the table of a policy's fields, src/policy/field_table.h, each with its path as in
//           circuit.proto; durations are in nanoseconds. "fixed" is the value in Policy::Fixed()
//   enums   the names in the tables of fusebox/event.h and fusebox/state.h, by circuit.proto's enum
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "fusebox/event.h"
#include "fusebox/state.h"
#include "src/policy/every_field.h"
#include "src/policy/field.h"

namespace {

using fusebox::internal::ChoiceField;
using fusebox::internal::Ends;
using fusebox::internal::IfSet;
using fusebox::internal::Off;
using fusebox::internal::PartField;
using fusebox::internal::PolicyField;
using fusebox::internal::ValueField;
using fusebox::internal::ValueOf;

// The texts of the table have nothing in them that needs more of an escape.
std::string Json(const char* text) {
  return absl::StrCat("\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}}), "\"");
}
std::string Json(bool value) { return value ? "true" : "false"; }
std::string Json(int64_t value) { return absl::StrCat(value); }
std::string Json(double value) { return absl::StrCat(value); }
std::string Json(absl::Duration value) { return Json(absl::ToInt64Nanoseconds(value)); }

template <typename Value>
const char* KindOf() {
  if (std::is_same_v<Value, bool>) return "flag";
  if (std::is_same_v<Value, int64_t>) return "integer";
  if (std::is_same_v<Value, double>) return "number";
  return "duration";
}

const char* Name(Off off) {
  switch (off) {
    case Off::kNever:
      return "never";
    case Off::kUnset:
      return "unset";
    case Off::kFalse:
      return "false";
    case Off::kZero:
      return "zero";
  }
  return "";
}

const char* Name(Ends ends) {
  switch (ends) {
    case Ends::kBoth:
      return "both";
    case Ends::kMaxOnly:
      return "max";
    case Ends::kMinOnly:
      return "min";
  }
  return "";
}

// The values that the fields of a policy have, by their paths.
class Values {
 public:
  template <typename Owner, typename Member>
  void operator()(const std::string& path, const ValueField<Owner, Member>& /*field*/,
                  const Member& value) {
    if (const auto* const set = IfSet(value)) values_[path] = Json(*set);
  }
  template <typename Field, typename Value>
  void operator()(const std::string& /*path*/, const Field& /*field*/, const Value& /*value*/) {}

  std::string Of(const std::string& path) const {
    const auto found = values_.find(path);
    return found == values_.end() ? "null" : found->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

class Printer {
 public:
  Printer() { fusebox::internal::EveryField<Values>(fixed_).Visit(fusebox::Policy::Fixed(), ""); }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const ValueField<Owner, Member>& field,
                  const Member& value) {
    const auto* const set = IfSet(value);
    Print(path, KindOf<ValueOf<Member>>(), Name(field.off()), field.text,
          {{"default", set == nullptr ? "null" : Json(*set)},
           {"fixed", fixed_.Of(path)},
           {"min", Json(field.range.min)},
           {"max", Json(field.range.max)},
           {"ends", Json(Name(field.range.ends))},
           {"zero_apart", Json(field.has_zero_apart())},
           {"within_window", Json(field.within_window)},
           {"unit", Json(field.unit)}});
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const PartField<Owner, Member>& field,
                  const Member& value) {
    Print(path, "part", Name(field.off()), field.text,
          {{"default", IfSet(value) == nullptr ? "null" : "true"}});
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const PolicyField<Owner, Member>& field,
                  const Member& /*value*/) {
    Print(path, "policy", Name(field.off()), field.text, {{"default", "null"}});
  }

  template <typename Owner, typename Member>
  void operator()(const std::string& path, const ChoiceField<Owner, Member>& field,
                  std::size_t index) {
    Print(path, "alternative", Name(Off::kNever), field.alternatives[index].text,
          {{"default", Json(index == 0)},
           {"if_fixed", Json(fusebox::internal::IsOptional<Member>::value)},
           {"choice", Json(field.name)},
           {"type", Json(field.alternatives[index].type)}});
  }

  std::string Text() const { return absl::StrCat("[\n", absl::StrJoin(fields_, ",\n"), "\n]"); }

 private:
  struct Fact {
    const char* key;
    std::string json;
  };

  void Print(const std::string& path, const char* kind, const char* off, const char* text,
             const std::vector<Fact>& facts) {
    std::string field = absl::StrCat("{\"path\": ", Json(path.c_str()), ", \"kind\": ", Json(kind),
                                     ", \"off\": ", Json(off), ", \"text\": ", Json(text));
    for (const Fact& fact : facts) absl::StrAppend(&field, ", \"", fact.key, "\": ", fact.json);
    fields_.push_back(absl::StrCat(field, "}"));
  }

  Values fixed_;
  std::vector<std::string> fields_;
};

std::string Json(const std::vector<const char*>& names) {
  return absl::StrCat("[\"", absl::StrJoin(names, "\", \""), "\"]");
}

// Some rows end with the name.
#define FUSEBOX_QUOTED(name, ...) #name,
#define FUSEBOX_NAME(enumerator, number, ...) FUSEBOX_QUOTED(__VA_ARGS__, )
std::string Enums() {
  return absl::StrCat("{\"State\": ", Json({FUSEBOX_STATES(FUSEBOX_NAME)}),
                      ",\n\"Mode\": ", Json({FUSEBOX_MODES(FUSEBOX_NAME)}),
                      ",\n\"Cause\": ", Json({FUSEBOX_CAUSES(FUSEBOX_NAME)}),
                      ",\n\"EventKind\": ", Json({FUSEBOX_EVENT_KINDS(FUSEBOX_NAME)}), "}");
}
#undef FUSEBOX_NAME
#undef FUSEBOX_QUOTED

}  // namespace

int main() {
  Printer printer;
  fusebox::internal::VisitEveryField(std::ref(printer));
  std::cout << "{\"fields\": " << printer.Text() << ",\n\"enums\": " << Enums() << "}\n";
  return std::cout.flush() ? 0 : 1;
}
