// SPDX-License-Identifier: Apache-2.0
//
// A server of fusebox_testing.Echo/Unary in each style that there is, for what a served call's
// context is good for:
//
//   FrontServer front(ServerStyle::kCallback,
//                     [&](const grpc::ServerContextBase& served, FrontServer::Done done) {
//                       ...  // make a call of its own, and then: done(status)
//                     });
#ifndef FUSEBOX_TESTS_END2END_FRONT_SERVER_H_
#define FUSEBOX_TESTS_END2END_FRONT_SERVER_H_

#include <grpcpp/server.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <array>
#include <functional>
#include <memory>
#include <ostream>
#include <string>

namespace fusebox_testing {

enum class ServerStyle { kSync, kAsync, kCallback, kGenericAsync, kGenericCallback };

inline constexpr std::array kServerStyles = {ServerStyle::kSync, ServerStyle::kAsync,
                                             ServerStyle::kCallback, ServerStyle::kGenericAsync,
                                             ServerStyle::kGenericCallback};

std::string Name(ServerStyle style);  // as in the names of test cases
inline void PrintTo(ServerStyle style, std::ostream* out) { *out << Name(style); }

// On a free port of 127.0.0.1, from construction to destruction, which cancels the calls that are
// still there and waits for their ends.
//
// Thread-safety: any thread may use it.
class FrontServer {
 public:
  // To be called once, with what the call's caller gets; on any thread.
  using Done = std::function<void(grpc::Status)>;

  // Run for each call, on a thread of the server's. The context lives until `done`.
  using Handler = std::function<void(const grpc::ServerContextBase& served, Done done)>;

  FrontServer(ServerStyle style, Handler handler);
  FrontServer(const FrontServer&) = delete;
  FrontServer& operator=(const FrontServer&) = delete;
  ~FrontServer();

  const std::string& address() const { return address_; }

  // What serves the calls, in one style.
  class Backend;

 private:
  const std::unique_ptr<Backend> backend_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_FRONT_SERVER_H_
