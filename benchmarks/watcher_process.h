// SPDX-License-Identifier: Apache-2.0
//
// Watchers of an admin service in a process of their own.
#ifndef FUSEBOX_BENCHMARKS_WATCHER_PROCESS_H_
#define FUSEBOX_BENCHMARKS_WATCHER_PROCESS_H_

#include <string>

#include "benchmarks/client_process.h"

namespace fusebox_benchmarks {

// Of the thread that made it, which must outlive it.
class WatcherProcess {
 public:
  // This many, each with a connection of its own. Returns once each has been told all circuits.
  WatcherProcess(const std::string& address, int watchers);

  // From here on it reads nothing, and takes nothing from its sockets.
  void Stop() const { process_.Stop(); }

  // What main() does with the arguments of such a process. -1 if they are none; else it never
  // returns before it is killed.
  static int Main(int argc, char** argv);

 private:
  const ClientProcess process_;
};

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_WATCHER_PROCESS_H_
