// SPDX-License-Identifier: Apache-2.0
//
// fuseboxctl: see and move the circuits of processes, over their admin services.
//
//   fuseboxctl --endpoint checkout:9090 list --state open
//   fuseboxctl --endpoint checkout:9090 reset 'payments/*' --reason "the database is back"
#include <iostream>
#include <utility>

#include "absl/status/statusor.h"
#include "src/compat/compat.h"
#include "tools/fuseboxctl/connection.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/flags.h"
#include "tools/fuseboxctl/interrupt.h"
#include "tools/fuseboxctl/screen.h"

namespace fuseboxctl {
namespace {

ExitCode Run(const Flags& flags, Interrupt& interrupt) {
  Screen screen{std::cout, std::cerr, StandardOutput(flags.colour()), flags.json()};
  if (flags.wide()) screen.terminal.columns = screen.terminal.rows = 0;
  Connection connection;
  if (flags.command().asks_endpoints()) {
    absl::StatusOr<Connection> resolved = Resolve(flags.connection());
    if (!resolved.ok()) {
      screen.Say(resolved.status().message());
      return ExitCode::kUsage;
    }
    connection = *std::move(resolved);
  }
  const Fleet fleet(connection);
  return flags.command().Run({fleet, screen, interrupt});
}

}  // namespace
}  // namespace fuseboxctl

int main(int argc, char** argv) {
  // What gRPC has to say of a failed handshake is for its developers, and so is what protobuf has
  // to say of a text; they can ask for it.
  if (fuseboxctl::EnvironmentVariable("GRPC_VERBOSITY").empty()) {
    fusebox::internal::SilenceGrpcAndProtobuf();
  }
  fuseboxctl::Interrupt interrupt;
  const fuseboxctl::Flags flags(argc, argv);
  fuseboxctl::ExitCode exit_code =
      flags.exit_code() ? *flags.exit_code() : fuseboxctl::Run(flags, interrupt);
  std::cout.flush();
  if (!std::cout && exit_code == fuseboxctl::ExitCode::kDone) {
    std::cerr << "fuseboxctl: cannot write to standard output\n";
    exit_code = fuseboxctl::ExitCode::kFailed;
  }
  return static_cast<int>(exit_code);
}
