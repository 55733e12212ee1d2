// SPDX-License-Identifier: Apache-2.0
//
// The pages of a real Exposer.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <prometheus/exposer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/prometheus/test_collector.h"

namespace fusebox_testing {
namespace {

using testing::HasSubstr;
using testing::Not;

// What a server on this machine answers, its headers included.
std::string Get(int port, const std::string& path) {
  const int connection = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(connection, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  const std::string request = "GET " + path + " HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(connection, request.data(), request.size()),
            static_cast<ssize_t>(request.size()));
  std::string answer;
  std::array<char, 4096> part{};
  ssize_t size = 0;
  while ((size = read(connection, part.data(), part.size())) > 0) {
    answer.append(part.data(), static_cast<std::size_t>(size));
  }
  close(connection);
  return answer;
}

// How often each metric of ours is described.
std::map<std::string, int> Descriptions(std::string_view page) {
  constexpr std::string_view kMark = "# HELP circuit_breaker_";
  std::map<std::string, int> described;
  for (std::size_t at = page.find(kMark); at != std::string_view::npos;
       at = page.find(kMark, at + 1)) {
    const std::size_t name = at + std::string_view("# HELP ").size();
    ++described[std::string(page.substr(name, page.find(' ', name) - name))];
  }
  return described;
}

TEST(Exposer, EachRegistryHasAPageOfItsOwnThatDescribesAMetricOnce) {
  prometheus::Exposer exposer("127.0.0.1:0");
  const int port = exposer.GetListeningPorts().front();
  std::map<std::string, std::shared_ptr<prometheus::Collectable>> collectors;  // by shard
  for (const char* const shard : {"7", "8"}) {
    fusebox::CollectorOptions options;
    auto registry = std::make_shared<fusebox::CircuitRegistry>();
    ASSERT_TRUE(registry->GetOrCreate(std::string("circuit-of-") + shard, {}).ok());
    options.registry = registry;
    options.labels = {{"shard", shard}};
    collectors[shard] = fusebox::CreateCollector(options).value();
    exposer.RegisterCollectable(collectors[shard], std::string("/metrics/shard-") + shard);
  }
  for (const auto& [shard, other] : {std::pair("7", "8"), std::pair("8", "7")}) {
    const std::string page = Get(port, std::string("/metrics/shard-") + shard);
    EXPECT_THAT(page, HasSubstr(std::string("circuit-of-") + shard));
    EXPECT_THAT(page, HasSubstr(std::string("shard=\"") + shard + "\""));
    EXPECT_THAT(page, Not(HasSubstr(std::string("circuit-of-") + other)));
    const std::map<std::string, int> described = Descriptions(page);
    EXPECT_GT(described.size(), 10U);
    for (const auto& [metric, times] : described) EXPECT_EQ(times, 1) << metric;
  }
}

}  // namespace
}  // namespace fusebox_testing
