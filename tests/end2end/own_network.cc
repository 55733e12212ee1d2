// SPDX-License-Identifier: Apache-2.0
#include "tests/end2end/own_network.h"

#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace fusebox_testing {
namespace {

// The loopback interface of the network that this thread is in.
bool SetLoopback(bool up) {
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", IFNAMSIZ - 1);
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  bool ok = fd != -1 && ioctl(fd, SIOCGIFFLAGS, &request) == 0;
  const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
  request.ifr_flags = static_cast<decltype(request.ifr_flags)>(flags);
  ok = ok && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd != -1) close(fd);
  return ok;
}

void MustSetLoopback(bool up) {
  if (SetLoopback(up)) return;
  std::perror("SIOCSIFFLAGS");
  std::abort();
}

}  // namespace

std::optional<OwnNetwork> OwnNetwork::Enter() {
  // Root may have one for the asking; anyone else, as the root of a user namespace of its own.
  if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return std::nullopt;
  if (!SetLoopback(true)) return std::nullopt;
  return OwnNetwork();
}

void OwnNetwork::Cut() { MustSetLoopback(false); }
void OwnNetwork::Mend() { MustSetLoopback(true); }

}  // namespace fusebox_testing
