// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/strings/match.h"

namespace fuseboxctl {
namespace {

struct Freer {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, Freer>;
using Certificate = std::unique_ptr<X509, Freer>;
using Key = std::unique_ptr<EVP_PKEY, Freer>;

Bio Reader(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Without it OpenSSL would ask the terminal.
int NoPassphrase(char* /*buffer*/, int /*size*/, int /*writes*/, void* /*data*/) { return -1; }

// The next one; null if there is none that can be read.
Certificate ReadCertificate(const Bio& from) {
  return Certificate(PEM_read_bio_X509(from.get(), nullptr, NoPassphrase, nullptr));
}

Key ReadKey(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassphrase, nullptr));
}

// What is left of errors is taken by the next who looks for his own.
class ErrorsCleared {
 public:
  ErrorsCleared() = default;
  ErrorsCleared(const ErrorsCleared&) = delete;
  ErrorsCleared& operator=(const ErrorsCleared&) = delete;
  ~ErrorsCleared() { ERR_clear_error(); }
};

}  // namespace

absl::Status CheckCertificates(const std::string& pem) {
  const ErrorsCleared cleared;
  const Bio from = Reader(pem);
  int count = 0;
  while (ReadCertificate(from) != nullptr) ++count;
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (count > 0 && at_end) return absl::OkStatus();
  return absl::InvalidArgumentError("holds a certificate that can't be read");
}

absl::Status CheckKey(const std::string& pem) {
  const ErrorsCleared cleared;
  if (ReadKey(pem) != nullptr) return absl::OkStatus();
  if (absl::StrContains(pem, "ENCRYPTED")) {
    return absl::InvalidArgumentError("holds a private key that is encrypted: decrypt it first");
  }
  return absl::InvalidArgumentError("holds a private key that can't be read");
}

bool IsPair(const std::string& certificates, const std::string& key) {
  const ErrorsCleared cleared;
  const Certificate certificate = ReadCertificate(Reader(certificates));
  const Key private_key = ReadKey(key);
  return certificate != nullptr && private_key != nullptr &&
         X509_check_private_key(certificate.get(), private_key.get()) == 1;
}

}  // namespace fuseboxctl
