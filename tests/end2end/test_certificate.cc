// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/test_certificate.h"

#include <array>
#include <cstddef>
#include <cstdio>

namespace fusebox_testing {

std::optional<TestCertificate> MakeTestCertificate() {
  // Both to its output, first the key.
  FILE* const openssl = popen(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-subj /CN=echo -addext subjectAltName=IP:127.0.0.1 -keyout - -out - 2> /dev/null",
      "r");
  if (openssl == nullptr) return std::nullopt;
  std::string pem;
  std::array<char, 4096> part{};
  while (const std::size_t size = std::fread(part.data(), 1, part.size(), openssl)) {
    pem.append(part.data(), size);
  }
  const bool ok = pclose(openssl) == 0;
  const std::size_t certificate = pem.find("-----BEGIN CERTIFICATE-----");
  if (!ok || certificate == std::string::npos) return std::nullopt;
  return TestCertificate{pem.substr(0, certificate), pem.substr(certificate)};
}

}  // namespace fusebox_testing

// OpenSSL frees what it keeps for a thread when that ends, and gRPC's threads may outlive main:
// LeakSanitizer, which looks then, would now and then take that for a leak.
// NOLINTNEXTLINE(bugprone-reserved-identifier): its name is LeakSanitizer's.
extern "C" const char* __lsan_default_suppressions() { return "leak:libcrypto.so\n"; }
