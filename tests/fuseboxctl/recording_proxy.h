// SPDX-License-Identifier: Apache-2.0
//
// An HTTP proxy on 127.0.0.1 that does what CONNECT asks for, and writes down every byte that it is
// sent.
//
//   RecordingProxy proxy;
//   ... http_proxy=proxy.url() ...
//   EXPECT_EQ(proxy.Stop(), "");
#ifndef FUSEBOX_TESTS_FUSEBOXCTL_RECORDING_PROXY_H_
#define FUSEBOX_TESTS_FUSEBOXCTL_RECORDING_PROXY_H_

#include <string>
#include <thread>

namespace fusebox_testing {

// Thread-safety: of the thread that made it.
class RecordingProxy {
 public:
  RecordingProxy();
  RecordingProxy(const RecordingProxy&) = delete;
  RecordingProxy& operator=(const RecordingProxy&) = delete;
  ~RecordingProxy();

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  // What it has been sent by clients, all of which must have hung up. It serves nobody after that.
  std::string Stop();

 private:
  void Serve();
  void Tunnel(int client);

  int listener_ = -1;
  int port_ = 0;
  int stop_[2] = {-1, -1};  // a pipe: closed at one end, it wakes the thread at the other
  std::string seen_;        // the thread's, until it is joined
  std::thread thread_;
};

}  // namespace fusebox_testing

#endif  // FUSEBOX_TESTS_FUSEBOXCTL_RECORDING_PROXY_H_
