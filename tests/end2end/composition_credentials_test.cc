// SPDX-License-Identifier: Apache-2.0
//
// TLS, and credentials of single calls.
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
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
#include "tests/support/scripted_echo.h"

namespace fusebox_testing {
namespace {

std::shared_ptr<grpc::ServerCredentials> ServerTls(const TestCertificate& own) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({own.private_key, own.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> ClientTls(const TestCertificate& trusted) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = trusted.certificate;
  return grpc::SslCredentials(options);
}

// Where a call's token comes from. It counts how often it's asked, and may fail.
class TokenSource {
 public:
  // `status`: of each question.
  explicit TokenSource(grpc::Status status) : status_(std::move(status)) {}

  int asked() const { return asked_; }

  // The source must outlive them.
  std::shared_ptr<grpc::CallCredentials> NewCredentials() {
    return grpc::MetadataCredentialsFromPlugin(std::make_unique<Plugin>(*this));
  }

 private:
  class Plugin final : public grpc::MetadataCredentialsPlugin {
   public:
    explicit Plugin(TokenSource& source) : source_(source) {}

    grpc::Status GetMetadata(grpc::string_ref, grpc::string_ref, const grpc::AuthContext&,
                             std::multimap<grpc::string, grpc::string>* metadata) override {
      ++source_.asked_;
      metadata->emplace("authorization", "token");
      return source_.status_;
    }

   private:
    TokenSource& source_;
  };

  const grpc::Status status_;
  std::atomic<int> asked_{0};
};

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

// The dependency isn't at fault, but nothing in the status says so.
TEST_P(CredentialsTest, CallCredentialsThatFailAreOneFailure) {
  TokenSource tokens(grpc::Status(grpc::StatusCode::UNAVAILABLE, "no token"));
  const ScriptedEcho server(Script::Answer(), ServerTls(certificate_));
  const auto channel = NewChannel(server, ClientTls(certificate_));
  grpc::ClientContext context;
  context.set_credentials(tokens.NewCredentials());
  const Report report = MakeCall(style(), kind(), channel, context);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_THAT(report.status.error_message(), testing::HasSubstr("no token"));
  EXPECT_EQ(tokens.asked(), 1);
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Failures(1));
}

// gRPC keeps them from a channel that anyone can listen to. To the standard table UNAUTHENTICATED
// is an answer of the server's, so a success.
TEST_P(CredentialsTest, CallCredentialsWithoutTlsAreUnauthenticated) {
  TokenSource tokens(grpc::Status::OK);
  const ScriptedEcho server;
  const auto channel = NewChannel(server, grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_credentials(tokens.NewCredentials());
  const Report report = MakeCall(style(), kind(), channel, context);
  EXPECT_EQ(report.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(tokens.asked(), 0);
  EXPECT_EQ(server.calls(), 0);
  EXPECT_EQ(Calls(), Successes(1));
}

FUSEBOX_FOR_EVERY_CALL(CredentialsTest);

}  // namespace
}  // namespace fusebox_testing
