// SPDX-License-Identifier: Apache-2.0
//
// A protected channel to fusebox_testing.Echo, and a look at its circuits.
#ifndef FUSEBOX_TESTS_END2END_PROTECTED_CLIENT_H_
#define FUSEBOX_TESTS_END2END_PROTECTED_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "fusebox/circuit_breaker.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/policy.h"
#include "fusebox/snapshot.h"
#include "fusebox/testing/fake_clock.h"
#include "tests/end2end/echo_call.h"

namespace fusebox_testing {

// Two failures in a row open it for exactly 30 s; one probe at a time, two successful ones close
// it.
fusebox::Policy TestPolicy();

// A channel's registry, clock and name: what channels have to share to share circuits.
struct TestRegistry {
  TestRegistry();

  FakeClock clock;
  std::shared_ptr<fusebox::CircuitRegistry> registry;
};

// Options for a channel named "echo" over that registry, with TestPolicy for all methods.
fusebox::ChannelOptions TestOptions(const TestRegistry& shared);

// The channel; aborts the test program if there is none.
std::shared_ptr<grpc::Channel> MustCreateChannel(
    const std::string& target, fusebox::ChannelOptions options,
    const std::shared_ptr<grpc::ChannelCredentials>& credentials =
        grpc::InsecureChannelCredentials());

// A channel with a registry of its own.
//
// Thread-safety: any thread may use it.
class ProtectedClient {
 public:
  explicit ProtectedClient(const std::string& target);

  // With TestOptions as `change` changes them.
  ProtectedClient(const std::string& target,
                  const std::function<void(fusebox::ChannelOptions&)>& change,
                  const std::shared_ptr<grpc::ChannelCredentials>& credentials =
                      grpc::InsecureChannelCredentials());

  ChannelRef channel() const { return channel_; }
  fusebox::CircuitRegistry& registry() { return *shared_.registry; }
  const std::shared_ptr<fusebox::CircuitRegistry>& shared_registry() const {
    return shared_.registry;
  }
  FakeClock& clock() { return shared_.clock; }

  // Connects the channel now, and not with its first call. False if that fails.
  bool Connect() const;

  // What an application may let go of. After these, there is no `channel`, or neither `registry`
  // nor `Circuit`.
  void ReleaseChannel() { channel_.reset(); }
  void ReleaseRegistry() { shared_.registry.reset(); }

  // The method's circuit, which may be made now.
  std::shared_ptr<fusebox::CircuitBreaker> Circuit(Kind kind);
  fusebox::CircuitSnapshot Snapshot(Kind kind) { return Circuit(kind)->Snapshot(); }

  // Two failures.
  void Open(Kind kind);

  // The same, and 30 s.
  void HalfOpen(Kind kind);

 private:
  TestRegistry shared_;
  std::shared_ptr<grpc::Channel> channel_;
};

// "echo/fusebox_testing.Echo/Unary".
std::string CircuitName(Kind kind);

// An address of 127.0.0.1 at which nothing listens, nor will while this lives.
class DeadAddress {
 public:
  DeadAddress();
  DeadAddress(const DeadAddress&) = delete;
  DeadAddress& operator=(const DeadAddress&) = delete;
  ~DeadAddress();

  const std::string& address() const { return address_; }
  int socket() const { return socket_; }

 private:
  int socket_;
  std::string address_;
};

// One where the kernel takes connections, which nobody reads from or answers.
class SilentAddress {
 public:
  SilentAddress();

  const std::string& address() const { return bound_.address(); }
  int socket() const { return bound_.socket(); }

 private:
  DeadAddress bound_;
};

// A deadline that a test waits for, and which yet lies ahead when the call starts, however loaded
// the machine is.
inline std::chrono::system_clock::time_point SoonDeadline() {
  return std::chrono::system_clock::now() + std::chrono::milliseconds(500);
}

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_PROTECTED_CLIENT_H_
