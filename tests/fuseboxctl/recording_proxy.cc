// SPDX-License-Identifier: Apache-2.0
#include "tests/fuseboxctl/recording_proxy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>

#include "gtest/gtest.h"

namespace fusebox_testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// What comes next from `from`; empty at its end.
std::string ReadSome(int from) {
  std::array<char, 65'536> part{};
  const ssize_t size = read(from, part.data(), part.size());
  return size <= 0 ? "" : std::string(part.data(), static_cast<std::size_t>(size));
}

void WriteAll(int to, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = send(to, text.data() + done, text.size() - done, MSG_NOSIGNAL);
    if (size <= 0) return;
    done += static_cast<std::size_t>(size);
  }
}

// Whatever the host is called, this machine is meant. -1 if nobody listens there.
int ConnectTo(const std::string& request) {
  const std::size_t colon = request.rfind(':', request.find(" HTTP/"));
  const int port = std::atoi(request.c_str() + colon + 1);
  const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(port);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return server;
  }
  close(server);
  return -1;
}

}  // namespace

RecordingProxy::RecordingProxy() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), size), 0);
  EXPECT_EQ(listen(listener_, 64), 0);
  EXPECT_EQ(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  EXPECT_EQ(fcntl(listener_, F_SETFL, O_NONBLOCK), 0);
  EXPECT_EQ(pipe2(stop_, O_CLOEXEC), 0);
  thread_ = std::thread([this] { Serve(); });
}

RecordingProxy::~RecordingProxy() {
  Stop();
  close(listener_);
  close(stop_[0]);
}

std::string RecordingProxy::Stop() {
  if (thread_.joinable()) {
    close(stop_[1]);
    thread_.join();
  }
  return seen_;
}

// One client after the other: a client that is told to stop has hung up.
void RecordingProxy::Serve() {
  while (true) {
    std::array<pollfd, 2> events = {pollfd{listener_, POLLIN, 0}, pollfd{stop_[0], POLLIN, 0}};
    poll(events.data(), events.size(), -1);
    const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client >= 0) {
      Tunnel(client);
    } else if (events[1].revents != 0) {
      return;  // and nobody is waiting
    }
  }
}

void RecordingProxy::Tunnel(int client) {
  std::string request;
  while (request.find("\r\n\r\n") == std::string::npos) {
    const std::string part = ReadSome(client);
    seen_ += part;
    request += part;
    if (part.empty()) break;
  }
  const int server = request.rfind("CONNECT ", 0) == 0 ? ConnectTo(request) : -1;
  WriteAll(client, server < 0 ? "HTTP/1.1 502 Bad Gateway\r\n\r\n" : "HTTP/1.1 200 OK\r\n\r\n");
  while (server >= 0) {
    std::array<pollfd, 2> ends = {pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
    poll(ends.data(), ends.size(), -1);
    if (ends[0].revents != 0) {
      const std::string part = ReadSome(client);
      seen_ += part;
      if (part.empty()) break;
      WriteAll(server, part);
    }
    if (ends[1].revents != 0) {
      const std::string part = ReadSome(server);
      if (part.empty()) break;
      WriteAll(client, part);
    }
  }
  if (server >= 0) close(server);
  close(client);
}

}  // namespace fusebox_testing
