// SPDX-License-Identifier: Apache-2.0
#include "fusebox/admin/circuit_admin.h"

#include <fusebox/v1/admin.grpc.pb.h>
#include <grpcpp/support/server_callback.h>

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "fusebox/clock.h"
#include "src/admin/access_control.h"
#include "src/admin/circuit_action.h"
#include "src/admin/circuit_reads.h"
#include "src/admin/circuit_writes.h"
#include "src/admin/config_requests.h"
#include "src/admin/fair_executor.h"
#include "src/admin/reasoned_status.h"
#include "src/admin/request_errors.h"
#include "src/admin/watchers.h"
#include "src/base/operator_verbs.h"
#include "src/base/printable.h"

namespace fusebox {

using internal::AccessControl;
using internal::AdminReason;
using internal::Caller;
using internal::CircuitAction;
using internal::CircuitReads;
using internal::CircuitWrites;
using internal::ConfigRequests;
using internal::Disclosure;
using internal::FairExecutor;
using internal::FirstUnprintable;
using internal::Printable;
using internal::ReasonedStatus;
using internal::RequestErrors;
using internal::ToGrpcStatus;
using internal::Watchers;
using internal::WatchSource;

namespace {

constexpr int kMaxWatchers = 100'000;
constexpr std::size_t kMaxRequestBytes = 65'536;
constexpr int kMaxDiffs = 4;  // that wait, of callers with a name and of others

using grpc::CallbackServerContext;
using grpc::ServerUnaryReactor;

// As many may have one at the same time. Thread-safe.
class Places {
 public:
  // Gives it back when it goes.
  class Place {
   public:
    explicit Place(Places& from) : from_(from) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { from_.left_.fetch_add(1, std::memory_order_relaxed); }

   private:
    Places& from_;
  };

  explicit Places(int count) : left_(count) {}

  // Null: there is none left.
  std::shared_ptr<const Place> Take() {
    if (left_.fetch_sub(1, std::memory_order_relaxed) > 0)
      return std::make_shared<const Place>(*this);
    left_.fetch_add(1, std::memory_order_relaxed);
    return nullptr;
  }

 private:
  std::atomic<int> left_;  // relaxed: a count alone
};

// Asks who the caller is, and hands the request on.
class CircuitAdmin : public v1::CircuitAdmin::CallbackService {
 public:
  explicit CircuitAdmin(const CircuitAdminOptions& options)
      : access_(options),
        reads_(options.registry, options.instance, DisclosureOf(options)),
        strangers_reads_(options.registry, options.instance, DisclosureToStrangers(options)),
        writes_(options.registry, options.instance, DisclosureOf(options)),
        config_(options.registry, options.instance),
        watchers_(SourceOf(options), options.max_watchers, reading_) {}

 private:
  static Disclosure DisclosureOf(const CircuitAdminOptions& options) {
    return {options.show_failure_messages};
  }
  // Names that an authorizer has given, and what their holders wrote, are for those who have a name
  // themselves. Where nobody can write, they are the application's own.
  static Disclosure DisclosureToStrangers(const CircuitAdminOptions& options) {
    Disclosure disclosure = DisclosureOf(options);
    disclosure.operators = !options.allow_writes;
    return disclosure;
  }
  static WatchSource SourceOf(const CircuitAdminOptions& options) {
    absl::BitGen random;
    const auto id = absl::Uniform<uint64_t>(random);
    return {options.registry, options.instance, absl::StrCat(absl::Hex(id, absl::kZeroPad16)),
            DisclosureOf(options), DisclosureToStrangers(options)};
  }

  // A unary call that the executor answers.
  class Call : public ServerUnaryReactor {
   public:
    explicit Call(CallbackServerContext& context) : context_(context) {}

    void OnDone() override { delete this; }

    // Whether nobody waits for an answer any more.
    bool IsGivenUp() const {
      return context_.IsCancelled() ||
             absl::FromChrono(context_.deadline()) <= Clock::Real().WallNow();
    }

   private:
    CallbackServerContext& context_;  // lives until OnDone
  };

  // Has `handle` answer, on the executor's thread, in its turn. What it refers to must live until
  // then: a call's request and response do.
  template <typename Handle>
  ServerUnaryReactor* Answer(CallbackServerContext* context, FairExecutor& executor,
                             const absl::StatusOr<Caller>& caller,
                             const google::protobuf::Message& request, Handle handle,
                             std::size_t max_bytes = kMaxRequestBytes) {
    const auto call = new Call(*context);
    if (!caller.ok()) {
      call->Finish(ToGrpcStatus(caller.status()));
    } else if (grpc::Status status = CheckSize(request, max_bytes); !status.ok()) {
      call->Finish(status);
    } else {
      const auto refuse = [call] {
        call->Finish(
            ReasonedStatus(AdminReason::kTooManyRequests,
                           "too many requests are waiting for an answer: ask again later"));
      };
      const auto answer = [call, handle = std::move(handle)] {
        call->Finish(call->IsGivenUp() ? grpc::Status::CANCELLED : handle(*call));
        return false;
      };
      if (!executor.Submit(*caller, answer, refuse)) refuse();
    }
    return call;
  }

