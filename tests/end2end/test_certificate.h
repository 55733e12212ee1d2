// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_END2END_TEST_CERTIFICATE_H_
#define FUSEBOX_TESTS_END2END_TEST_CERTIFICATE_H_

#include <optional>
#include <string>

namespace fusebox_testing {

// As PEM.
struct TestCertificate {
  std::string private_key;
  std::string certificate;
};

// A new key, and a certificate that it signs itself, for servers at 127.0.0.1. Made by the program
// openssl; none if that isn't installed.
std::optional<TestCertificate> MakeTestCertificate();

// The same, with arguments of one's own for `openssl req -x509` to say whose it is and who signs
// it.
std::optional<TestCertificate> MakeTestCertificate(const std::string& arguments);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_TEST_CERTIFICATE_H_
