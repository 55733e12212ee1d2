// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_ADMIN_TEST_AUTHORITY_H_
#define FUSEBOX_TESTS_ADMIN_TEST_AUTHORITY_H_

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <optional>
#include <string>

#include "tests/end2end/test_certificate.h"

namespace fusebox_testing {

// A new certificate authority, that lasts for as long as the test.
class TestAuthority {
 public:
  // None if the program openssl isn't installed.
  static std::optional<TestAuthority> Make();

  // A certificate for a subject like "/O=Example/CN=sre", with an alternative name like
  // "IP:127.0.0.1" unless that's empty.
  TestCertificate Issue(const std::string& subject, const std::string& alternative_name) const;

  // A server at 127.0.0.1 that verifies the certificates of clients that have one.
  std::shared_ptr<grpc::ServerCredentials> ServerCredentials() const;

  // A client that trusts this authority's servers, with that certificate or with none.
  std::shared_ptr<grpc::ChannelCredentials> ClientCredentials(
      const std::optional<TestCertificate>& own) const;

 private:
  explicit TestAuthority(TestCertificate own) : own_(std::move(own)) {}

  TestCertificate own_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_ADMIN_TEST_AUTHORITY_H_
