// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a request, field by field, and how a caller is told: INVALID_ARGUMENT with a
// google.rpc.BadRequest in the status details.
#ifndef FUSEBOX_SRC_ADMIN_REQUEST_ERRORS_H_
#define FUSEBOX_SRC_ADMIN_REQUEST_ERRORS_H_

#include <grpcpp/support/status.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox::internal {

class RequestErrors {
 public:
  // `what` says which value the field has and what it must be: "0, must be from 1 to 1000". Of very
  // many, as of a request that is meant to be wrong, the last ones are only counted.
  void Add(absl::string_view field, absl::string_view what);

  // All that is wrong with a part of it.
  void Add(const RequestErrors& part);

  bool empty() const { return violations_.empty() && untold_ == 0; }

  // "page_size = -1, must be from 0 to 1000; ..."
  std::string Text() const;

  // OK if there is nothing wrong.
  grpc::Status ToStatus() const;

 private:
  struct Violation {
    std::string field;
    std::string what;
  };

  std::string Details(const std::string& message) const;

  std::vector<Violation> violations_;
  std::size_t told_bytes_ = 0;  // that those take, in the message and in the details
  std::size_t untold_ = 0;      // how many more there are
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_ADMIN_REQUEST_ERRORS_H_
