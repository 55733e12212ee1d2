// SPDX-License-Identifier: Apache-2.0
#include "examples/demo/server_process.h"

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"

namespace demo {
namespace {

constexpr std::chrono::seconds kStartTimeout(60);
constexpr std::chrono::seconds kControlTimeout(60);
constexpr std::chrono::milliseconds kCountTimeout(500);  // the table's rows don't wait for long

// Runs a program that writes to `output` and dies when this thread does. -1 if it can't.
pid_t Spawn(const std::string& program, const std::string& argument, int output) {
  std::string name = program;
  std::string argument_copy = argument;
  std::array<char*, 3> argv = {name.data(), argument_copy.data(), nullptr};
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child != 0) return child;
  // The parent has threads, so nothing may be called here that allocates or locks.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);  // it died before it could have been noticed
  dup2(output, STDOUT_FILENO);
  execv(argv[0], argv.data());
  _exit(127);
}

// Waits for the first line of what the child writes. False if it ends or takes too long.
bool AwaitLine(int input) {
  pollfd waiting = {input, POLLIN, 0};
  const auto timeout = std::chrono::milliseconds(kStartTimeout).count();
  if (poll(&waiting, 1, static_cast<int>(timeout)) != 1) return false;
  char first = '\0';
  return read(input, &first, 1) == 1;
}

void WaitAtMost(std::chrono::milliseconds time, grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + time);
  context.set_wait_for_ready(true);
}

}  // namespace

ReservedPort::ReservedPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const int on = 1;
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const any_address = reinterpret_cast<sockaddr*>(&address);
  // SO_REUSEPORT, as gRPC's servers set it: both sockets may be bound to the port. Only after bind,
  // so that a port is picked which nobody else has.
  if (bind(socket_, any_address, size) == 0 && getsockname(socket_, any_address, &size) == 0 &&
      setsockopt(socket_, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) {
    port_ = ntohs(address.sin_port);
  }
}

ReservedPort::~ReservedPort() {
  if (socket_ >= 0) close(socket_);
}

absl::Status ServerProcess::Start() {
  if (reserved_.port() == 0) return absl::UnavailableError("no free port on 127.0.0.1");
  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return absl::UnavailableError("no pipe");
  pid_ = Spawn(program_, absl::StrCat("--port=", reserved_.port()), ends[1]);
  close(ends[1]);
  const bool serves = pid_ > 0 && AwaitLine(ends[0]);
  close(ends[0]);
  if (!serves) {
    Kill();
    return absl::UnavailableError(absl::StrCat("can't start ", program_));
  }
  // A channel of its own, so that no connection is left over from the process before.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  control_ = Control::NewStub(
      grpc::CreateCustomChannel(address(), grpc::InsecureChannelCredentials(), arguments));
  return absl::OkStatus();
}

void ServerProcess::Kill() {
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
  control_ = nullptr;
}

absl::Status ServerProcess::SetHealth(Health health) {
  if (control_ == nullptr) return absl::FailedPreconditionError("the server is not running");
  grpc::ClientContext context;
  WaitAtMost(kControlTimeout, context);
  SetHealthRequest request;
  request.set_health(health);
  SetHealthReply reply;
  const grpc::Status status = control_->SetHealth(&context, request, &reply);
  if (status.ok()) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("the server can't be controlled: ", status.error_message()));
}

std::optional<std::map<std::string, int64_t>> ServerProcess::CountCalls() {
  if (control_ == nullptr) return std::nullopt;
  grpc::ClientContext context;
  WaitAtMost(kCountTimeout, context);
  CountCallsReply reply;
  if (!control_->CountCalls(&context, CountCallsRequest(), &reply).ok()) return std::nullopt;
  return std::map<std::string, int64_t>(reply.calls_by_client().begin(),
                                        reply.calls_by_client().end());
}

std::string ProgramBesideThisOne(const std::string& name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / name).string();
}

}  // namespace demo
