// SPDX-License-Identifier: Apache-2.0
//
// Names of any targets, scopes and keys. RC_PARAMS takes what rapidcheck takes; a failure prints
// what repeats it.
#include <algorithm>
#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "fusebox/circuit_name.h"
#include "gtest/gtest.h"
#include "rapidcheck/gtest.h"
#include "src/base/printable.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitName;

// Target, scope, and method, service or key.
using Whose = std::tuple<std::string, int, std::string>;

CircuitName NameOf(const Whose& whose) {
  const auto& [target, scope, key] = whose;
  switch (scope) {
    case 0:
      return CircuitName::OfMethod(target, key);
    case 1:
      return CircuitName::OfService(target, key);
    case 2:
      return CircuitName::OfTarget(target);
    default:
      return CircuitName::OfKey(target, key);
  }
}

// What is the same by definition: a leading slash of a method, and what a target is called beside.
Whose Canonical(Whose whose) {
  auto& [target, scope, key] = whose;
  if (scope <= 1) key = std::string(absl::StripPrefix(key, "/"));
  if (scope == 2) key.clear();
  return whose;
}

// Names it, and fails if the name is invalid or belongs to another one.
void Add(const Whose& whose, std::map<std::string, Whose>& names) {
  const CircuitName name = NameOf(whose);
  RC_LOG() << name.text() << std::endl;
  RC_ASSERT(!name.text().empty());
  RC_ASSERT(name.text().size() <= fusebox::kMaxCircuitNameBytes);
  RC_ASSERT(fusebox::internal::IsPrintable(absl::string_view(name.text())));
  RC_ASSERT(fusebox::ValidateCircuitName(name.text()).ok());
  RC_ASSERT(name.target().size() <= fusebox::kMaxTargetNameBytes);
  RC_ASSERT(absl::StartsWith(name.text(), name.target()));
  RC_ASSERT(NameOf(whose).text() == name.text());
  const auto [known, added] = names.emplace(name.text(), Canonical(whose));
  RC_ASSERT(added || known->second == Canonical(whose));
}

// Made of what names are made of, so that two of them come near to each other.
rc::Gen<std::string> AnyPieces() {
  const auto piece = rc::gen::element<std::string>(
      "/", "/", "/", "a", "b", "A", "a.B", ".", "%", "%2F", "%key", "%target", "%method",
      "%service", "%hash:", "key", "-", " ", "*", "?", "\xff", "\xe2\x80", "\u202e", "\u20ac", "\n",
      "2F", "25");
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& pieces) {
                        std::string text;
                        for (const std::string& each : pieces) text += each;
                        return text;
                      });
}

// All that one text can be taken for: each way to part it, in each scope.
RC_GTEST_PROP(CircuitNames, P3_OneTextThatIsPartedInAnyTwoWaysHasTwoNames, ()) {
  const std::string text = *AnyPieces();
  std::map<std::string, Whose> names;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    for (int scope = 0; scope < 4; ++scope) {
      Add({text.substr(0, at), scope, text.substr(at)}, names);
      // Without the slash that a name would have there.
      if (at < text.size() && text[at] == '/') {
        Add({text.substr(0, at), scope, text.substr(at + 1)}, names);
      }
    }
  }
}

// What has been made a name is no longer the name of what it was made from.
RC_GTEST_PROP(CircuitNames, P3_ANameIsNotTheNameOfItself, ()) {
  const std::string target = *AnyPieces();
  const std::string key = *AnyPieces();
  std::map<std::string, Whose> names;
  for (int scope = 0; scope < 4; ++scope) {
    const Whose whose = {target, scope, key};
    Add(whose, names);
    const std::string name = NameOf(whose).text();
    for (int other = 0; other < 4; ++other) {
      Add({name, other, key}, names);
      for (std::size_t slash = name.find('/'); slash != std::string::npos;
           slash = name.find('/', slash + 1)) {
        Add({name.substr(0, slash), other, name.substr(slash + 1)}, names);
      }
    }
  }
}

// Bytes of any kind, some of them very many.
RC_GTEST_PROP(CircuitNames, P3_AnyBytesHaveANameOfTheirOwn, ()) {
  const auto bytes = rc::gen::container<std::string>(rc::gen::arbitrary<char>());
  std::map<std::string, Whose> names;
  std::vector<std::string> texts;
  for (int i = 0; i < 4; ++i) {
    std::string text = *bytes;
    texts.push_back(text);
    const std::size_t size = *rc::gen::inRange<std::size_t>(0, 600);
    while (!text.empty() && text.size() < size) text += text;
    texts.push_back(text);
    texts.push_back(text + "x");
  }
  for (const std::string& target : texts) {
    for (const std::string& key : texts) {
      for (int scope = 0; scope < 4; ++scope) Add({target, scope, key}, names);
    }
  }
}

}  // namespace
}  // namespace fusebox_testing
