// SPDX-License-Identifier: Apache-2.0
#include "tests/admin/test_authority.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace fusebox_testing {
namespace {

// For openssl, which reads an authority's key from a file alone.
class TemporaryFolder {
 public:
  TemporaryFolder() : path_(testing::TempDir() + "fusebox-authority-XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string Write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }

 private:
  std::string path_;
};

}  // namespace

std::optional<TestAuthority> TestAuthority::Make() {
  std::optional<TestCertificate> own = MakeTestCertificate("-subj /CN=authority");
  if (!own) return std::nullopt;
  return TestAuthority(*std::move(own));
}

TestCertificate TestAuthority::Issue(const std::string& subject,
                                     const std::string& alternative_name) const {
  const TemporaryFolder folder;
  std::string arguments = "-subj '" + subject + "' -addext basicConstraints=CA:FALSE -CA " +
                          folder.Write("ca.pem", own_.certificate) + " -CAkey " +
                          folder.Write("ca.key", own_.private_key);
  if (!alternative_name.empty()) arguments += " -addext subjectAltName=" + alternative_name;
  return MakeTestCertificate(arguments).value();
}

std::shared_ptr<grpc::ServerCredentials> TestAuthority::ServerCredentials() const {
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = own_.certificate;
  const TestCertificate server = Issue("/CN=server", "IP:127.0.0.1");
  options.pem_key_cert_pairs.push_back({server.private_key, server.certificate});
  return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> TestAuthority::ClientCredentials(
    const std::optional<TestCertificate>& own) const {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = own_.certificate;
  if (own) {
    options.pem_private_key = own->private_key;
    options.pem_cert_chain = own->certificate;
  }
  return grpc::SslCredentials(options);
}

}  // namespace fusebox_testing
