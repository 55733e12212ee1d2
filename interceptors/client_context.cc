// SPDX-License-Identifier: Apache-2.0
#include "fusebox/grpc/client_context.h"

#include <grpc/impl/codegen/propagation_bits.h>

#include <algorithm>

namespace fusebox {

std::unique_ptr<grpc::ClientContext> ClientContextFor(
    const grpc::ServerContextBase& server_context, std::chrono::system_clock::time_point deadline,
    grpc::PropagationOptions options) {
  if ((options.c_bitmask() & GRPC_PROPAGATE_DEADLINE) != 0) {
    deadline = std::min(deadline, server_context.deadline());
  }
  std::unique_ptr<grpc::ClientContext> context =
      grpc::ClientContext::FromServerContext(server_context, options);
  if (deadline != std::chrono::system_clock::time_point::max()) context->set_deadline(deadline);
  return context;
}

}  // namespace fusebox
