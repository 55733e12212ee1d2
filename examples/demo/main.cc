// SPDX-License-Identifier: Apache-2.0
//
// The demo: three servers that get sick in several ways, and two clients that go on calling them,
// one with the circuit breaker and one without. Exits 0 if the circuit did all that it should, 1
// with what was missing, 2 for wrong flags. With --admin-port its circuits can be seen and moved
// from outside, and with --forever it goes on until it is interrupted.
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "examples/demo/admin_server.h"
#include "examples/demo/director.h"
#include "examples/demo/interrupt.h"
#include "examples/demo/load_generator.h"
#include "examples/demo/metrics_page.h"
#include "examples/demo/policy_file.h"
#include "examples/demo/servers.h"
#include "examples/demo/summary.h"
#include "examples/demo/timeline.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/fault_injection.h"

namespace demo {
namespace {

constexpr char kCircuit[] = "inventory/shop.Inventory/Reserve";

struct Flags {
  bool fast = false;
  bool forever = false;
  bool wait = false;
  std::optional<int> admin_port;
  std::string instance = "demo";
  std::optional<int> metrics_port;
};

// Both clients get connections of their own, as if they were two processes, and make their calls to
// one server after the other. All else is as gRPC has it, so that the demo meets what your channels
// meet.
grpc::ChannelArguments ChannelArguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetLoadBalancingPolicyName("round_robin");
  return arguments;
}

void PrintIntroduction(const Load& load, Timeline& timeline) {
  timeline.Text("Fusebox demo: three servers that get sick, two clients that go on calling them.",
                Colour::kBold);
  timeline.Text(absl::StrFormat(
      "Each client has %d workers; each makes a call every %s, with a deadline of %s.\n"
      "  WITH     the circuit breaker, by its default policy: failures in a row that can't be\n"
      "           chance open the circuit; a single call probes the servers, again and again; "
      "from\n"
      "           a good one on, as many calls are let through as the servers answer\n"
      "  WITHOUT  a plain channel\n"
      "A row is one second: calls answered ok, failed, rejected (by the breaker: never sent), and\n"
      "those that reached a server; p50 and p99 are the milliseconds that the callers waited.",
      load.workers, absl::FormatDuration(load.pace), absl::FormatDuration(load.deadline)));
}

// For a channel of its own, of the injector that all share.
fusebox::ChannelOptions::InterceptorFactories FaultInjection(
    const std::shared_ptr<fusebox::FaultInjector>& injector) {
  fusebox::ChannelOptions::InterceptorFactories factories;
  auto factory = fusebox::FaultInjectionInterceptorFactory::Create(injector);
  if (factory.ok()) factories.push_back(*std::move(factory));
  return factories;
}

// Plays the scenes over and over, until an interrupt. What comes of them isn't judged: people may
// have moved the circuit.
int GoOn(Director& director, const Script& script) {
  while (!director.interrupted()) {
    if (auto results = director.Play(script); !results.ok()) {
      std::cerr << "fusebox_demo: " << results.status().message() << '\n';
      return EXIT_FAILURE;
    }
  }
  return EXIT_SUCCESS;
}

void WaitForEnter(const std::string& before_what, Timeline& timeline) {
  timeline.Text(absl::StrFormat("\nPress Enter to %s.", before_what), Colour::kBold);
  std::string line;
  std::getline(std::cin, line);
}

int Run(const Flags& flags, bool colours) {
  const Load load;
  Timeline timeline(colours);
  PrintIntroduction(load, timeline);

  Servers servers(ProgramBesideThisOne("fusebox_demo_server"));
  if (absl::Status started = servers.Start(); !started.ok()) {
    std::cerr << "fusebox_demo: " << started.message() << '\n';
    return EXIT_FAILURE;
  }

  const auto faults = fusebox::FaultInjector::Create({});
  if (!faults.ok()) {
    std::cerr << "fusebox_demo: " << faults.status().message() << '\n';
    return EXIT_FAILURE;
  }

  // The protected channel, and the other.
  fusebox::CircuitRegistry::Options registry_options;
  registry_options.listener = [&timeline](const fusebox::Event& event) {
    if (event.kind == fusebox::EventKind::kTransition) timeline.Transition(event);
  };
  auto registry = std::make_shared<fusebox::CircuitRegistry>(std::move(registry_options));
  std::unique_ptr<AdminServer> admin;
  if (flags.admin_port) {
    auto started = AdminServer::Start(registry, *flags.admin_port, flags.instance);
    if (!started.ok()) {
      std::cerr << "fusebox_demo: " << started.status().message() << '\n';
      return EXIT_FAILURE;
    }
    admin = *std::move(started);
    timeline.Text("admin: " + admin->address());
  }
  fusebox::ChannelOptions options;
  options.breaker.dependency = "inventory";
  options.breaker.registry = registry;
  options.arguments = ChannelArguments();
  options.inner_interceptors = FaultInjection(*faults);
  const auto with_breaker = fusebox::CreateChannel(
      servers.target(), grpc::InsecureChannelCredentials(), std::move(options));
  if (!with_breaker.ok()) {
    std::cerr << "fusebox_demo: " << with_breaker.status().message() << '\n';
    return EXIT_FAILURE;
  }
  const auto without_breaker = grpc::experimental::CreateCustomChannelWithInterceptors(
      servers.target(), grpc::InsecureChannelCredentials(), ChannelArguments(),
      FaultInjection(*faults));

  absl::StatusOr<std::unique_ptr<MetricsPage>> metrics = nullptr;
  if (flags.metrics_port) {
    metrics = MetricsPage::Open(*flags.metrics_port, registry);
    if (!metrics.ok()) {
      std::cerr << "fusebox_demo: " << metrics.status().message() << '\n';
      return EXIT_FAILURE;
    }
    timeline.Text("\nMetrics for Prometheus: " + (*metrics)->address());
  }
  if (flags.wait) WaitForEnter("begin", timeline);

  const absl::StatusOr<std::unique_ptr<PolicyFile>> file = PolicyFile::Follow(registry);
  if (!file.ok()) {
    std::cerr << "fusebox_demo: " << file.status().message() << '\n';
    return EXIT_FAILURE;
  }
  LoadGenerator with(kWith, *with_breaker, load);
  LoadGenerator without(kWithout, without_breaker, load);
  Director director(servers, **faults, file->get(), with, without, *registry, kCircuit, timeline);
  const bool with_file = *file != nullptr;
  const Script script = flags.fast ? FastScript(with_file) : FullScript(with_file);
  if (flags.forever) return GoOn(director, script);
  const absl::StatusOr<Results> results = director.Play(script);
  with.Stop();
  without.Stop();
  if (!results.ok()) {
    std::cerr << "fusebox_demo: " << results.status().message() << '\n';
    return EXIT_FAILURE;
  }

  if (director.interrupted()) {
    std::cerr << "fusebox_demo: interrupted\n";
    return EXIT_FAILURE;
  }

  PrintSummary(*results, timeline);
  const std::vector<std::string> missing = Missing(*results, registry->Find(kCircuit)->Snapshot());
  for (const std::string& what : missing) timeline.Text("MISSING: " + what, Colour::kRed);
  if (!missing.empty()) return EXIT_FAILURE;
  timeline.Text("The circuit opened, rejected, probed and closed again each time.", Colour::kGreen);
  if (flags.metrics_port) PrintAllCalls(*results, with.Take(), timeline);
  if (flags.wait) WaitForEnter("end", timeline);
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace demo

int main(int argc, char** argv) {
  demo::Flags flags;
  CLI::App app(
      "Shows a circuit breaker at work: real servers that fail, hang and are killed, and two\n"
      "clients that call them all the while, with the breaker and without. Takes about a minute,\n"
      "with --fast about 20 s.",
      "fusebox_demo");
  app.add_flag("--fast", flags.fast, "Shorter scenes");
  app.add_flag("--forever", flags.forever, "The scenes over and over, until SIGINT or SIGTERM");
  app.add_option("--admin-port", flags.admin_port,
                 "Serve the admin service, with writes, on this port of 127.0.0.1; 0: any free one")
      ->check(CLI::Range(0, 65535));
  app.add_option("--instance", flags.instance, "What the admin service calls this process")
      ->capture_default_str();
  app.add_option("--metrics-port", flags.metrics_port,
                 "Show the circuits to Prometheus at this port of 127.0.0.1; 0 is a free one")
      ->check(CLI::Range(0, 65535));
  app.add_flag("--wait", flags.wait, "Wait for Enter before the first scene and after the last");
  app.footer(
      "Set NO_COLOR for plain text on a terminal.\nExit code: 0 the circuit did its work, "
      "1 it did not, 2 wrong flags.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == EXIT_SUCCESS ? EXIT_SUCCESS : 2;
  }
  // No thread has been started yet, so the environment may be read.
  // NOLINTNEXTLINE(concurrency-mt-unsafe)
  const bool colours = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  demo::HoldInterrupts();
  return demo::Run(flags, colours);
}
