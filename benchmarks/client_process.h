// SPDX-License-Identifier: Apache-2.0
//
// Clients of an admin service in a process of their own, so that what they do takes neither the
// time nor the memory of the process that is measured.
#ifndef FUSEBOX_BENCHMARKS_CLIENT_PROCESS_H_
#define FUSEBOX_BENCHMARKS_CLIENT_PROCESS_H_

#include <fusebox/v1/admin.grpc.pb.h>
#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

namespace fusebox_benchmarks {

// Of the thread that made it, which must outlive it.
class ClientProcess {
 public:
  // Runs this program once more, with those arguments. Returns once that has called `SayReady`;
  // ends the program if it doesn't.
  explicit ClientProcess(std::vector<std::string> arguments);
  ClientProcess(const ClientProcess&) = delete;
  ClientProcess& operator=(const ClientProcess&) = delete;
  // Kills it.
  ~ClientProcess();

  // From here on it reads nothing, and takes nothing from its sockets.
  void Stop() const;

  // In that process: its clients have begun.
  static void SayReady();

 private:
  pid_t pid_ = -1;
};

// Over a connection of its own.
std::unique_ptr<fusebox::v1::CircuitAdmin::Stub> NewStub(const std::string& address);

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_CLIENT_PROCESS_H_
