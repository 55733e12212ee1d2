// SPDX-License-Identifier: Apache-2.0
//
// Where a command writes: what was asked for to `out`, everything else to `err`.
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_SCREEN_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_SCREEN_H_

#include <grpcpp/support/status.h>

#include <ostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/fuseboxctl/explain.h"
#include "tools/fuseboxctl/fleet.h"
#include "tools/fuseboxctl/table.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {

struct Screen {
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;
  bool json = false;  // --output json

  // To `err`, for people. Printable, except for line ends.
  void Say(absl::string_view text) const { err << "fuseboxctl: " << text << "\n"; }

  void SayIfAny(absl::string_view text) const {
    if (!text.empty()) Say(text);
  }

  // What an endpoint said no with.
  void SayFailed(const Endpoint& endpoint, const grpc::Status& status, Attempt attempt) const {
    Say(absl::StrCat(Printable(endpoint.name()), ": ", Explain(status, attempt, endpoint.sent())));
  }
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_SCREEN_H_
