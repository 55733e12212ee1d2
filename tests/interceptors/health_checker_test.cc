// SPDX-License-Identifier: Apache-2.0
//
// What goes over the wire when a server is asked whether it is well (rule R21).
#include "interceptors/health_checker.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/string_view.h"
#include "fusebox/outcome.h"

namespace fusebox_testing {
namespace {

using fusebox::Outcome;
using fusebox::OutcomeKind;
using fusebox::internal::HealthCheckRequest;
using fusebox::internal::OutcomeOfHealthCheck;

void ExpectFailure(absl::string_view response, int code, absl::string_view message) {
  const Outcome outcome = OutcomeOfHealthCheck(response);
  EXPECT_EQ(outcome.kind, OutcomeKind::kFailure);
  EXPECT_EQ(outcome.code, code);
  EXPECT_EQ(outcome.message, message);
}

TEST(HealthChecker, R21_TheRequestNamesTheService) {
  EXPECT_EQ(HealthCheckRequest(""), "");
  EXPECT_EQ(HealthCheckRequest("shop"), "\x0a\x04shop");
}

TEST(HealthChecker, R21_OneAnswerIsGood) {
  EXPECT_EQ(OutcomeOfHealthCheck("\x08\x01").kind, OutcomeKind::kSuccess);
  ExpectFailure("", 14, "health check: UNKNOWN");
  ExpectFailure("\x08\x02", 14, "health check: NOT_SERVING");
  ExpectFailure("\x08\x03", 14, "health check: SERVICE_UNKNOWN");
  ExpectFailure("\x08\x04", 14, "health check: a status of a later version");
}

TEST(HealthChecker, R21_FieldsOfALaterVersionAreSkipped) {
  EXPECT_EQ(OutcomeOfHealthCheck("\x12\x02zz\x08\x01\x18\x07").kind, OutcomeKind::kSuccess);
}

TEST(HealthChecker, R21_WhatCannotBeReadIsNoAnswer) {
  for (const absl::string_view broken : {"\x08", "\x08\x01\x12\x7f", "\xff"}) {
    ExpectFailure(broken, 13, "health check: an answer that can't be read");
  }
}

}  // namespace
}  // namespace fusebox_testing
