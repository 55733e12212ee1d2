// SPDX-License-Identifier: Apache-2.0
//
// What an application can get wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fusebox/admin/circuit_admin.h"
#include "fusebox/admin/circuit_health.h"

namespace fusebox_testing {
namespace {

using fusebox::CircuitAdminOptions;
using testing::AllOf;
using testing::HasSubstr;

std::string ErrorOf(const CircuitAdminOptions& options) {
  return std::string(fusebox::CreateCircuitAdmin(options).status().message());
}

TEST(CircuitAdminOptions, OneErrorNamesAllThatIsWrong) {
  CircuitAdminOptions options;
  options.max_watchers = 0;
  options.allow_writes = true;
  EXPECT_THAT(ErrorOf(options),
              AllOf(HasSubstr("invalid admin service: registry = null, must not be null"),
                    HasSubstr("write_authorizer = null, must say who may write"),
                    HasSubstr("max_watchers = 0, must be from 1 to 100000")));
}

TEST(CircuitAdminOptions, AnInstanceCanBeShown) {
  CircuitAdminOptions options;
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  options.instance = "a\x1b\u202e";
  EXPECT_EQ(ErrorOf(options),
            "invalid admin service: instance = \"a\\x1b\\u202e\", must be printable text in UTF-8, "
            "without U+001B");
  options.instance = "checkout-7f9c, Zürich";
  EXPECT_EQ(ErrorOf(options), "");
}

TEST(CircuitAdminOptions, AnAuthorizerAloneAllowsNothing) {
  CircuitAdminOptions options;
  options.registry = std::make_shared<fusebox::CircuitRegistry>();
  options.write_authorizer = fusebox::AllowLocalCallers();
  EXPECT_THAT(ErrorOf(options), HasSubstr("allow_writes = false, must be true"));
  options.allow_writes = true;
  EXPECT_EQ(ErrorOf(options), "");
}

TEST(Authorizers, SayWhatIsWrongAndNoSecret) {
  EXPECT_THAT(fusebox::AllowTlsSubjects({}).status().message(), HasSubstr("subjects = 0"));
  EXPECT_THAT(fusebox::AllowTlsSubjects({"CN=a", ""}).status().message(),
              HasSubstr("none of them empty"));
  EXPECT_FALSE(fusebox::AllowTlsSubjects({"CN=a", "  "}).ok());
  for (const std::string& token :
       {std::string("a secret"), std::string(4'097, 's'), std::string("sixteen bytes\n..")}) {
    const absl::Status status = fusebox::AllowBearerToken(token, "ci").status();
    EXPECT_THAT(status.message(), HasSubstr("token = " + std::to_string(token.size()) + " bytes"));
    EXPECT_EQ(status.message().find(token), std::string::npos);
  }
  EXPECT_THAT(fusebox::AllowBearerToken("0123456789abcdef", "").status().message(),
              HasSubstr("who = \"\""));
  EXPECT_THAT(fusebox::AllowBearerToken("0123456789abcdef", " \u3000").status().message(),
              HasSubstr("who = \" \u3000\", must not be empty or only spaces"));
}

TEST(CircuitHealthOptions, OneErrorNamesAllThatIsWrong) {
  EXPECT_THAT(std::string(fusebox::StartCircuitHealth({}).status().message()),
              AllOf(HasSubstr("registry = null"), HasSubstr("health = null, must not be null"),
                    HasSubstr("services = none")));
  fusebox::CircuitHealthOptions options;
  options.services["shop.Checkout"] = {};
  EXPECT_THAT(std::string(fusebox::StartCircuitHealth(options).status().message()),
              HasSubstr("services[\"shop.Checkout\"] = no globs"));
}

}  // namespace
}  // namespace fusebox_testing
