// SPDX-License-Identifier: Apache-2.0
//
// Credentials of single calls.
#ifndef FUSEBOX_TESTS_END2END_TOKEN_SOURCE_H_
#define FUSEBOX_TESTS_END2END_TOKEN_SOURCE_H_

#include <grpcpp/security/auth_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "tests/end2end/test_certificate.h"

namespace fusebox_testing {

inline std::shared_ptr<grpc::ServerCredentials> ServerTls(const TestCertificate& own) {
  grpc::SslServerCredentialsOptions options;
  options.pem_key_cert_pairs.push_back({own.private_key, own.certificate});
  return grpc::SslServerCredentials(options);
}

inline std::shared_ptr<grpc::ChannelCredentials> ClientTls(const TestCertificate& trusted) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = trusted.certificate;
  return grpc::SslCredentials(options);
}

// Where a call's token comes from. It counts how often it's asked, and may fail.
//
// Thread-safety: any thread may use it.
class TokenSource {
 public:
  // `status`: of each question. `token`: of each answer.
  explicit TokenSource(grpc::Status status, std::string token = "token")
      : status_(std::move(status)), token_(std::move(token)) {}

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
      metadata->emplace("authorization", source_.token_);
      return source_.status_;
    }

   private:
    TokenSource& source_;
  };

  const grpc::Status status_;
  const std::string token_;
  std::atomic<int> asked_{0};
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_TOKEN_SOURCE_H_
