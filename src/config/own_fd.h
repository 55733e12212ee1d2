// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_CONFIG_OWN_FD_H_
#define FUSEBOX_SRC_CONFIG_OWN_FD_H_

#include <unistd.h>

#include <utility>

namespace fusebox::internal {

// A file descriptor, closed with its owner.
class OwnFd {
 public:
  OwnFd() = default;
  explicit OwnFd(int fd) : fd_(fd) {}
  OwnFd(OwnFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnFd& operator=(OwnFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  OwnFd(const OwnFd&) = delete;
  OwnFd& operator=(const OwnFd&) = delete;
  ~OwnFd() {
    if (fd_ >= 0) close(fd_);
  }

  // Negative: there is none.
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_CONFIG_OWN_FD_H_
