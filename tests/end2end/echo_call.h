// SPDX-License-Identifier: Apache-2.0
//
// One way to talk to fusebox_testing.Echo for every style of stub and every kind of method, so that
// a case is written once and runs sixteen times.
#ifndef FUSEBOX_TESTS_END2END_ECHO_CALL_H_
#define FUSEBOX_TESTS_END2END_ECHO_CALL_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <array>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace fusebox_testing {

enum class Style { kSync, kCompletionQueue, kCallback, kGeneric };
enum class Kind { kUnary, kClientStream, kServerStream, kBidi };

inline constexpr std::array kStyles = {Style::kSync, Style::kCompletionQueue, Style::kCallback,
                                       Style::kGeneric};
inline constexpr std::array kKinds = {Kind::kUnary, Kind::kClientStream, Kind::kServerStream,
                                      Kind::kBidi};

// As in the names of test cases.
std::string Name(Style style);
std::string Name(Kind kind);
inline void PrintTo(Style style, std::ostream* out) { *out << Name(style); }
inline void PrintTo(Kind kind, std::ostream* out) { *out << Name(kind); }

// "/fusebox_testing.Echo/Unary".
std::string MethodOf(Kind kind);

constexpr bool ClientStreams(Kind kind) {
  return kind == Kind::kClientStream || kind == Kind::kBidi;
}
constexpr bool ServerStreams(Kind kind) {
  return kind == Kind::kServerStream || kind == Kind::kBidi;
}

// The request of the methods that take just one.
inline constexpr char kRequestText[] = "hello";

// A call that has been started. Every method waits for its end.
//
// Thread-safety: not thread-safe; callers synchronise.
// Ownership: its context must outlive it. It may be destroyed without `Finish`.
class EchoCall {
 public:
  EchoCall() = default;
  EchoCall(const EchoCall&) = delete;
  EchoCall& operator=(const EchoCall&) = delete;
  virtual ~EchoCall() = default;

  // False if it could not be written; always so for methods that take just one request.
  virtual bool Write(const std::string& text);
  virtual bool WritesDone();

  // False if there are no more; always so for methods that give just one reply.
  virtual bool Read(std::string* text);

  // The final status, and the reply of the methods that give just one.
  virtual grpc::Status Finish(std::string* reply) = 0;
};

// When a call that streams to the server starts.
enum class Opening {
  kAtOnce,
  kCorked,  // with its first write, until when nothing is sent
};

using ChannelRef = const std::shared_ptr<grpc::Channel>&;

std::unique_ptr<EchoCall> StartEchoCall(Style style, Kind kind, ChannelRef channel,
                                        grpc::ClientContext& context,
                                        Opening opening = Opening::kAtOnce);

// One for each style, behind StartEchoCall. To a completion queue it makes a difference whether the
// context is corked: if so, a start is not reported.
std::unique_ptr<EchoCall> StartSync(Kind kind, ChannelRef channel, grpc::ClientContext& context);
std::unique_ptr<EchoCall> StartCompletionQueue(Kind kind, ChannelRef channel,
                                               grpc::ClientContext& context, Opening opening);
std::unique_ptr<EchoCall> StartCallback(Kind kind, ChannelRef channel,
                                        grpc::ClientContext& context);
std::unique_ptr<EchoCall> StartGeneric(Kind kind, ChannelRef channel, grpc::ClientContext& context,
                                       Opening opening);

// What a caller saw.
struct Report {
  grpc::Status status;
  int written = 0;                   // writes that succeeded
  std::vector<std::string> replies;  // the single reply of a call that failed isn't one
};

// A whole call: writes "a" and "b" if there's a stream to write, reads what there is, finishes.
Report Converse(Kind kind, EchoCall& call);
Report MakeCall(Style style, Kind kind, ChannelRef channel, grpc::ClientContext& context,
                Opening opening = Opening::kAtOnce);
Report MakeCall(Style style, Kind kind, ChannelRef channel);

// What Converse gets from a server that answers.
std::vector<std::string> ExpectedReplies(Kind kind);

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_ECHO_CALL_H_
