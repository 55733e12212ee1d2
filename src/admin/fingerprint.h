// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_FINGERPRINT_H_
#define FUSEBOX_SRC_ADMIN_FINGERPRINT_H_

#include <google/protobuf/message_lite.h>

#include <string>

namespace fusebox::internal {

// 16 hexadecimal digits that are the same for equal messages of one type, in any process; no
// secret.
std::string FingerprintOf(const google::protobuf::MessageLite& message);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_FINGERPRINT_H_
