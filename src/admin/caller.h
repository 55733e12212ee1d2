// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_ADMIN_CALLER_H_
#define FUSEBOX_SRC_ADMIN_CALLER_H_

#include <string>

namespace fusebox::internal {

// Whose a request is, for sharing out what there is only so much of.
struct Caller {
  std::string key;          // who it is, by an authorizer's word; of anybody else, where it is
  bool authorised = false;  // an authorizer has let it in, by that name
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_CALLER_H_
