// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/test_certificate.h"

#include <array>
#include <cstddef>
#include <cstdio>

namespace fusebox_testing {

std::optional<TestCertificate> MakeTestCertificate() {
  return MakeTestCertificate("-subj /CN=echo -addext subjectAltName=IP:127.0.0.1");
}

std::optional<TestCertificate> MakeTestCertificate(const std::string& arguments) {
  // Both to its output, first the key.
  const std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-keyout - -out - " +
      arguments + " 2> /dev/null";
  FILE* const openssl = popen(command.c_str(), "r");
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
// LeakSanitizer, which looks then, would now and then take that for a leak. So it does for what
// c-ares, by which gRPC looks names up, keeps for itself.
// NOLINTNEXTLINE(bugprone-reserved-identifier): its name is LeakSanitizer's.
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libcrypto.so\nleak:libcares.so\n";
}
