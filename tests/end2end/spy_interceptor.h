// SPDX-License-Identifier: Apache-2.0
//
// Interceptors of the application's own.
#ifndef FUSEBOX_TESTS_END2END_SPY_INTERCEPTOR_H_
#define FUSEBOX_TESTS_END2END_SPY_INTERCEPTOR_H_

#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/status.h>

#include <atomic>

namespace fusebox_testing {

// What an interceptor saw of all calls.
struct Seen {
  std::atomic<int> starts{0};
  std::atomic<int> statuses{0};
  grpc::Status last_status;  // to be read when no call is out
};

// Lets everything pass, and tells what it saw. `seen` must outlive the channel.
class SpyFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit SpyFactory(Seen& seen) : seen_(seen) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(
      grpc::experimental::ClientRpcInfo*) override {
    return new Spy(seen_);
  }

 private:
  class Spy final : public grpc::experimental::Interceptor {
   public:
    explicit Spy(Seen& seen) : seen_(seen) {}

    void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
      using Hook = grpc::experimental::InterceptionHookPoints;
      // gRPC shows some starts twice.
      if (methods->QueryInterceptionHookPoint(Hook::PRE_SEND_INITIAL_METADATA) && !started_) {
        started_ = true;
        ++seen_.starts;
      }
      if (methods->QueryInterceptionHookPoint(Hook::POST_RECV_STATUS)) {
        seen_.last_status = *methods->GetRecvStatus();
        ++seen_.statuses;
      }
      methods->Proceed();
    }

   private:
    Seen& seen_;
    bool started_ = false;
  };

  Seen& seen_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_SPY_INTERCEPTOR_H_
