// SPDX-License-Identifier: Apache-2.0
//
// TLS, and credentials of single calls.
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/composition.h"
#include "tests/end2end/every_call.h"
#include "tests/end2end/protected_client.h"
#include "tests/end2end/test_certificate.h"
#include "tests/end2end/token_source.h"
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

class CredentialsTest : public CompositionTest {
 protected:
  void SetUp() override {
    std::optional<TestCertificate> certificate = MakeTestCertificate();
    if (!certificate) GTEST_SKIP() << "makes its certificate by the program openssl: not found";
    certificate_ = *std::move(certificate);
  }

  std::shared_ptr<grpc::Channel> NewChannel(
      const ScriptedEcho& server, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    return *fusebox::CreateChannel(server.address(), credentials, TestOptions(shared_));
  }

  TestCertificate certificate_;
};

TEST_P(CredentialsTest, TlsChangesNothing) {
  const ScriptedEcho server(Script::Answer(), ServerTls(certificate_));
  const auto channel = NewChannel(server, ClientTls(certificate_));
  EXPECT_EQ(MakeCall(style(), kind(), channel).replies, ExpectedReplies(kind()));
  EXPECT_EQ(Calls(), Successes(1));
  Open();
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(server.calls(), 1);
  EXPECT_EQ(Calls(), (Tally{1, 0, 0, 1, 0}));
}

TEST_P(CredentialsTest, AServerThatIsNotTrustedIsAFailure) {
  const ScriptedEcho server(Script::Answer(), ServerTls(certificate_));
  const auto channel = NewChannel(server, ClientTls(*MakeTestCertificate()));
  const Report report = MakeCall(style(), kind(), channel);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_FALSE(fusebox::GetRejection(report.status));
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Failures(1));
}

TEST_P(CredentialsTest, TheChannelsCallCredentialsAreAskedForPermittedCallsAlone) {
  TokenSource tokens(grpc::Status::OK);
  const ScriptedEcho server(Script::Answer(), ServerTls(certificate_));
  const auto channel = NewChannel(
      server, grpc::CompositeChannelCredentials(ClientTls(certificate_), tokens.NewCredentials()));
  EXPECT_TRUE(MakeCall(style(), kind(), channel).status.ok());
  EXPECT_EQ(tokens.asked(), 1);
  EXPECT_EQ(Calls(), Successes(1));
  Open();
  EXPECT_TRUE(fusebox::GetRejection(MakeCall(style(), kind(), channel).status));
  EXPECT_EQ(tokens.asked(), 1);
  EXPECT_EQ(Calls(), (Tally{1, 0, 0, 1, 0}));
}

// The dependency isn't at fault: it was never asked.
TEST_P(CredentialsTest, C2_CallCredentialsThatFailAreIgnored) {
  TokenSource tokens(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no token"));
  const ScriptedEcho server(Script::Answer(), ServerTls(certificate_));
  const auto channel = NewChannel(server, ClientTls(certificate_));
  for (int i = 1; i <= 3; ++i) {
    grpc::ClientContext context;
    context.set_credentials(tokens.NewCredentials());
    const Report report = MakeCall(style(), kind(), channel, context);
    EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_THAT(report.status.error_message(), testing::HasSubstr("no token"));
    EXPECT_EQ(tokens.asked(), i);
  }
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Ignored(3));
}

// gRPC keeps them from a channel that anyone can listen to.
TEST_P(CredentialsTest, C2_CallCredentialsWithoutTlsAreIgnored) {
  TokenSource tokens(grpc::Status::OK);
  const ScriptedEcho server;
  const auto channel = NewChannel(server, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_credentials(tokens.NewCredentials());
  const Report report = MakeCall(style(), kind(), channel, context);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(tokens.asked(), 0);
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Ignored(1));
}

// A server that has a token service of its own says the same in its own name.
TEST_P(CredentialsTest, C2_TheSameFromTheServerIsAFailure) {
  const ScriptedEcho server(
      Script::Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE,
                                "Getting metadata from plugin failed with error: no token")),
      ServerTls(certificate_));
  const auto channel = NewChannel(server, ClientTls(certificate_));
  EXPECT_FALSE(MakeCall(style(), kind(), channel).status.ok());
  EXPECT_EQ(Calls(), Failures(1));
}

TEST_P(CredentialsTest, C2_AHostThatTheCertificateIsNotForIsIgnored) {
  const ScriptedEcho server(Script::Answer(), ServerTls(certificate_));
  const auto channel = NewChannel(server, ClientTls(certificate_));
  grpc::ClientContext context;
  context.set_authority("elsewhere");
  const Report report = MakeCall(style(), kind(), channel, context);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Ignored(1));
}

FUSEBOX_FOR_EVERY_CALL(CredentialsTest);

}  // namespace
}  // namespace fusebox_testing
