// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/garbled_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace fusebox_testing {
namespace {

// RFC 9113, 6.
enum class FrameType : uint8_t { kData = 0, kHeaders = 1, kSettings = 4, kPing = 6 };

constexpr uint8_t kAck = 1;        // of SETTINGS and PING
constexpr uint8_t kEndStream = 1;  // of DATA and HEADERS
constexpr uint8_t kEndHeaders = 4;

constexpr std::size_t kPrefaceSize = 24;
constexpr std::size_t kFrameHeaderSize = 9;

struct Frame {
  FrameType type = FrameType::kData;
  uint8_t flags = 0;
  uint32_t stream = 0;
  std::string payload;
};

std::string BigEndian(std::size_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<char>(value >> (8 * i) & 0xFF));
  return text;
}

uint32_t FromBigEndian(absl::string_view text) {
  uint32_t value = 0;
  for (const char byte : text) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

// A header that is in no table (RFC 7541, 6.2.2); of fewer than 127 bytes each.
std::string Header(const std::string& name, const std::string& value) {
  return BigEndian(0, 1) + BigEndian(name.size(), 1) + name + BigEndian(value.size(), 1) + value;
}

class Connection {
 public:
  explicit Connection(int socket) : socket_(socket) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(socket_); }

  // Until the client hangs up.
  void Serve() const {
    if (!Read(kPrefaceSize)) return;
    Write({{FrameType::kSettings, 0, 0, ""}});
    while (const std::optional<Frame> frame = ReadFrame()) {
      switch (frame->type) {
        case FrameType::kData:
        case FrameType::kHeaders:
          if ((frame->flags & kEndStream) != 0) Answer(frame->stream);
          break;
        case FrameType::kSettings:
          if ((frame->flags & kAck) == 0) Write({{frame->type, kAck, 0, ""}});
          break;
        case FrameType::kPing:
          if ((frame->flags & kAck) == 0) Write({{frame->type, kAck, 0, frame->payload}});
          break;
      }
    }
  }

 private:
  void Answer(uint32_t stream) const {
    constexpr char kStatus200 = '\x88';  // in the table of RFC 7541, appendix A
    const std::string no_gzip = "no gzip";
    Write({{FrameType::kHeaders, kEndHeaders, stream,
            kStatus200 + Header("content-type", "application/grpc") +
                Header("grpc-encoding", "gzip")},
           {FrameType::kData, 0, stream,
            BigEndian(1, 1) + BigEndian(no_gzip.size(), 4) + no_gzip},  // 1: compressed
           {FrameType::kHeaders, kEndHeaders | kEndStream, stream, Header("grpc-status", "0")}});
  }

  // Empty at the connection's end.
  std::optional<std::string> Read(std::size_t size) const {
    std::string text(size, '\0');
    if (size == 0) return text;
    const ssize_t got = recv(socket_, text.data(), size, MSG_WAITALL);
    if (got != static_cast<ssize_t>(size)) return std::nullopt;
    return text;
  }

  std::optional<Frame> ReadFrame() const {
    const std::optional<std::string> header = Read(kFrameHeaderSize);
    if (!header) return std::nullopt;
    const absl::string_view bytes = *header;
    std::optional<std::string> payload = Read(FromBigEndian(bytes.substr(0, 3)));
    if (!payload) return std::nullopt;
    return Frame{static_cast<FrameType>(bytes[3]), static_cast<uint8_t>(bytes[4]),
                 FromBigEndian(bytes.substr(5)), *std::move(payload)};
  }

  // At once, so that the kernel waits for nothing. If that fails, so does the next read.
  void Write(const std::vector<Frame>& frames) const {
    std::string text;
    for (const Frame& frame : frames) {
      text += BigEndian(frame.payload.size(), 3);
      text.push_back(static_cast<char>(frame.type));
      text.push_back(static_cast<char>(frame.flags));
      text += BigEndian(frame.stream, 4) + frame.payload;
    }
    send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
  }

  const int socket_;
};

}  // namespace

GarbledServer::GarbledServer() : thread_([this] { Serve(); }) {}

GarbledServer::~GarbledServer() {
  shutdown(listening_.socket(), SHUT_RDWR);
  thread_.join();
}

// One connection after the other: a channel to one address has one.
void GarbledServer::Serve() const {
  while (true) {
    const int client = accept4(listening_.socket(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    Connection(client).Serve();
  }
}

}  // namespace fusebox_testing
