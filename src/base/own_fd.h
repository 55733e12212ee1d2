// SPDX-License-Identifier: Apache-2.0
#ifndef FUSEBOX_SRC_BASE_OWN_FD_H_
#define FUSEBOX_SRC_BASE_OWN_FD_H_

#include <unistd.h>

#include <cerrno>
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

  // What only closing it may tell; 0: nothing is wrong.
  int Close() {
    const int fd = std::exchange(fd_, -1);
    return close(fd) == 0 || errno == EINTR ? 0 : errno;
  }

  // Negative: there is none.
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

}  // namespace fusebox::internal

#endif  // FUSEBOX_SRC_BASE_OWN_FD_H_
