// SPDX-License-Identifier: Apache-2.0
//
// How soon servers that were away are used again, over real channels with gRPC's default arguments:
// they are killed, their kernel refuses connections for a while, and they come back.
//
// Each client is a process of its own, so that nothing but the client itself has gRPC work: it has
// one channel, to a server of its own, and one thread that makes blocking calls. All of them, by
// one or several rates of calls, are away at the same time. Attempts to connect are counted by the
// kernel, for the whole machine, or for a network of its own, which keeps those of others out:
//
//   reconnect_benchmark [--away=SECONDS] [--rates=N,...] [--servers=N] [--second=SECONDS] [--tls]
//                       [--fixed]
//   unshare --map-root-user --net sh -c 'ip link set lo up; reconnect_benchmark --servers=1000 ...'
//
// `--rates`: calls a second; 1,50,200 unless you say. `--servers`: for each rate, 20 unless you
// say, and 1,000 in all at most. `--second`: each server's name stands for two addresses, and the
// second comes back so much later than the first. `--fixed`: not the default policy, but one that
// opens for 2 s.
#include <arpa/inet.h>
#include <grpcpp/grpcpp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "tests/end2end/test_certificate.h"
#include "tests/support/echo.grpc.pb.h"

namespace {

constexpr std::size_t kMostClients = 1'000;

// How many connect at the same time.
constexpr int kMostStarting = 20;

// After that a client gives up: gRPC's own backoff is two minutes at most.
constexpr double kPatience = 300;

struct Settings {
  double away = 60;
  std::vector<int> rates = {1, 50, 200};  // calls a second
  int servers = 20;                       // for each rate
  std::optional<double> second;
  bool fixed = false;
  std::optional<fusebox_testing::TestCertificate> tls;

  std::size_t clients() const { return rates.size() * static_cast<std::size_t>(servers); }
};

[[noreturn]] void Die(const char* what) {
  std::cerr << "reconnect_benchmark: " << what << '\n';
  std::exit(EXIT_FAILURE);  // NOLINT(concurrency-mt-unsafe): of one thread
}

// The same in all processes.
double Now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void SleepUntil(double time) { absl::SleepFor(absl::Seconds(time - Now())); }

// Of a client, once it is over.
struct Figures {
  double back = 0;  // from the first server's return to the first answer
  int spent = 0;    // calls that failed, other than by a rejection, after the first rejection
};

// What the processes have in common. Zero: not yet. Relaxed: each is read by itself, except
// for `figures`, which `over` publishes.
struct Board {
  std::atomic<int> served{0};  // processes of servers that are ready
  std::atomic<int> connected{0};
  std::atomic<double> gone{0};
  std::atomic<double> back{0};
  std::atomic<int> over{0};
  std::array<Figures, kMostClients> figures{};
};

Board& NewBoard() {
  void* const memory =
      mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) Die("no memory that is shared");
  return *new (memory) Board;
}

// An address that is nobody else's, and where connections are refused unless a server is there,
// too.
class Address {
 public:
  Address() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    if (setsockopt(socket_, SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes) != 0 ||
        bind(socket_, reinterpret_cast<sockaddr*>(&name), size) != 0 ||
        getsockname(socket_, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
      Die("no free address");
    }
    text_ = absl::StrCat("127.0.0.1:", ntohs(name.sin_port));
  }
  Address(const Address&) = delete;
  Address& operator=(const Address&) = delete;
  ~Address() { close(socket_); }

  const std::string& text() const { return text_; }

 private:
  const int socket_;
  std::string text_;
};

// A forked process that does that, and is killed with this. The one that forks has no threads, and
// doesn't use gRPC.
class Process {
 public:
  explicit Process(const std::function<void()>& work) : pid_(fork()) {
    if (pid_ < 0) Die("no more processes");
    if (pid_ > 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    work();
    _exit(EXIT_SUCCESS);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

 private:
  const pid_t pid_;
};

class EchoService final : public fusebox_testing::Echo::Service {
  grpc::Status Unary(grpc::ServerContext* /*context*/, const fusebox_testing::EchoRequest* request,
                     fusebox_testing::EchoReply* reply) override {
    reply->set_text(request->text());
    return grpc::Status::OK;
  }
};

using Addresses = std::vector<std::unique_ptr<Address>>;

void Serve(const Settings& settings, const Addresses& addresses, Board& board) {
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials();
  if (settings.tls) {
    grpc::SslServerCredentialsOptions options;
    options.pem_key_cert_pairs.push_back({settings.tls->private_key, settings.tls->certificate});
    credentials = grpc::SslServerCredentials(options);
  }
  EchoService echo;
  grpc::ServerBuilder builder;
  for (const auto& address : addresses) builder.AddListeningPort(address->text(), credentials);
  builder.RegisterService(&echo);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) Die("no server");
  board.served.fetch_add(1, std::memory_order_relaxed);
  server->Wait();
}

class Client {
 public:
  Client(const Settings& settings, const std::string& target, bool await_connection) {
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (settings.tls) {
      grpc::SslCredentialsOptions options;
      options.pem_root_certs = settings.tls->certificate;
      credentials = grpc::SslCredentials(options);
    }
    fusebox::Policy policy;
    if (settings.fixed) policy.open_duration = absl::Seconds(2);
    fusebox::ChannelOptions options;
    options.breaker.dependency = "echo";
    options.breaker.registry = std::make_shared<fusebox::CircuitRegistry>();
    options.breaker.await_connection = await_connection;
    options.breaker.policies.Default(policy);
    stub_ = fusebox_testing::Echo::NewStub(
        fusebox::CreateChannel(target, credentials, std::move(options)).value());
  }

