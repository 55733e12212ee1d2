// SPDX-License-Identifier: Apache-2.0
//
// What goes over the wire is known by numbers: a program that was built from an older
// proto/fusebox/v1 goes by those that it had.
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "fusebox/v1/admin.pb.h"
#include "fusebox/v1/config.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/made_text.h"

namespace fuseboxctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using testing::IsEmpty;

using Lines = std::set<std::string>;

std::string TypeOf(const FieldDescriptor& field) {
  if (field.message_type() != nullptr) return std::string(field.message_type()->full_name());
  if (field.enum_type() != nullptr) return std::string(field.enum_type()->full_name());
  return std::string(field.type_name());
}

void Add(const EnumDescriptor& type, Lines& lines) {
  for (int i = 0; i < type.value_count(); ++i) {
    lines.insert(absl::StrCat(type.value(i)->full_name(), " = ", type.value(i)->number()));
  }
}

void Add(const Descriptor& type, Lines& lines) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    lines.insert(absl::StrCat(field.full_name(), " = ", field.number(), ", ",
                              field.is_repeated() ? "repeated " : "", TypeOf(field)));
  }
  for (int i = 0; i < type.nested_type_count(); ++i) Add(*type.nested_type(i), lines);
  for (int i = 0; i < type.enum_type_count(); ++i) Add(*type.enum_type(i), lines);
}

void Add(const ServiceDescriptor& service, Lines& lines) {
  for (int i = 0; i < service.method_count(); ++i) {
    const MethodDescriptor& method = *service.method(i);
    lines.insert(absl::StrCat(method.full_name(), "(", method.client_streaming() ? "stream " : "",
                              method.input_type()->full_name(), ") returns (",
                              method.server_streaming() ? "stream " : "",
                              method.output_type()->full_name(), ")"));
  }
}

void Add(const FileDescriptor& file, Lines& lines) {
  for (int i = 0; i < file.message_type_count(); ++i) Add(*file.message_type(i), lines);
  for (int i = 0; i < file.enum_type_count(); ++i) Add(*file.enum_type(i), lines);
  for (int i = 0; i < file.service_count(); ++i) Add(*file.service(i), lines);
}

Lines Without(const Lines& all, const Lines& others) {
  Lines left;
  std::set_difference(all.begin(), all.end(), others.begin(), others.end(),
                      std::inserter(left, left.end()));
  return left;
}

// scripts/update-docs adds what is new, and nothing while a line that was promised is gone: a
// number that has changed is no mistake of the list's.
TEST(Protos, NumbersAndNamesAreFrozen) {
  Lines promised = absl::StrSplit(fusebox_testing::FileContent(FUSEBOXCTL_PROTO_NUMBERS), '\n',
                                  absl::SkipEmpty());
  Lines there;
  Add(*fusebox::v1::Circuit::descriptor()->file(), there);
  Add(*fusebox::v1::Instance::descriptor()->file(), there);
  Add(*fusebox::v1::Config::descriptor()->file(), there);
  ASSERT_THAT(Without(promised, there), IsEmpty())
      << "is promised by " << FUSEBOXCTL_PROTO_NUMBERS
      << ", and proto/fusebox/v1 has it no longer, or otherwise: numbers and names stay";
  if (fusebox_testing::UpdatesDocuments()) {
    promised = there;
    std::ofstream(FUSEBOXCTL_PROTO_NUMBERS) << absl::StrJoin(promised, "\n") << "\n";
  }
  EXPECT_THAT(Without(there, promised), IsEmpty())
      << "is new in proto/fusebox/v1: scripts/update-docs adds it to " << FUSEBOXCTL_PROTO_NUMBERS;
}

}  // namespace
}  // namespace fuseboxctl
