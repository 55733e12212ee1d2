// SPDX-License-Identifier: Apache-2.0
//
// The keys that files may have are the fields of config.proto.
#include <fusebox/v1/circuit.pb.h>
#include <fusebox/v1/config.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/config/read.h"

namespace fusebox_testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using testing::HasSubstr;
using testing::Not;

// `frame` is a file in which @ stands for a map.
void ExpectKeysOf(const Descriptor& type, const std::string& frame, int candidates = 0) {
  const auto errors_of = [&frame](const std::string& map) {
    return ErrorsOf(absl::StrReplaceAll(frame, {{"@", map}}));
  };
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const std::string name(field.name());
    EXPECT_THAT(errors_of(absl::StrCat("{", name, ": [[]]}")), Not(HasSubstr("no such key")))
        << frame;
    EXPECT_THAT(errors_of(absl::StrCat("{", name, "x: 1}")),
                HasSubstr(absl::StrCat(name, "x: no such key; did you mean ")))
        << frame;
    const Descriptor* inside = field.message_type();
    if (inside == nullptr || inside == google::protobuf::Duration::descriptor()) {
      continue;
    }
    std::string within = absl::StrCat("{", name, ": @}");
    if (field.is_map()) {
      inside = inside->map_value()->message_type();
      const std::string key = name == "services" ? "a.B" : "a.B/C";
      within = absl::StrCat("{", name, ": {", key, ": @}}");
    }
    const int more = name == "shadow_policy" ? 1 : 0;
    if (inside != nullptr && candidates + more < 2) {
      ExpectKeysOf(*inside, absl::StrReplaceAll(frame, {{"@", within}}), candidates + more);
    }
  }
}

TEST(Keys, AreTheFieldsOfTheProto) { ExpectKeysOf(*fusebox::v1::Config::descriptor(), "@"); }

// ConfigPolicy is written by scripts/update-docs, of Policy.
TEST(Keys, APolicyHasTheFieldsOfPolicyUnderTheirNumbers) {
  const Descriptor& mine = *fusebox::v1::ConfigPolicy::descriptor();
  const Descriptor& theirs = *fusebox::v1::Policy::descriptor();
  ASSERT_EQ(mine.field_count(), theirs.field_count() + 2);  // preset and without
  for (int i = 0; i < theirs.field_count(); ++i) {
    const FieldDescriptor* const field = mine.FindFieldByName(std::string(theirs.field(i)->name()));
    ASSERT_NE(field, nullptr) << theirs.field(i)->name() << ": run scripts/update-docs";
    EXPECT_EQ(field->number(), theirs.field(i)->number()) << field->name();
    EXPECT_EQ(field->type(), theirs.field(i)->type()) << field->name();
    EXPECT_TRUE(field->has_presence()) << field->name();
  }
}

}  // namespace
}  // namespace fusebox_testing
