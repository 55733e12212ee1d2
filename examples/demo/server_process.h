// SPDX-License-Identifier: Apache-2.0
//
// The demo's server as its director sees it: a process to start, make sick, question and kill.
#ifndef FUSEBOX_EXAMPLES_DEMO_SERVER_PROCESS_H_
#define FUSEBOX_EXAMPLES_DEMO_SERVER_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control.grpc.pb.h"

namespace demo {

// Holds a free port of 127.0.0.1 without listening on it. While the server is dead, its port would
// otherwise be free for any connection of this machine to be made from.
class ReservedPort {
 public:
  ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;
  ~ReservedPort();

  int port() const { return port_; }  // 0: none was free

 private:
  int socket_;
  int port_ = 0;
};

// Thread-safety: of one thread, and that thread must outlive it: the server dies with it.
class ServerProcess {
 public:
  // Not started yet. `program` is the path of fusebox_demo_server.
  explicit ServerProcess(std::string program) : program_(std::move(program)) {}
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ~ServerProcess() { Kill(); }

  // Starts it, on the same port each time, and waits until it serves.
  absl::Status Start();

  // kill -9. Returns once the process is gone.
  void Kill();

  absl::Status SetHealth(Health health);

  // The calls that have reached it since its start, by client; empty if it doesn't say.
  std::optional<std::map<std::string, int64_t>> CountCalls();

  std::string address() const { return "127.0.0.1:" + std::to_string(reserved_.port()); }

 private:
  const std::string program_;
  const ReservedPort reserved_;
  pid_t pid_ = -1;  // -1: dead
  std::unique_ptr<Control::Stub> control_;
};

// The path of a program that lies in the same folder as the one that runs.
std::string ProgramBesideThisOne(const std::string& name);

}  // namespace demo

#endif  // FUSEBOX_EXAMPLES_DEMO_SERVER_PROCESS_H_
