// SPDX-License-Identifier: Apache-2.0
//
// Calls of each kind that there is a figure for, in two steps, for programs that a tool looks at.
#ifndef FUSEBOX_BENCHMARKS_CALL_KINDS_H_
#define FUSEBOX_BENCHMARKS_CALL_KINDS_H_

#include <functional>
#include <memory>
#include <string>

namespace fusebox_benchmarks {

// One thread's calls of a circuit, one after the other. In lines of its own, as it is written.
class alignas(64) Caller {
 public:
  Caller() = default;
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  virtual ~Caller() = default;

  // Asks for a call.
  virtual void Begin() = 0;
  // What has been admitted ends.
  virtual void End() = 0;
  // Both, as an application does it.
  virtual void Call() = 0;
};

// Makes a circuit, brought into its state, and then callers of it, all before the first call. Each
// of them keeps the circuit alive. Empty if there is no such kind.
using MakeCaller = std::function<std::unique_ptr<Caller>(int thread)>;
MakeCaller MakeCircuitOfKind(const std::string& kind);

// The names of all of them, each on a line.
std::string CallKinds();

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_CALL_KINDS_H_
