// SPDX-License-Identifier: Apache-2.0
//
// Calls that this process' own gRPC ends: the server has no part in it, and rule C2 ignores them.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "fusebox/grpc/channel.h"
#include "tests/end2end/ending_test.h"
#include "tests/end2end/grpc_version.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/test_certificate.h"
#include "tests/end2end/token_source.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

using grpc::StatusCode;

class LocalEndingTest : public EndingTest {
 private:
  void Play() override;

  void PlayChannelOf(const std::function<void(grpc::ChannelArguments&)>& arguments,
                     StatusCode status, const std::string& text);
  void PlayReceiveLimit();
  void PlayCredentials(const grpc::Status& of_plugin, const std::string& token);
  void PlayCredentialsNotSent();
};

void LocalEndingTest::PlayChannelOf(const std::function<void(grpc::ChannelArguments&)>& arguments,
                                    StatusCode status, const std::string& text) {
  const ScriptedEcho server;
  ProtectedClient client(server.address(),
                         [&](fusebox::ChannelOptions& options) { arguments(options.arguments); });
  Expect(client, {status, Counted::kIgnored}, [&] {
    grpc::Status got = MakeCall(style(), kind(), client.channel()).status;
    EXPECT_THAT(got.error_message(),
                testing::AnyOf(testing::StartsWith(text), testing::StartsWith("CLIENT: " + text)));
    return got;
  });
}

void LocalEndingTest::PlayReceiveLimit() {
  const auto limit = [](grpc::ChannelArguments& arguments) {
    arguments.SetMaxReceiveMessageSize(2);
  };
  if (!IsGrpc151()) LeaveOutOfTable();
  if (RefusesWithoutReason(style(), kind())) return PlayChannelOf(limit, StatusCode::CANCELLED, "");
  PlayChannelOf(limit, StatusCode::RESOURCE_EXHAUSTED, "Received message larger than max");
}

void LocalEndingTest::PlayCredentials(const grpc::Status& of_plugin, const std::string& token) {
  const std::optional<TestCertificate> certificate = MakeTestCertificate();
  if (!certificate) {
    RecordForTable(GetParam(), {});
    GTEST_SKIP() << "makes its certificate by the program openssl: not found";
  }
  TokenSource tokens(of_plugin, token);
  const ScriptedEcho server(Script::Answer(), ServerTls(*certificate));
  ProtectedClient client(
      server.address(), [](fusebox::ChannelOptions&) {}, ClientTls(*certificate));
  Expect(client, {StatusCode::UNAVAILABLE, Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    context.set_credentials(tokens.NewCredentials());
    return Call(client, context).status;
  });
  EXPECT_EQ(server.calls(), 0);
}

void LocalEndingTest::PlayCredentialsNotSent() {
  TokenSource tokens(grpc::Status::OK);
  const ScriptedEcho server;
  ProtectedClient client(server.address());
  Expect(client, {StatusCode::UNAUTHENTICATED, Counted::kIgnored}, [&] {
    grpc::ClientContext context;
    context.set_credentials(tokens.NewCredentials());
    return Call(client, context).status;
  });
  EXPECT_EQ(server.calls(), 0);
}

void LocalEndingTest::Play() {
  switch (ending()) {
    case Ending::kSendLimit:
      return PlayChannelOf(
          [](grpc::ChannelArguments& arguments) { arguments.SetMaxSendMessageSize(2); },
          StatusCode::RESOURCE_EXHAUSTED, "Sent message larger than max");
    case Ending::kReceiveLimit:
      return PlayReceiveLimit();
    case Ending::kCredentialsFail:
      return PlayCredentials(grpc::Status(StatusCode::PERMISSION_DENIED, "no token"), "token");
    case Ending::kIllegalMetadata:
      return PlayCredentials(grpc::Status::OK, "two\nlines");
    case Ending::kCredentialsNotSent:
      return PlayCredentialsNotSent();
    case Ending::kLameChannel:
      return PlayChannelOf(
          [](grpc::ChannelArguments& arguments) { arguments.SetServiceConfigJSON("no JSON"); },
          StatusCode::INVALID_ARGUMENT, "Failed to create");
    default:
      FAIL() << "played elsewhere";
  }
}

TEST_P(LocalEndingTest, C2_IsIgnored) { PlayOnEachCircuit(); }

FUSEBOX_FOR_CELLS(EveryCall, LocalEndingTest,
                  EveryCell({Ending::kSendLimit, Ending::kReceiveLimit, Ending::kCredentialsFail,
                             Ending::kCredentialsNotSent, Ending::kIllegalMetadata,
                             Ending::kLameChannel}));

}  // namespace
}  // namespace fusebox_testing
