// SPDX-License-Identifier: Apache-2.0
//
// A server whose messages can't be decompressed: they are said to be gzip's, and aren't. gRPC's own
// server sends no such thing, so this one speaks HTTP/2 itself.
#ifndef FUSEBOX_TESTS_END2END_GARBLED_SERVER_H_
#define FUSEBOX_TESTS_END2END_GARBLED_SERVER_H_

#include <string>
#include <thread>

#include "tests/end2end/protected_client.h"

namespace fusebox_testing {

// On a free port of 127.0.0.1. Whatever the method, a call has its answer when its caller has sent
// all: the message, and the status OK.
//
// Thread-safety: not thread-safe; callers synchronise.
// Ownership: outlives the channels to it; its destructor waits for their connections' ends.
class GarbledServer {
 public:
  GarbledServer();
  GarbledServer(const GarbledServer&) = delete;
  GarbledServer& operator=(const GarbledServer&) = delete;
  ~GarbledServer();

  // "127.0.0.1:port".
  const std::string& address() const { return listening_.address(); }

 private:
  void Serve() const;

  const SilentAddress listening_;
  std::thread thread_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_END2END_GARBLED_SERVER_H_
