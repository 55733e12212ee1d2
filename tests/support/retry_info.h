// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TESTS_SUPPORT_RETRY_INFO_H_
#define FUSEBOX_TESTS_SUPPORT_RETRY_INFO_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/rejection.h"

namespace fusebox_testing {

// The details of a status with a google.rpc.RetryInfo of that delay, and an ErrorInfo of a domain
// of seven characters: a server's own, as far as that isn't "fusebox".
inline std::string RetryInfoDetails(absl::Duration delay, absl::string_view domain = "example") {
  fusebox::Rejection rejection;
  rejection.circuit = "of the server's";
  rejection.retry_after = delay;
  std::string bytes = fusebox::EncodeRejection(rejection);
  return bytes.replace(bytes.find(std::string(fusebox::kRejectionDomain)), domain.size(),
                       std::string(domain));
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_SUPPORT_RETRY_INFO_H_
