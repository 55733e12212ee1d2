// SPDX-License-Identifier: Apache-2.0
//
// Faults on purpose, for drills: a part of a channel's calls fails, is slow or hangs, as if the
// dependency did. Nothing is done to the server, and everything can be switched while calls run.
//
//   auto injector = fusebox::FaultInjector::Create({});
//   if (!injector.ok()) return injector.status();
//   auto faults = fusebox::FaultInjectionInterceptorFactory::Create(*injector);
//   if (!faults.ok()) return faults.status();
//   fusebox::ChannelOptions options;
//   options.inner_interceptors.push_back(*std::move(faults));
//   ...  // the rest of the options, and CreateChannel
//
//   fusebox::Fault fault;
//   fault.kind = fusebox::InjectedStatus{grpc::StatusCode::UNAVAILABLE, "drill"};
//   fault.fraction = 0.3;
//   absl::Status set = (*injector)->Set("shop.Inventory/Reserve", fault);
//   ...
//   (*injector)->ClearAll();
//
// Its place is among the inner interceptors: there the breaker sees the faults as it would see the
// server's, and a call that it rejects gets none. Among the outer ones, faults stay unseen by the
// breaker.
#ifndef FUSEBOX_GRPC_FAULT_INJECTION_H_
#define FUSEBOX_GRPC_FAULT_INJECTION_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/export.h"

namespace fusebox {

// The call ends at once with this status, and never reaches the network.
struct InjectedStatus {
  grpc::StatusCode code = grpc::StatusCode::UNAVAILABLE;  // any of gRPC's codes but OK
  std::string message = "injected fault";
};

// The call goes its way, but starts this much later; its latency, as a breaker sees it, includes
// the delay. If its deadline comes first, it ends then with DEADLINE_EXCEEDED, unsent.
struct InjectedDelay {
  absl::Duration duration = absl::Seconds(1);  // 1 ms to 1 h
};

// The call is never sent, and ends with DEADLINE_EXCEEDED at its deadline, or once it has hung for
// `FaultInjectorOptions::max_hang`.
struct InjectedHang {};

// What happens to which part of the calls. Calls that hang or are delayed end with CANCELLED as
// soon as their ClientContext is told to `TryCancel`, and hold no thread of gRPC's meanwhile.
struct Fault {
  std::variant<InjectedStatus, InjectedDelay, InjectedHang> kind;
  double fraction = 1;  // of the calls, greater than 0 and at most 1
};

// How many calls have got a fault, ever.
struct InjectedFaults {
  int64_t statuses = 0;
  int64_t delays = 0;
  int64_t hangs = 0;
};

struct FaultInjectorOptions {
  // Decides which calls get their fault. With one seed, the choice for the n-th call that a `Set`
  // is asked about is the same in every process, whatever other methods do. Absent: a random one.
  std::optional<uint64_t> seed;

  // Ends a hang that nothing else ends: that of a call without a deadline, or of one whose deadline
  // or cancellation comes from a server's context (`ClientContext::FromServerContext`), which gRPC
  // tells no interceptor of. 1 ms to 24 h.
  absl::Duration max_hang = absl::Minutes(5);

  // As `PolicyTable::AllowUnknownNames`.
  bool allow_unknown_names = false;
};

namespace internal {
class FaultEngine;
}  // namespace internal

// Which faults there are, shared by the application, which sets them, and by the interceptors of
// any number of channels, which inject them.
//
// Thread-safety: any thread may use it at any time.
// Ownership: shared; factories and calls keep what they need of it alive. The first call that it
// holds back starts a thread, which ends with it. Later batches of such a call, and the inner
// interceptors that see them, run on that thread; inner interceptors must not block there.
class FUSEBOX_EXPORT FaultInjector {
 public:
  // The name, for `Set` and `Clear`, that stands for every method without a fault of its own.
  static constexpr char kDefault[] = "*";

  // INVALID_ARGUMENT if `max_hang` is out of its range.
  static absl::StatusOr<std::shared_ptr<FaultInjector>> Create(FaultInjectorOptions options);

  FaultInjector(const FaultInjector&) = delete;
  FaultInjector& operator=(const FaultInjector&) = delete;
  ~FaultInjector();

  // Gives the calls of a method ("package.Service/Method"), of a service ("package.Service") or of
  // all (`kDefault`) this fault, in place of the one that the name had; the lots are drawn anew
  // from the seed. It resolves as a PolicyTable does (rule P1): the exact method, then its
  // service, then the default, which leaves `grpc.health.v1.Health` and `grpc.reflection.*` alone.
  // A call gets the fault that is in force when gRPC prepares it.
  //
  // INVALID_ARGUMENT with all that is wrong (rule R11), and everything stays as it was: a name of
  // no such form, a method that its service does not have (known for services whose generated code
  // is linked in), a service that isn't linked in and is one or two letters away from one that is,
  // and fields out of range.
  absl::Status Set(absl::string_view name, Fault fault);

  // Takes a name's fault away. False if it had none. Calls that are already held back are not
  // released by this.
  bool Clear(absl::string_view name);
  void ClearAll();

  InjectedFaults injected() const;

 private:
  friend class FaultInjectionInterceptorFactory;
  FaultInjector(std::shared_ptr<internal::FaultEngine> engine, bool allow_unknown_names);

  const std::shared_ptr<internal::FaultEngine> engine_;
  const bool allow_unknown_names_;
};

// Covers unary and all streaming calls, made from synchronous, completion-queue, callback and
// generic stubs. Off is free: while no fault is set, a call gets no interceptor, and all that it
// pays for is one relaxed atomic load.
//
// Thread-safety: gRPC calls it from any thread.
// Ownership: the channel owns the factory; any number of them may share one injector.
class FUSEBOX_EXPORT FaultInjectionInterceptorFactory final
    : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  // INVALID_ARGUMENT if there is no injector.
  static absl::StatusOr<std::unique_ptr<FaultInjectionInterceptorFactory>> Create(
      const std::shared_ptr<FaultInjector>& injector);

  FaultInjectionInterceptorFactory(const FaultInjectionInterceptorFactory&) = delete;
  FaultInjectionInterceptorFactory& operator=(const FaultInjectionInterceptorFactory&) = delete;
  ~FaultInjectionInterceptorFactory() override;

  // For gRPC: called once per call. Null for a call whose method has no fault, unless it is the
  // process's global factory: gRPC would crash on that.
  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo* info) override;

 private:
  explicit FaultInjectionInterceptorFactory(std::shared_ptr<internal::FaultEngine> engine);

  const std::shared_ptr<internal::FaultEngine> engine_;
};

}  // namespace fusebox

#endif  // FUSEBOX_GRPC_FAULT_INJECTION_H_
