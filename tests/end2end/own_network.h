// SPDX-License-Identifier: Apache-2.0
//
// A network of this process's own, with nothing but a 127.0.0.1, which can be cut:
//
//   std::optional<OwnNetwork> network = OwnNetwork::Enter();
//   if (!network) GTEST_SKIP() << "this machine gives no process a network of its own";
//   ...                  // make a server, and connect to it
//   network->Cut();      // from now on, every packet is lost
#ifndef FUSEBOX_TESTS_END2END_OWN_NETWORK_H_
#define FUSEBOX_TESTS_END2END_OWN_NETWORK_H_

#include <optional>

namespace fusebox_testing {

// Thread-safety: not thread-safe; callers synchronise.
class OwnNetwork {
 public:
  // To be called before gRPC starts its threads: those that are there already stay outside. Empty,
  // and nothing has changed, if the system doesn't allow it. There's no way back: the network ends
  // with the process.
  static std::optional<OwnNetwork> Enter();

  // Connections stand, and nothing gets through. Touches no network but this one.
  void Cut();
  void Mend();

 private:
  OwnNetwork() = default;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_OWN_NETWORK_H_
