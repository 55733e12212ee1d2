// SPDX-License-Identifier: Apache-2.0
//
// Whether TLS can be begun with what the files hold. gRPC doesn't say what is wrong with them: of a
// channel whose key isn't its certificate's it only says that it has no address.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_TLS_FILES_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_TLS_FILES_H_

#include <string>

#include "absl/status/status.h"

namespace fuseboxctl {

// INVALID_ARGUMENT, without a name, if a certificate of the PEM file can't be read.
absl::Status CheckCertificates(const std::string& pem);

// The same of a private key. One that is encrypted can't: nobody is asked for a passphrase.
absl::Status CheckKey(const std::string& pem);

// Whether the key is that of the first certificate. Both are good.
bool IsPair(const std::string& certificates, const std::string& key);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_TLS_FILES_H_
