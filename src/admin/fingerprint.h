// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_FINGERPRINT_H_
#define FUSEBOX_SRC_ADMIN_FINGERPRINT_H_

#include <google/protobuf/message.h>

#include <string>

namespace fusebox::internal {

// 16 hexadecimal digits that are the same for equal messages of one type, in any process, whatever
// it is built with: made of the fields, and not of what protobuf writes, which may change with its
// version. Fields that this program doesn't know make no difference. For policies and filters of
// circuits alone. No secret.
std::string FingerprintOf(const google::protobuf::Message& message);

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_FINGERPRINT_H_
