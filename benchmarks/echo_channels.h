// SPDX-License-Identifier: Apache-2.0
//
// Channels to one echo server in this process, each with another interceptor, and a call.
#ifndef FUSEBOX_BENCHMARKS_ECHO_CHANNELS_H_
#define FUSEBOX_BENCHMARKS_ECHO_CHANNELS_H_

#include <grpcpp/channel.h>
#include <grpcpp/server.h>
#include <grpcpp/support/client_interceptor.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/echo.grpc.pb.h"

namespace fusebox_benchmarks {

// Made when they are first asked for, and never destroyed. Thread-safe.
class Channels {
 public:
  static Channels& Get();

  using ChannelPtr = std::shared_ptr<grpc::Channel>;

  ChannelPtr Plain() const { return plain_; }
  ChannelPtr NoOp() const { return no_op_; }         // an interceptor that does nothing
  ChannelPtr Closed() const { return closed_; }      // a CLOSED circuit
  ChannelPtr Open() const { return open_; }          // an OPEN circuit
  ChannelPtr Limited() const { return limited_; }    // a CLOSED one with max_in_flight, hung_calls
  ChannelPtr Hijacked() const { return hijacked_; }  // an interceptor that answers UNAVAILABLE
  // A circuit for each value of the metadata "key", and behind it what Hijacked has, which counts
  // as success.
  ChannelPtr KeyedHijacked() const { return keyed_hijacked_; }
  ChannelPtr Dead() const { return dead_; }  // nobody listens there

 private:
  using Factories =
      std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>>;

  Channels();
  ChannelPtr Make(Factories interceptors) const;
  enum class Kind { kClosed, kOpen, kLimited };
  ChannelPtr MakeProtected(const std::string& name, Kind kind) const;
  ChannelPtr MakeKeyed(Factories inner) const;

  class EchoService;
  std::unique_ptr<EchoService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
  ChannelPtr plain_;
  ChannelPtr no_op_;
  ChannelPtr closed_;
  ChannelPtr limited_;
  ChannelPtr open_;
  ChannelPtr hijacked_;
  ChannelPtr keyed_hijacked_;
  ChannelPtr dead_;
};

grpc::Status OneCall(fusebox_testing::Echo::Stub& stub);

}  // namespace fusebox_benchmarks

#endif  // FUSEBOX_BENCHMARKS_ECHO_CHANNELS_H_
