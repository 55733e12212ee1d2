// SPDX-License-Identifier: Apache-2.0
#include "tools/fuseboxctl/pages.h"

#include "absl/strings/str_cat.h"
#include "tools/fuseboxctl/text.h"

namespace fuseboxctl {
namespace {

// More than any process has, and what this machine can yet hold.
constexpr int kMaxCircuits = 1'000'000;

// A page is short because its server has worked on it for long enough, and has passed some circuits
// by.
constexpr int kMaxEmptyPages = 100'000;

}  // namespace

grpc::Status ReadPages(const AskForPage& ask, fusebox::v1::ListCircuitsRequest request,
                       const std::function<void(fusebox::v1::ListCircuitsResponse& page)>& take) {
  int circuits = 0;
  int empty_pages = 0;
  while (true) {
    fusebox::v1::ListCircuitsResponse page;
    if (grpc::Status status = ask(request, page); !status.ok()) return status;
    circuits += page.circuits_size();
    empty_pages = page.circuits_size() == 0 ? empty_pages + 1 : 0;
    const std::string next = page.next_page_token();
    take(page);
    // A token that comes again would go on forever.
    if (next.empty() || next == request.page_token()) return grpc::Status::OK;
    if (circuits >= kMaxCircuits || empty_pages >= kMaxEmptyPages) {
      return {grpc::StatusCode::RESOURCE_EXHAUSTED,
              absl::StrCat("the listing does not end: ", Count(circuits, "circuit"),
                           " so far, and ", Count(empty_pages, "page"), " without any since")};
    }
    request.set_page_token(next);
  }
}

}  // namespace fuseboxctl
