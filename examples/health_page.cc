// SPDX-License-Identifier: Apache-2.0
//
// A page for machines on the application's own HTTP server, here cpp-httplib's, and two who live by
// the same circuits: an alert that asks the page, and a feature that is left out while its
// dependency is away. Links fusebox::core alone.
#include <httplib.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/circuits_json.h"
#include "fusebox/run.h"

namespace {

using Registry = std::shared_ptr<fusebox::CircuitRegistry>;

void ServeHealthPage(httplib::Server& server, const Registry& registry) {
  server.Get("/health/circuits", [registry](const httplib::Request&, httplib::Response& response) {
    fusebox::CircuitsJsonOptions options;
    options.critical = {"payment", "payment/*"};
    const fusebox::CircuitsPage page = fusebox::CircuitsJson(*registry, options);
    response.status = page.http_status();
    response.set_content(page.body, "application/json");
  });
}

// A page without recommendations is better than one that waits for them.
bool ShowsRecommendations(const fusebox::CircuitRegistry& registry) {
  const auto circuit = registry.Find("recommendations");
  return circuit == nullptr || circuit->state() == fusebox::State::kClosed;
}

// Who is paged by this asks every 30 seconds; here it's once.
std::string AlertOf(int port) {
  const httplib::Result answer = httplib::Client("127.0.0.1", port).Get("/health/circuits");
  if (!answer) return "the process doesn't answer";
  std::cout << answer->status << ' ' << answer->body << '\n';
  return answer->status == 503 ? "a critical circuit is open" : "";
}

void Fail(fusebox::CircuitBreaker& circuit) {
  for (int i = 0; i < 8; ++i) {
    fusebox::Run(circuit, [] { return absl::UnavailableError("down"); }).IgnoreError();
  }
}

}  // namespace

int main() {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  const auto payment = registry->GetOrCreate("payment", fusebox::Policy::InternalApi());
  const auto extras = registry->GetOrCreate("recommendations", fusebox::Policy::InternalApi());
  if (!payment.ok() || !extras.ok()) return EXIT_FAILURE;

  httplib::Server server;
  ServeHealthPage(server, registry);
  const int port = server.bind_to_any_port("127.0.0.1");
  if (port < 0) return EXIT_FAILURE;
  std::thread serving([&server] { server.listen_after_bind(); });

  Fail(**extras);
  const std::string before = AlertOf(port);
  const bool shown = ShowsRecommendations(*registry);
  Fail(**payment);
  const std::string after = AlertOf(port);
  server.stop();
  serving.join();

  std::cout << "recommendations are " << (shown ? "shown" : "left out") << "; alert: " << after
            << '\n';
  return before.empty() && !shown && after == "a critical circuit is open" ? EXIT_SUCCESS
                                                                           : EXIT_FAILURE;
}
