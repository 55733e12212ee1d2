// SPDX-License-Identifier: Apache-2.0
//
// Readers of an admin service in a process of their own: those that ask what people ask, and those
// that ask for as much work as a request can.
#ifndef FUSEBOX_BENCHMARKS_READER_PROCESS_H_
#define FUSEBOX_BENCHMARKS_READER_PROCESS_H_

#include <string>

#include "benchmarks/client_process.h"

namespace fusebox_benchmarks {

enum class Reading { kList, kWatch, kWatchWithoutReading };
enum class Manners { kGood, kHostile };

// Of the thread that made it, which must outlive it.
class ReaderProcess {
 public:
  // This many: each lists circuits ten times a second, as far as it is answered, and waits no
  // longer than a second; or each watches, and reads what it is told or doesn't. Returns once all
  // have begun.
  ReaderProcess(const std::string& address, Reading reading, Manners manners, int readers);

  // What main() does with the arguments of such a process. -1 if they are none; else it never
  // returns before it is killed.
  static int Main(int argc, char** argv);

 private:
  const ClientProcess process_;
};

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_READER_PROCESS_H_
