// SPDX-License-Identifier: Apache-2.0
//
// The program of reader.h, for the examples that are run.
#include "tests/docs/reader.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "fusebox/circuit_registry.h"
#include "fusebox/grpc/channel.h"
#include "fusebox/policy.h"

namespace reader {

grpc::ServerBuilder builder;
std::unique_ptr<grpc::Server> server;
std::chrono::system_clock::time_point deadline;
grpc::ServerContext* server_context = nullptr;

std::unique_ptr<shop::Inventory::Stub> stub;
grpc::ClientContext context;
shop::ReserveRequest request;
shop::ReserveReply reply;
grpc::Status status;

bool Cache::Find(const std::string& /*item*/, shop::ReserveReply* /*reply*/) const { return false; }

// Gone at the end.
class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / "fusebox-docs-XXXXXX") {
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};
const Folder folder;

std::string token = "0123456789abcdef";
std::string orders_path = folder.path() + "/orders";
std::string service_config = "{}";
uint64_t last_seen = 0;

std::shared_ptr<fusebox::CircuitRegistry> registry = std::make_shared<fusebox::CircuitRegistry>();
fusebox::ChannelOptions options;
fusebox::Policy policy;

}  // namespace reader
