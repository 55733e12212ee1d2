// SPDX-License-Identifier: Apache-2.0
#include "fusebox/admin/circuit_admin.h"

#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/support/server_callback.h>

#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "src/admin/access_control.h"
#include "src/admin/circuit_action.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_writes.h"
#include "src/admin/status_conversion.h"
#include "src/admin/watchers.h"

namespace fusebox {
namespace {

constexpr int kMaxWatchers = 100'000;

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// Asks who the caller is, and hands the request on.
class CircuitAdmin : public v1::CircuitAdmin::CallbackService {
 public:
  explicit CircuitAdmin(const CircuitAdminOptions& options)
      : access_(options),
        reads_(options.registry, options.instance, DisclosureOf(options)),
        writes_(options.registry, options.instance, DisclosureOf(options)),
        watchers_(SourceOf(options), options.max_watchers) {}

 private:
  static Disclosure DisclosureOf(const CircuitAdminOptions& options) {
    return {options.show_failure_messages};
  }
  static WatchSource SourceOf(const CircuitAdminOptions& options) {
    absl::BitGen random;
    const auto id = absl::Uniform<uint64_t>(random);
    return {options.registry, options.instance, absl::StrCat(absl::Hex(id, absl::kZeroPad16)),
            DisclosureOf(options)};
  }

  template <typename Handle>
  ServerUnaryReactor* Read(CallbackServerContext* context, const Handle& handle) {
    grpc::Status status = ToGrpcStatus(access_.MayRead(*context));
    if (status.ok()) status = handle();
    return Answer(context, status);
  }

  // `handle` is given who the caller is.
  template <typename Handle>
  ServerUnaryReactor* Write(CallbackServerContext* context, const Handle& handle) {
    const absl::StatusOr<std::string> who = access_.MayWrite(*context);
    return Answer(context, who.ok() ? handle(*who) : ToGrpcStatus(who.status()));
  }

  template <typename Request, typename Response>
  ServerUnaryReactor* Apply(CallbackServerContext* context, const CircuitAction& action,
                            const Request* request, Response* response) {
    return Write(context, [&](const std::string& who) {
      response->set_instance(writes_.instance());
      return writes_.Apply(action, request->name(), {who, request->reason()},
                           *response->mutable_circuit());
    });
  }

  static ServerUnaryReactor* Answer(CallbackServerContext* context, const grpc::Status& status) {
    ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  // ---- The service.

  ServerUnaryReactor* GetInstance(CallbackServerContext* context, const v1::GetInstanceRequest*,
                                  v1::GetInstanceResponse* response) override {
    return Read(context, [&] {
      reads_.DescribeInstance(*response->mutable_instance());
      return grpc::Status::OK;
    });
  }

  ServerUnaryReactor* ListCircuits(CallbackServerContext* context,
                                   const v1::ListCircuitsRequest* request,
                                   v1::ListCircuitsResponse* response) override {
    return Read(context, [&] { return reads_.List(*request, *response); });
  }

  ServerUnaryReactor* GetCircuit(CallbackServerContext* context,
                                 const v1::GetCircuitRequest* request,
                                 v1::GetCircuitResponse* response) override {
    return Read(context, [&] { return reads_.Get(*request, *response); });
  }

  Watchers::Reactor* WatchCircuits(CallbackServerContext* context,
                                   const v1::WatchCircuitsRequest* request) override {
    if (absl::Status status = access_.MayRead(*context); !status.ok()) {
      return Watchers::Refuse(ToGrpcStatus(status));
    }
    return watchers_.Add(*request);
  }

  ServerUnaryReactor* ResetCircuit(CallbackServerContext* context,
                                   const v1::ResetCircuitRequest* request,
                                   v1::ResetCircuitResponse* response) override {
    return Apply(context, CircuitAction::Reset(), request, response);
  }

  ServerUnaryReactor* ForceOpenCircuit(CallbackServerContext* context,
                                       const v1::ForceOpenCircuitRequest* request,
                                       v1::ForceOpenCircuitResponse* response) override {
    return Apply(context, CircuitAction::ForceOpen(*request), request, response);
  }

  ServerUnaryReactor* DisableCircuit(CallbackServerContext* context,
                                     const v1::DisableCircuitRequest* request,
                                     v1::DisableCircuitResponse* response) override {
    return Apply(context, CircuitAction::Disable(), request, response);
  }

  ServerUnaryReactor* ShadowCircuit(CallbackServerContext* context,
                                    const v1::ShadowCircuitRequest* request,
                                    v1::ShadowCircuitResponse* response) override {
    return Apply(context, CircuitAction::Shadow(), request, response);
  }

  ServerUnaryReactor* AutomateCircuit(CallbackServerContext* context,
                                      const v1::AutomateCircuitRequest* request,
                                      v1::AutomateCircuitResponse* response) override {
    return Apply(context, CircuitAction::Automate(), request, response);
  }

  ServerUnaryReactor* UpdatePolicy(CallbackServerContext* context,
                                   const v1::UpdatePolicyRequest* request,
                                   v1::UpdatePolicyResponse* response) override {
    return Write(context, [&](const std::string& who) {
      return writes_.UpdatePolicy(*request, who, *response);
    });
  }

  ServerUnaryReactor* ApplyToCircuits(CallbackServerContext* context,
                                      const v1::ApplyToCircuitsRequest* request,
                                      v1::ApplyToCircuitsResponse* response) override {
    return Write(context, [&](const std::string& who) {
      return writes_.ApplyToMany(*request, who, *response);
    });
  }

  const AccessControl access_;
  const CircuitReads reads_;
  const CircuitWrites writes_;
  Watchers watchers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<grpc::Service>> CreateCircuitAdmin(
    const CircuitAdminOptions& options) {
  std::vector<std::string> errors;
  if (options.registry == nullptr) errors.emplace_back("registry = null, must be a registry");
  if (options.allow_writes && options.write_authorizer == nullptr) {
    errors.emplace_back("write_authorizer = null, must say who may write if allow_writes is set");
  }
  if (!options.allow_writes && options.write_authorizer != nullptr) {
    errors.emplace_back(
        "allow_writes = false, must be true for write_authorizer to have a meaning");
  }
  if (options.max_watchers < 1 || options.max_watchers > kMaxWatchers) {
    errors.push_back(absl::StrCat("max_watchers = ", options.max_watchers, ", must be from 1 to ",
                                  kMaxWatchers));
  }
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("invalid admin service: ", absl::StrJoin(errors, "; ")));
  }
  return std::make_unique<CircuitAdmin>(options);
}

}  // namespace fusebox
