// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_PAGES_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_PAGES_H_

#include <grpcpp/support/status.h>

#include <functional>

#include "fusebox/v1/admin.pb.h"

namespace fuseboxctl {

// Asks for one page.
using AskForPage = std::function<grpc::Status(const fusebox::v1::ListCircuitsRequest& request,
                                              fusebox::v1::ListCircuitsResponse& page)>;

// Hands each page of a listing to `take`, from that of the request on.
//
// RESOURCE_EXHAUSTED if the listing doesn't end: a million circuits have come, or 100,000 pages in
// a row without any. Each page may be short, so that the number of pages says nothing.
grpc::Status ReadPages(const AskForPage& ask, fusebox::v1::ListCircuitsRequest request,
                       const std::function<void(fusebox::v1::ListCircuitsResponse& page)>& take);

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_PAGES_H_
