// SPDX-License-Identifier: Apache-2.0
//
// An application with no policy in its code: it follows a file, here one that is written for this
// run. While it makes calls the file is changed, and a moment later its circuits go by that. Links
// fusebox::config.
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "examples/shop_server.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/config/config_watcher.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/grpc/rejection_status.h"
#include "shop.grpc.pb.h"

namespace {

constexpr char kPatient[] = R"(
version: patient
dependencies:
  inventory:
    default:
      consecutive_failures: 1000
      improbable_run: off
)";
constexpr char kStrict[] = R"(
version: strict
dependencies:
  inventory:
    default:
      consecutive_failures: 3
      open_duration: 60s
)";

// As an editor does: a new file takes the place of the old one.
void Write(const std::filesystem::path& path, const char* text) {
  std::ofstream(path.string() + "~") << text;
  std::filesystem::rename(path.string() + "~", path);
}

// How many of some calls were rejected.
int Rejected(shop::Inventory::Stub& stub) {
  int rejected = 0;
  for (int i = 0; i < 10; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
    shop::ReserveReply reply;
    const grpc::Status status = stub.Reserve(&context, shop::ReserveRequest(), &reply);
    if (fusebox::GetRejection(status)) ++rejected;
  }
  return rejected;
}

int Fail(const absl::Status& status) {
  std::cerr << status << '\n';
  return EXIT_FAILURE;
}

}  // namespace

int main() {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("fusebox_example_" + std::to_string(getpid()));
  std::filesystem::create_directory(folder);
  Write(folder / "policies.yaml", kPatient);
  examples::ShopServer server;

  // What an application needs.
  fusebox::ConfigWatcherOptions follow;
  follow.path = folder / "policies.yaml";
  follow.registry = std::make_shared<fusebox::CircuitRegistry>();
  std::promise<absl::Status> reloaded;
  follow.listener = [&](const auto& result) { reloaded.set_value(result.status()); };
  const auto watcher = fusebox::ConfigWatcher::Start(std::move(follow));
  if (!watcher.ok()) return Fail(watcher.status());

  fusebox::ChannelOptions options;
  auto breaker = (*watcher)->Options("inventory");
  if (!breaker.ok()) return Fail(breaker.status());
  options.breaker = *std::move(breaker);
  const auto channel = fusebox::CreateChannel(server.address(), grpc::InsecureChannelCredentials(),
                                              std::move(options));
  if (!channel.ok()) return Fail(channel.status());
  const auto stub = shop::Inventory::NewStub(*channel);

  // Calls that fail, by one file and by the other.
  server.shop().Fail(grpc::Status(grpc::StatusCode::UNAVAILABLE, "disk full"));
  const int before = Rejected(*stub);
  std::cout << (*watcher)->Status().version << ": " << before << " of 10 calls rejected\n";
  Write(folder / "policies.yaml", kStrict);
  const absl::Status status = reloaded.get_future().get();
  const int after = Rejected(*stub);
  std::cout << (*watcher)->Status().version << ": " << after << " of 10 calls rejected\n";

  std::filesystem::remove_all(folder);
  return status.ok() && before == 0 && after == 7 ? EXIT_SUCCESS : EXIT_FAILURE;
}