  const CircuitReads& ReadsFor(const absl::StatusOr<Caller>& caller) const {
    return caller.ok() && caller->authorised ? reads_ : strangers_reads_;
  }

  // `handle` is given what may be shown to the caller.
  template <typename Handle>
  ServerUnaryReactor* Read(CallbackServerContext* context, const google::protobuf::Message& request,
                           Handle handle) {
    const absl::StatusOr<Caller> caller = access_.MayRead(*context);
    const CircuitReads& reads = ReadsFor(caller);
    return Answer(context, reading_, caller, request,
                  [&reads, handle = std::move(handle)](const Call&) { return handle(reads); });
  }

  // `handle` is given who the caller is.
  template <typename Handle>
  ServerUnaryReactor* Write(CallbackServerContext* context,
                            const google::protobuf::Message& request, Handle handle) {
    absl::StatusOr<Caller> caller = access_.MayWrite(*context);
    const std::string who = caller.ok() ? caller->key : "";
    return Answer(
        context, writing_, caller, request,
        [who, handle = std::move(handle)](const Call& call) { return handle(who, call); });
  }

  template <typename Request, typename Response>
  ServerUnaryReactor* Apply(CallbackServerContext* context, const CircuitAction& action,
                            const Request* request, Response* response) {
    return Write(
        context, *request, [this, action, request, response](const std::string& who, const Call&) {
          response->set_instance(writes_.instance());
          return writes_.Apply(action, request->name(), Operator(who).Because(request->reason()),
                               *response->mutable_circuit(), *response->mutable_overruled());
        });
  }

  // A request of millions of bytes that mean nothing would take as much memory for as long as it
  // waits, and a watcher's for as long as it watches.
  static grpc::Status CheckSize(const google::protobuf::Message& request,
                                std::size_t max_bytes = kMaxRequestBytes) {
    const std::size_t bytes = request.ByteSizeLong();
    if (bytes <= max_bytes) return grpc::Status::OK;
    RequestErrors errors;
    errors.Add("request", absl::StrCat(bytes, " bytes, must be at most ", max_bytes));
    return errors.ToStatus();
  }

  // ---- The service.

  ServerUnaryReactor* GetInstance(CallbackServerContext* context,
                                  const v1::GetInstanceRequest* request,
                                  v1::GetInstanceResponse* response) override {
    return Read(context, *request, [=](const CircuitReads& reads) {
      reads.DescribeInstance(*response->mutable_instance());
      return grpc::Status::OK;
    });
  }

  ServerUnaryReactor* ListCircuits(CallbackServerContext* context,
                                   const v1::ListCircuitsRequest* request,
                                   v1::ListCircuitsResponse* response) override {
    return Read(context, *request,
                [=](const CircuitReads& reads) { return reads.List(*request, *response); });
  }

  ServerUnaryReactor* GetCircuit(CallbackServerContext* context,
                                 const v1::GetCircuitRequest* request,
                                 v1::GetCircuitResponse* response) override {
    return Read(context, *request,
                [=](const CircuitReads& reads) { return reads.Get(*request, *response); });
  }

  Watchers::Reactor* WatchCircuits(CallbackServerContext* context,
                                   const v1::WatchCircuitsRequest* request) override {
    const absl::StatusOr<Caller> caller = access_.MayRead(*context);
    if (!caller.ok()) return Watchers::Refuse(ToGrpcStatus(caller.status()));
    if (grpc::Status status = CheckSize(*request); !status.ok()) return Watchers::Refuse(status);
    return watchers_.Add(*caller, *context, *request);
  }

  ServerUnaryReactor* GetConfig(CallbackServerContext* context, const v1::GetConfigRequest* request,
                                v1::GetConfigResponse* response) override {
    const absl::StatusOr<Caller> caller = access_.MayRead(*context);
    const Disclosure& disclosure = ReadsFor(caller).disclosure();
    return Answer(
        context, comparing_, caller, *request,
        [this, &disclosure, response](const Call&) { return config_.Get(disclosure, *response); });
  }

