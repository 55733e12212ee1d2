// SPDX-License-Identifier: Apache-2.0
//
// fuseboxctl: see and move the circuits of processes, over their admin services.
//
//   fuseboxctl --endpoint checkout:9090 list --state open
//   fuseboxctl --endpoint checkout:9090 reset 'payments/*' --reason "the database is back"
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <iostream>
#include <type_traits>
#include <variant>

#include "absl/status/statusor.h"
#include "tools/fuseboxctl/environment.h"
#include "tools/fuseboxctl/flags.h"
#include "tools/fuseboxctl/interrupt.h"

namespace fuseboxctl {
namespace {

ExitCode Run(const Flags& flags, Interrupt& interrupt) {
  if (const auto* const completion = std::get_if<CompletionFlags>(&flags.command)) {
    std::cout << completion->script;
    return ExitCode::kDone;
  }
  Screen screen{std::cout, std::cerr, StandardOutput(flags.colour), flags.json};
  if (flags.wide) screen.terminal.columns = screen.terminal.rows = 0;
  const absl::StatusOr<Connection> connection = Resolve(flags.connection);
  if (!connection.ok()) {
    screen.Say(connection.status().message());
    return ExitCode::kUsage;
  }
  const Fleet fleet(*connection);
  return std::visit(
      [&](const auto& command) {
        using Command = std::decay_t<decltype(command)>;
        if constexpr (std::is_same_v<Command, InfoFlags>) {
          return RunInfo(fleet, screen);
        } else if constexpr (std::is_same_v<Command, ListFlags>) {
          return RunList(fleet, command, screen);
        } else if constexpr (std::is_same_v<Command, GetFlags>) {
          return RunGet(fleet, command, screen);
        } else if constexpr (std::is_same_v<Command, WatchFlags>) {
          return RunWatch(fleet, command, screen, interrupt);
        } else if constexpr (std::is_same_v<Command, WriteFlags>) {
          return RunWrite(fleet, command, screen, interrupt);
        } else if constexpr (std::is_same_v<Command, PolicyFlags>) {
          return RunPolicy(fleet, command, screen);
        } else {
          return ExitCode::kDone;
        }
      },
      flags.command);
}

}  // namespace
}  // namespace fuseboxctl

int main(int argc, char** argv) {
  // What gRPC has to say of a failed handshake is for its developers, and so is what protobuf has
  // to say of a text; they can ask for it.
  if (fuseboxctl::EnvironmentVariable("GRPC_VERBOSITY").empty()) {
    gpr_set_log_function([](gpr_log_func_args*) {});
    google::protobuf::SetLogHandler(nullptr);
  }
  fuseboxctl::Interrupt interrupt;
  const fuseboxctl::Parsed parsed = fuseboxctl::ParseFlags(argc, argv);
  fuseboxctl::ExitCode exit_code =
      parsed.exit_code ? *parsed.exit_code : fuseboxctl::Run(parsed.flags, interrupt);
  std::cout.flush();
  if (!std::cout && exit_code == fuseboxctl::ExitCode::kDone) {
    std::cerr << "fuseboxctl: cannot write to standard output\n";
    exit_code = fuseboxctl::ExitCode::kFailed;
  }
  return static_cast<int>(exit_code);
}
