// SPDX-License-Identifier: Apache-2.0
//
// The processes that are asked: a channel each, all at once.
//
//   const auto pages = fleet.AskAll([](Endpoint& endpoint) { return ListOf(endpoint); });
#ifndef FUSEBOX_TOOLS_FUSEBOXCTL_FLEET_H_
#define FUSEBOX_TOOLS_FUSEBOXCTL_FLEET_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/v1/admin.grpc.pb.h"
#include "tools/fuseboxctl/connection.h"
#include "tools/fuseboxctl/explain.h"

namespace fuseboxctl {

// Thread-safety: any thread may use it.
class Endpoint {
 public:
  Endpoint(const Target& target, const Connection& connection);

  const std::string& name() const { return name_; }

  // What to call the process: what it calls itself, else the endpoint's name. Printable.
  std::string InstanceName(const std::string& instance) const;

  // Not OK: it has no address, and asking it is useless. Look here first.
  const grpc::Status& reachable() const { return reachable_; }

  fusebox::v1::CircuitAdmin::Stub& stub() const { return *stub_; }

  // Makes a unary call, which ends in time. `method` is one of the stub's.
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (fusebox::v1::CircuitAdmin::Stub::*method)(grpc::ClientContext*,
                                                                            const Request&,
                                                                            Response*),
                    const Request& request, Response& response) const {
    if (!reachable_.ok()) return reachable_;
    grpc::ClientContext context;
    Prepare(context);
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
    return (stub_.get()->*method)(&context, request, &response);
  }

  // By what it is told who asks.
  const Sent& sent() const { return sent_; }

  // For a stream, which takes as long as it takes.
  void Prepare(grpc::ClientContext& context) const;

 private:
  const std::string name_;
  const std::string token_;
  const Sent sent_;
  const absl::Duration timeout_;
  grpc::Status reachable_;
  std::unique_ptr<fusebox::v1::CircuitAdmin::Stub> stub_;
};

class Fleet {
 public:
  // Connects when it is first asked.
  explicit Fleet(const Connection& connection);

  const std::vector<std::unique_ptr<Endpoint>>& endpoints() const { return endpoints_; }
  std::size_t size() const { return endpoints_.size(); }

  // What `ask` returns for each endpoint, in their order. It is called on several threads at once.
  template <typename Ask>
  auto AskAll(const Ask& ask) const {
    std::vector<std::invoke_result_t<Ask, const Endpoint&>> answers(size());
    ForAll([&](std::size_t i) { answers[i] = ask(std::as_const(*endpoints_[i])); });
    return answers;
  }

  // The same, with something for each endpoint to go by.
  template <typename Input, typename Ask>
  auto AskEach(std::vector<Input> inputs, const Ask& ask) const {
    std::vector<std::invoke_result_t<Ask, const Endpoint&, Input&>> answers(size());
    ForAll([&](std::size_t i) { answers[i] = ask(std::as_const(*endpoints_[i]), inputs[i]); });
    return answers;
  }

 private:
  // Calls `work` with each endpoint's index, many at once, and returns when all have returned.
  void ForAll(const std::function<void(std::size_t)>& work) const;

  std::vector<std::unique_ptr<Endpoint>> endpoints_;
};

}  // namespace fuseboxctl

#endif  // FUSEBOX_TOOLS_FUSEBOXCTL_FLEET_H_