  // Of these not many may wait, since they may be large; and one takes long enough for others not
  // to wait for it.
  ServerUnaryReactor* DiffConfig(CallbackServerContext* context,
                                 const v1::DiffConfigRequest* request,
                                 v1::DiffConfigResponse* response) override {
    const absl::StatusOr<Caller> caller = access_.MayRead(*context);
    Places& places = caller.ok() && caller->authorised ? diff_places_ : strangers_diff_places_;
    const std::shared_ptr<const Places::Place> place = places.Take();
    if (place == nullptr) {
      const auto call = new Call(*context);
      call->Finish(ReasonedStatus(AdminReason::kTooManyRequests,
                                  "too many files are waiting to be compared: ask again later"));
      return call;
    }
    return Answer(
        context, comparing_, caller, *request,
        [this, request, response, place](const Call&) { return config_.Diff(*request, *response); },
        ConfigRequests::kMaxDiffBytes);
  }

  ServerUnaryReactor* ReloadConfig(CallbackServerContext* context,
                                   const v1::ReloadConfigRequest* request,
                                   v1::ReloadConfigResponse* response) override {
    return Write(context, *request, [this, request, response](const std::string& who, const Call&) {
      return config_.Reload(*request, who, *response);
    });
  }

#define FUSEBOX_RPC(verb, ...)                                                      \
  ServerUnaryReactor* verb##Circuit(CallbackServerContext* context,                 \
                                    const v1::verb##CircuitRequest* request,        \
                                    v1::verb##CircuitResponse* response) override { \
    return Apply(context, CircuitAction::Of(*request), request, response);          \
  }
  FUSEBOX_OPERATOR_VERBS(FUSEBOX_RPC)
#undef FUSEBOX_RPC

  ServerUnaryReactor* UpdatePolicy(CallbackServerContext* context,
                                   const v1::UpdatePolicyRequest* request,
                                   v1::UpdatePolicyResponse* response) override {
    return Write(context, *request, [this, request, response](const std::string& who, const Call&) {
      return writes_.UpdatePolicy(*request, who, *response);
    });
  }

  ServerUnaryReactor* ApplyToCircuits(CallbackServerContext* context,
                                      const v1::ApplyToCircuitsRequest* request,
                                      v1::ApplyToCircuitsResponse* response) override {
    return Write(context, *request,
                 [this, request, response](const std::string& who, const Call& call) {
                   return writes_.ApplyToMany(*request, who, *response,
                                              [&call] { return call.IsGivenUp(); });
                 });
  }

  ServerUnaryReactor* GiveOrder(CallbackServerContext* context, const v1::GiveOrderRequest* request,
                                v1::GiveOrderResponse* response) override {
    return Write(
        context, *request, [this, request, response](const std::string& who, const Call& call) {
          return writes_.GiveOrder(*request, who, *response, [&call] { return call.IsGivenUp(); });
        });
  }

  ServerUnaryReactor* ListOrders(CallbackServerContext* context,
                                 const v1::ListOrdersRequest* request,
                                 v1::ListOrdersResponse* response) override {
    return Read(context, *request,
                [=](const CircuitReads& reads) { return reads.ListOrders(*request, *response); });
  }

  ServerUnaryReactor* RevokeOrder(CallbackServerContext* context,
                                  const v1::RevokeOrderRequest* request,
                                  v1::RevokeOrderResponse* response) override {
    return Write(context, *request, [this, request, response](const std::string& who, const Call&) {
      return writes_.RevokeOrder(*request, who, *response);
    });
  }

  const AccessControl access_;
  const CircuitReads reads_;
  const CircuitReads strangers_reads_;
  const CircuitWrites writes_;
  const ConfigRequests config_;
  Places diff_places_{kMaxDiffs};
  Places strangers_diff_places_{kMaxDiffs};
  // Apart, since the listeners of what is written are the application's, and may not return, and
  // what files say of all circuits may take a second. Each has its thread from the first request
  // on.
  FairExecutor reading_;
  FairExecutor writing_;
  FairExecutor comparing_;
  Watchers watchers_;  // the last: it uses all of the above
};

}  // namespace

absl::StatusOr<std::unique_ptr<grpc::Service>> CreateCircuitAdmin(
    const CircuitAdminOptions& options) {
  std::vector<std::string> errors;
  if (options.registry == nullptr) errors.emplace_back("registry = null, must not be null");
  if (const std::string unprintable = FirstUnprintable(options.instance); !unprintable.empty()) {
    errors.push_back(absl::StrCat("instance = \"", Printable(options.instance),
                                  "\", must be printable text in UTF-8, without ", unprintable));
  }
  if (options.allow_writes && options.write_authorizer == nullptr) {
    errors.emplace_back("write_authorizer = null, must say who may write if allow_writes is set");
  }
  if (!options.allow_writes && options.write_authorizer != nullptr) {
    errors.emplace_back("allow_writes = false, must be true if write_authorizer is set");
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
