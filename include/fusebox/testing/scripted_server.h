// SPDX-License-Identifier: Apache-2.0
//
// A dependency that a test controls: a real gRPC server for any method of any service. It
// needs none of the service's generated code, since it deals in bytes.
//
//   using fusebox_testing::Reply;
//   constexpr char kReserve[] = "shop.Inventory/Reserve";
//   fusebox_testing::ScriptedServer server;
//   auto channel = fusebox::CreateChannel(server.target(), credentials, std::move(options));
//
//   server.Answer(kReserve, Reply::Ok(reservation));
//   ...                                           // calls succeed
//   server.Answer(kReserve, Reply::Fail(grpc::StatusCode::UNAVAILABLE, "disk full"));
//   ...                                           // and fail
//   server.Hold(kReserve);
//   ...                                           // start a call, on a thread of its own
//   ASSERT_TRUE(server.WaitForCalls(kReserve, 3));
//   ...                                           // now the server has it, and lets it wait
//   server.Release(kReserve);
#ifndef FUSEBOX_TESTING_SCRIPTED_SERVER_H_
#define FUSEBOX_TESTING_SCRIPTED_SERVER_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/channel.h>
#include <grpcpp/server.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "fusebox/export.h"

namespace fusebox_testing {

// What a call gets. A plain value: take one of the three, and change fields.
struct FUSEBOX_EXPORT Reply {
  // OK, with one message; without an argument an empty one, which is the default of every message
  // type.
  static Reply Ok();
  static Reply Ok(const google::protobuf::MessageLite& message);

  // No message, and this status; its error details are sent too.
  static Reply Fail(grpc::Status status);
  static Reply Fail(grpc::StatusCode code, const std::string& message = "");

  // Serialised, in the order of sending. A unary or client-streaming call that is OK takes just
  // one: without any it fails, and with more its caller waits until the deadline.
  std::vector<std::string> messages;

  grpc::Status status;

  // Keys and values, as in {"grpc-retry-pushback-ms", "1500"}. Keys are lower-case; apart from that
  // one, those that begin with "grpc-" are gRPC's own; those that end in "-bin" may have any bytes
  // for a value. If one can't be sent, the call gets INTERNAL instead of this reply, and a message
  // that says so.
  std::vector<std::pair<std::string, std::string>> trailing_metadata;

  // Reply once the caller has sent all its messages, not already at the first one: for callers that
  // stream several messages and expect none of their writes to fail.
  bool after_last_message = false;
};

// On a free port of 127.0.0.1 from construction to destruction, which cancels the calls that are
// still there.
//
// Methods are named "package.Service/Method", with or without a slash before. A call of a method of
// which no `Answer` was given gets UNIMPLEMENTED and a message that says so. Each call, of whatever
// kind, gets its reply when its first message is there, or when the caller has ended its side
// without one; or see `Reply::after_last_message`.
//
// Thread-safety: any thread may use it at any time.
class FUSEBOX_EXPORT ScriptedServer {
 public:
  ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  // "127.0.0.1:port", for whoever makes a channel. Empty if no port was free: gRPC has
  // logged why, and every call fails.
  const std::string& target() const { return target_; }

  // A channel to it, without credentials and without circuits.
  std::shared_ptr<grpc::Channel> NewChannel() const;

  // What the method's calls that arrive from now on get, at once.
  void Answer(absl::string_view method, Reply reply);

  // The method's calls that arrive from now on get nothing until `Release`, or until they are
  // cancelled or their deadline passes.
  void Hold(absl::string_view method);

  // The method's calls that are held, and those that arrive from now on, get what the last `Answer`
  // gave.
  void Release(absl::string_view method);

  // How many calls of the method have arrived, ever. A call that a circuit rejected never does.
  int64_t calls(absl::string_view method) const;

  // Waits until `count` calls of the method have arrived, ever. False if they haven't within
  // `limit` (at most 24 h, in real time): a limit that is never reached by a test that is right.
  [[nodiscard]] bool WaitForCalls(absl::string_view method, int64_t count,
                                  absl::Duration limit = absl::Seconds(30)) const;

 private:
  class Service;

  const std::unique_ptr<Service> service_;
  std::string target_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTING_SCRIPTED_SERVER_H_