  grpc::Status Call(absl::Duration timeout = absl::Milliseconds(500)) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
    fusebox_testing::EchoReply reply;
    return stub_->Unary(&context, {}, &reply);
  }

 private:
  std::unique_ptr<fusebox_testing::Echo::Stub> stub_;
};

// Calls that often, from when the servers are gone until there is an answer after their return.
Figures CallUntilAnswered(Client& client, int calls_per_second, const Board& board) {
  const double gap = 1.0 / calls_per_second;
  // A thousand that look each millisecond would leave no time to the others.
  while (board.gone.load(std::memory_order_relaxed) == 0) {
    absl::SleepFor(absl::Seconds(std::min(gap, 0.2)));
  }
  // Not all at the same moment.
  double due = board.gone.load(std::memory_order_relaxed) + gap * (getpid() % 97) / 97;
  bool rejected = false;
  Figures figures;
  while (true) {
    SleepUntil(due);
    due += gap;
    const grpc::Status status = client.Call();
    const double back = board.back.load(std::memory_order_relaxed);
    figures.back = Now() - back;
    if (back != 0 && (status.ok() || figures.back > kPatience)) return figures;
    const bool rejection = fusebox::GetRejection(status).has_value();
    rejected = rejected || rejection;
    figures.spent += rejected && !rejection && !status.ok() ? 1 : 0;
  }
}

// How many attempts to connect have failed on this machine, ever.
int64_t FailedAttempts() {
  std::ifstream file("/proc/self/net/snmp");
  std::vector<std::string> names;
  for (std::string line; std::getline(file, line);) {
    if (!absl::StartsWith(line, "Tcp:")) continue;
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    const auto found = std::find(names.begin(), names.end(), "AttemptFails");
    int64_t count = 0;
    if (found != names.end() &&
        absl::SimpleAtoi(words[static_cast<std::size_t>(found - names.begin())], &count)) {
      return count;
    }
    names = words;
  }
  Die("no AttemptFails in /proc/self/net/snmp");
}

void WaitFor(const std::atomic<int>& count, int enough) {
  const double start = Now();
  while (count.load(std::memory_order_acquire) < enough) {
    if (Now() - start > 2 * kPatience) Die("the clients or servers don't get ready");
    absl::SleepFor(absl::Milliseconds(1));
  }
}

class Outage {
 public:
  Outage(const Settings& settings, bool await_connection)
      : settings_(settings),
        clients_(static_cast<int>(settings.clients())),
        board_(NewBoard()),
        first_(NewAddresses()) {
    if (settings_.second) second_ = NewAddresses();
    Start(first_);
    if (settings_.second) Start(second_);
    for (int i = 0; i < clients_; ++i) {
      StartClient(i, await_connection);
      WaitFor(board_.connected, i + 1 - kMostStarting);
    }
    WaitFor(board_.connected, clients_);
  }

  void Happen() {
    servers_.clear();
    const double gone = Now();
    const int64_t attempts = FailedAttempts();
    board_.gone = gone;
    SleepUntil(gone + settings_.away);
    attempts_ = static_cast<double>(FailedAttempts() - attempts) / settings_.away / clients_;
    Start(first_);
    const double back = Now();
    board_.back = back;
    if (settings_.second) {
      SleepUntil(back + *settings_.second);
      Start(second_);
    }
    WaitFor(board_.over, clients_);
  }

  // Of each client.
  double attempts_per_second() const { return attempts_; }

  std::vector<Figures> Of(std::size_t rate) const {
    const auto first =
        board_.figures.begin() + static_cast<std::ptrdiff_t>(rate) * settings_.servers;
    return {first, first + settings_.servers};
  }

 private:
  Addresses NewAddresses() const {
    Addresses addresses;
    for (int i = 0; i < clients_; ++i) addresses.push_back(std::make_unique<Address>());
    return addresses;
  }

  // Returns once they serve.
  void Start(const Addresses& addresses) {
    const int before = board_.served;
    servers_.push_back(std::make_unique<Process>([&] { Serve(settings_, addresses, board_); }));
    WaitFor(board_.served, before + 1);
  }

  void StartClient(int number, bool await_connection) {
    std::string target = absl::StrCat("ipv4:", first_[static_cast<std::size_t>(number)]->text());
    if (settings_.second)
      absl::StrAppend(&target, ",", second_[static_cast<std::size_t>(number)]->text());
    const int rate = settings_.rates[static_cast<std::size_t>(number / settings_.servers)];
    processes_.push_back(std::make_unique<Process>([&, number, rate] {
      Client client(settings_, target, await_connection);
      if (!client.Call(absl::Seconds(60)).ok()) Die("no answer");
      board_.connected.fetch_add(1, std::memory_order_release);
      board_.figures[static_cast<std::size_t>(number)] = CallUntilAnswered(client, rate, board_);
      board_.over.fetch_add(1, std::memory_order_release);
    }));
  }

  const Settings& settings_;
  const int clients_;
  Board& board_;
  const Addresses first_;
  Addresses second_;
  std::vector<std::unique_ptr<Process>> servers_;
  std::vector<std::unique_ptr<Process>> processes_;
  double attempts_ = 0;
};

template <typename T>
T Quantile(std::vector<T> values, double q) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::lround(static_cast<double>(values.size() - 1) * q))];
}

void Measure(const char* what, const Settings& settings, bool await_connection) {
  Outage outage(settings, await_connection);
  outage.Happen();
  std::printf("%s: %.2f attempts to connect a second of each client, %.0f of all\n", what,
              outage.attempts_per_second(),
              outage.attempts_per_second() * static_cast<double>(settings.clients()));
  for (std::size_t rate = 0; rate < settings.rates.size(); ++rate) {
    std::vector<double> back;
    std::vector<int> spent;
    for (const Figures& figures : outage.Of(rate)) {
      back.push_back(figures.back);
      spent.push_back(figures.spent);
    }
    std::printf(
        "  %3d calls a second: answered after %6.2f s (p95 %6.2f s, at most %6.2f s); "
        "%d calls spent (at most %d)\n",
        settings.rates[rate], Quantile(back, 0.5), Quantile(back, 0.95), Quantile(back, 1),
        Quantile(spent, 0.5), Quantile(spent, 1));
  }
  std::fflush(stdout);
}

bool TakeRates(absl::string_view argument, std::vector<int>& rates) {
  rates.clear();
  for (const absl::string_view word : absl::StrSplit(argument, ',')) {
    int rate = 0;
    if (!absl::SimpleAtoi(word, &rate) || rate < 1) return false;
    rates.push_back(rate);
  }
  return true;
}

bool Take(absl::string_view argument, Settings& settings) {
  double second = 0;
  if (argument == "--tls") {
    settings.tls = fusebox_testing::MakeTestCertificate();
    if (!settings.tls) Die("no certificate: openssl isn't installed");
    return true;
  }
  if (argument == "--fixed") {
    settings.fixed = true;
    return true;
  }
  if (absl::ConsumePrefix(&argument, "--away=")) {
    return absl::SimpleAtod(argument, &settings.away) && settings.away > 0;
  }
  if (absl::ConsumePrefix(&argument, "--rates=")) return TakeRates(argument, settings.rates);
  if (absl::ConsumePrefix(&argument, "--servers=")) {
    return absl::SimpleAtoi(argument, &settings.servers) && settings.servers > 0;
  }
  if (absl::ConsumePrefix(&argument, "--second=") && absl::SimpleAtod(argument, &second)) {
    settings.second = second;
    return second >= 0;
  }
  return false;
}

// The server has an open file or two for each client: more than a shell allows, mostly.
void AllowManyFiles() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    if (!Take(argv[i], settings)) {
      Die("usage: [--away=SECONDS] [--rates=N,...] [--servers=N] [--second=SECONDS] [--tls] "
          "[--fixed]");
    }
  }
  if (settings.clients() > kMostClients) Die("more than 1000 servers in all");
  AllowManyFiles();
  std::printf("%d servers for each rate, away for %.0f s%s\n", settings.servers, settings.away,
              settings.tls ? ", with TLS" : "");
  if (settings.fixed) std::printf("open for 2 s\n");
  if (settings.second) {
    std::printf("of two addresses each, the second back %.0f s later\n", *settings.second);
  }
  Measure("awaiting the connection", settings, true);
  Measure("with gRPC's own backoff", settings, false);
  return EXIT_SUCCESS;
}
