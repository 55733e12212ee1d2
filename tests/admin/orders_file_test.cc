// SPDX-License-Identifier: Apache-2.0
//
// The file of standing orders: what it has whenever a process is killed, and what becomes of one
// that can't be read or written.
#include "fusebox/admin/orders_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "fusebox/circuit_registry.h"
#include "fusebox/fork.h"
#include "src/admin/orders_text.h"
#include "tests/admin/admin_server.h"
#include "tests/support/test_folder.h"

namespace fusebox_testing {
namespace {

using fusebox::OrderAction;
using fusebox::OrdersFile;
using fusebox::OrdersFileOptions;
using fusebox::StandingOrder;
using fusebox::internal::OrdersFromText;
using fusebox::internal::OrdersTextOf;
using fusebox::internal::OrdersToText;
using testing::ElementsAre;
using testing::HasSubstr;

StandingOrder Disable(std::string pattern) {
  StandingOrder order;
  order.pattern = std::move(pattern);
  order.action = OrderAction::kDisable;
  order.by = fusebox::Operator("oncall").Because("because");
  return order;
}

// Of orders that all can be written; they are numbered from 1 on.
std::string TextOf(std::vector<StandingOrder> orders) {
  for (std::size_t i = 0; i < orders.size(); ++i) orders[i].id = i + 1;
  const auto written = OrdersToText(orders);
  EXPECT_THAT(written.left_out, ElementsAre());
  return written.text;
}

std::string Content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

void Write(const std::string& path, const std::string& content) { std::ofstream(path) << content; }

class OrdersFileTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<OrdersFile>> Open(TestCircuits& circuits) {
    OrdersFileOptions options;
    options.path = path_;
    options.registry = circuits.registry();
    options.on_problem = [this](const std::string& problem) { problems_.push_back(problem); };
    return OrdersFile::Open(std::move(options));
  }

  // The patterns of the file's orders; fails the test if it is none.
  std::vector<std::string> Patterns() const {
    const auto read = OrdersFromText(Content(path_));
    EXPECT_TRUE(read.ok()) << read.status();
    std::vector<std::string> patterns;
    if (!read.ok()) return patterns;
    EXPECT_THAT(read->left_out, ElementsAre());
    for (const StandingOrder& order : read->orders) patterns.push_back(order.pattern);
    return patterns;
  }

  // The files beside it, by what they have behind its name.
  std::vector<std::string> Beside() const {
    std::vector<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) {
      const std::string name = file.path().filename().string();
      if (name != "orders" && name != "orders.lock") names.push_back(name);
    }
    return names;
  }

  const TestFolder folder_;
  const std::string path_ = (folder_ / "orders").string();
  std::vector<std::string> problems_;
};

TEST_F(OrdersFileTest, HasTheOrdersAfterEachChange) {
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_THAT(Patterns(), ElementsAre());
  const auto given = circuits.registry()->GiveOrder(Disable("pay/*"));
  ASSERT_TRUE(given.ok());
  EXPECT_THAT(Patterns(), ElementsAre("pay/*"));
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("\"a\\\" \xC3\xA9")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("pay/*", "\"a\\\" \xC3\xA9"));
  ASSERT_TRUE(circuits.registry()->RevokeOrder(given->id, {}).ok());
  EXPECT_THAT(Patterns(), ElementsAre("\"a\\\" \xC3\xA9"));
  EXPECT_THAT(Beside(), ElementsAre());
  struct stat found = {};
  ASSERT_EQ(stat(path_.c_str(), &found), 0);
  EXPECT_EQ(found.st_mode & 0777U, 0600U);
  EXPECT_EQ((*file)->status().writes, 4);
  EXPECT_EQ((*file)->status().failed_writes, 0);
}

TEST_F(OrdersFileTest, PutsBackEverythingOfAnOrder) {
  StandingOrder order = Disable("pay/*");
  order.action = OrderAction::kSetPolicy;
  order.ttl = absl::Hours(1) + absl::Nanoseconds(7);
  order.change.values.failure_rate = 0.1;
  order.change.values.window = fusebox::TimeWindow{absl::Milliseconds(1'500), 7};
  order.change.values.half_open.max_concurrent = 9;
  order.change.fields = {
      {"failure_rate", ""}, {"time_window", ""}, {"half_open.max_concurrent", ""}, {"ramp", ""}};
  StandingOrder before;
  {
    TestCircuits circuits;
    const auto file = Open(circuits);
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("*")).ok());
    ASSERT_TRUE(circuits.registry()->GiveOrder(order).ok());
    before = circuits.registry()->Orders().at(1);
  }
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->warnings(), ElementsAre());
  const std::vector<StandingOrder> orders = circuits.registry()->Orders();
  ASSERT_EQ(orders.size(), 2U);
  EXPECT_EQ(orders[1].id, before.id);
  EXPECT_EQ(orders[1].pattern, before.pattern);
  EXPECT_EQ(orders[1].action, before.action);
  EXPECT_EQ(orders[1].by.who, "oncall");
  EXPECT_EQ(orders[1].by.why, "because");
  EXPECT_EQ(orders[1].from, before.from);
  EXPECT_EQ(orders[1].ttl, before.ttl);
  ASSERT_EQ(orders[1].change.fields.size(), 4U);
  EXPECT_EQ(orders[1].change.values.failure_rate, 0.1);
  EXPECT_EQ(orders[1].change.values.window, before.change.values.window);
  EXPECT_EQ(orders[1].change.values.ramp, std::nullopt);
  const fusebox::Policy policy = *circuits.Add("pay/1").Snapshot().policy;
  EXPECT_EQ(policy.failure_rate, 0.1);
  EXPECT_EQ(policy.half_open.max_concurrent, 9);
}

TEST_F(OrdersFileTest, HasWhatTheApplicationPutsBackLater) {
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("first")).ok());
  StandingOrder other = Disable("other");
  other.id = 7;
  EXPECT_THAT(circuits.registry()->RestoreOrders({other}), ElementsAre());
  EXPECT_THAT(Patterns(), ElementsAre("first", "other"));
}

TEST_F(OrdersFileTest, LeavesOutWhatHasEndedMeanwhileWithoutAWord) {
  StandingOrder order = Disable("pay/*");
  order.ttl = absl::Minutes(1);
  {
    TestCircuits circuits;
    const auto file = Open(circuits);
    ASSERT_TRUE(circuits.registry()->GiveOrder(order).ok());
  }
  TestCircuits circuits;
  circuits.clock().Advance(absl::Minutes(2));
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->warnings(), ElementsAre());
  EXPECT_TRUE(circuits.registry()->Orders().empty());
}

TEST_F(OrdersFileTest, IsOneProcessAlone) {
  TestCircuits circuits;
  TestCircuits others;
  auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  const auto second = Open(others);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr(absl::StrCat("is in use by another process (pid ", getpid(), ")")));
  file->reset();
  EXPECT_TRUE(Open(others).ok());
}

TEST_F(OrdersFileTest, SaysWhatIsWrongWithTheOptions) {
  TestCircuits circuits;
  EXPECT_THAT(std::string(OrdersFile::Open({}).status().message()), HasSubstr("path = \"\""));
  OrdersFileOptions options;
  options.path = path_;
  EXPECT_THAT(std::string(OrdersFile::Open(options).status().message()),
              HasSubstr("registry = null"));
  options.registry = circuits.registry();
  options.path = (folder_ / "none/orders").string();
  EXPECT_EQ(OrdersFile::Open(options).status().code(), absl::StatusCode::kNotFound);
  options.path = folder_.path().string();
  EXPECT_EQ(OrdersFile::Open(options).status().code(), absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  options.path = path_;
  EXPECT_EQ(OrdersFile::Open(options).status().code(), absl::StatusCode::kInvalidArgument)
      << "nobody waits for one who writes";
}

TEST_F(OrdersFileTest, KeepsABrokenFileAsideAndGoesOn) {
  const std::string whole = TextOf({Disable("pay/*"), Disable("other")});
  std::vector<std::string> broken = {"", "x", "not a file of orders\n", std::string(100'000, '\0')};
  for (std::size_t bytes = 1; bytes < whole.size(); bytes += 13) {
    broken.push_back(whole.substr(0, bytes));  // torn
    std::string flipped = whole;
    flipped[bytes] = static_cast<char>(flipped[bytes] ^ 1);
    broken.push_back(flipped);
  }
  std::size_t aside = 0;
  for (const std::string& content : broken) {
    Write(path_, content);
    TestCircuits circuits;
    const auto file = Open(circuits);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_EQ((*file)->warnings().size(), 1U);
    EXPECT_THAT((*file)->warnings()[0], HasSubstr("can't be read"));
    EXPECT_THAT((*file)->warnings()[0], HasSubstr("it is kept as"));
    EXPECT_TRUE(circuits.registry()->Orders().empty());
    EXPECT_EQ(Beside().size(), ++aside) << "none is overwritten";
    EXPECT_THAT(Patterns(), ElementsAre());
  }
  std::size_t kept = 0;
  for (const std::string& name : Beside()) {
    EXPECT_TRUE(absl::StartsWith(name, "orders.broken-")) << name;
    const std::string content = Content((folder_ / name).string());
    kept += std::count(broken.begin(), broken.end(), content) > 0 ? 1 : 0;
  }
  EXPECT_EQ(kept, broken.size());
}

// As a later version may write them.
TEST_F(OrdersFileTest, ObeysTheOrdersThatItKnowsAndKeepsTheOthersAside) {
  const std::string known = R"({"id":"3","pattern":"pay/*","action":"ORDER_ACTION_DISABLE"})";
  const std::string unknown = R"({"id":"4","pattern":"other","action":99})";
  const std::string content = OrdersTextOf(absl::StrCat(known, "\n", unknown, "\n"));
  Write(path_, content);
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->warnings(),
              ElementsAre(HasSubstr("line 3: action"), HasSubstr("1 order is not in force")));
  ASSERT_EQ(circuits.registry()->Orders().size(), 1U);
  EXPECT_EQ(circuits.registry()->Orders()[0].id, 3U);
  ASSERT_EQ(Beside().size(), 1U);
  EXPECT_EQ(Content((folder_ / Beside()[0]).string()), content);
}

// What a full disk does to a write, a limit on the size of files does too.
TEST_F(OrdersFileTest, TellsOfAWriteThatFailsAndMakesUpForItLater) {
  struct sigaction ignored = {};
  struct sigaction before = {};
  ignored.sa_handler = SIG_IGN;  // NOLINT(cppcoreguidelines-pro-type-union-access): POSIX
  ASSERT_EQ(sigaction(SIGXFSZ, &ignored, &before), 0);
  TestCircuits circuits;
  fusebox::CircuitBreaker& circuit = circuits.Add("pay/1");
  auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("first")).ok());
  const std::string content = Content(path_);

  rlimit old = {};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
  rlimit small = old;
  small.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto given = circuits.registry()->GiveOrder(Disable("pay/*"));
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_TRUE(given.ok()) << "the order is in force all the same";
  EXPECT_EQ(circuit.Snapshot().mode, fusebox::Mode::kDisabled);
  EXPECT_EQ(Content(path_), content) << "what was there is untouched";
  EXPECT_THAT(Beside(), ElementsAre());
  EXPECT_FALSE((*file)->status().last_write.ok());
  EXPECT_EQ((*file)->status().failed_writes, 1);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("standing orders are not kept: can't write")));

  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("third")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("first", "pay/*", "third"));
  EXPECT_TRUE((*file)->status().last_write.ok());
  EXPECT_THAT(problems_.back(), HasSubstr("standing orders are kept again"));

  // The last one is made up for at the end.
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("fourth")).ok());
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
  file->reset();
  EXPECT_THAT(Patterns(), ElementsAre("first", "pay/*", "third", "fourth"));
  ASSERT_EQ(sigaction(SIGXFSZ, &before, nullptr), 0);
}

TEST_F(OrdersFileTest, IsKeptWhereASymbolicLinkLeads) {
  const TestFolder elsewhere;
  const std::string real = (elsewhere / "real").string();
  Write(real, TextOf({}));
  ASSERT_EQ(symlink(real.c_str(), path_.c_str()), 0);
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("pay/*")).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_THAT(Patterns(), ElementsAre("pay/*"));
  EXPECT_FALSE(std::filesystem::is_symlink(real));
}

TEST_F(OrdersFileTest, IsMadeWhereASymbolicLinkLeadsThatLeadsNowhereYet) {
  const TestFolder elsewhere;
  const std::string real = (elsewhere / "real").string();
  const std::string between = (elsewhere / "between").string();
  ASSERT_EQ(symlink(between.c_str(), path_.c_str()), 0);
  ASSERT_EQ(symlink("real", between.c_str()), 0);
  TestCircuits circuits;
  auto file = Open(circuits);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("pay/*")).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
  EXPECT_TRUE(std::filesystem::is_symlink(between));
  EXPECT_TRUE(std::filesystem::is_regular_file(real));
  EXPECT_THAT(Patterns(), ElementsAre("pay/*"));
  EXPECT_TRUE(std::filesystem::exists(real + ".lock"))
      << "whatever name it goes by, it is one file";
  file->reset();

  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(symlink("/no/such/folder/orders", path_.c_str()), 0);
  const absl::Status nowhere = Open(circuits).status();
  EXPECT_EQ(nowhere.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(nowhere.message()),
              testing::AllOf(HasSubstr("/no/such/folder"), HasSubstr(path_ + " leads")));
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(symlink("orders", path_.c_str()), 0);
  EXPECT_EQ(Open(circuits).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(OrdersFileTest, StaysWhereItWasOpenedWhateverFolderTheProcessGoesTo) {
  const TestFolder elsewhere;
  const auto before = std::filesystem::current_path();
  for (const bool is_there : {false, true}) {
    std::filesystem::current_path(folder_.path());
    TestCircuits circuits;
    OrdersFileOptions options;
    options.path = "orders";
    options.registry = circuits.registry();
    const auto file = OrdersFile::Open(std::move(options));
    std::filesystem::current_path(elsewhere.path());
    ASSERT_TRUE(file.ok()) << file.status();
    const std::string pattern = is_there ? "second" : "first";
    EXPECT_TRUE(circuits.registry()->GiveOrder(Disable(pattern)).ok());
    EXPECT_EQ(Patterns().back(), pattern);
    EXPECT_TRUE(std::filesystem::is_empty(elsewhere.path()));
  }
  std::filesystem::current_path(before);
}

// ---- What else may be beside it.

TEST_F(OrdersFileTest, WritesIntoNothingThatIsThereAlready) {
  const TestFolder elsewhere;
  const std::string precious = (elsewhere / "precious").string();
  Write(precious, "precious");
  const std::string beside = path_ + ".new";
  const std::vector<std::function<int()>> traps = {
      [&] { return link(precious.c_str(), beside.c_str()); },
      [&] { return symlink(precious.c_str(), beside.c_str()); },
      [&] { return mkfifo(beside.c_str(), 0600); },
  };
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  for (std::size_t i = 0; i < traps.size(); ++i) {
    ASSERT_EQ(traps[i](), 0);
    ASSERT_TRUE(circuits.registry()->GiveOrder(Disable(absl::StrCat("q", i))).ok());
    EXPECT_TRUE((*file)->status().last_write.ok()) << (*file)->status().last_write;
    EXPECT_EQ(Patterns().size(), i + 1);
    EXPECT_EQ(Content(precious), "precious");
    EXPECT_THAT(Beside(), ElementsAre());
  }
  // What isn't removed is told of.
  ASSERT_TRUE(std::filesystem::create_directory(beside));
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("last")).ok());
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("can't write " + beside)));
}

TEST_F(OrdersFileTest, HasALockWhateverIsInItsPlace) {
  const TestFolder elsewhere;
  const std::string precious = (elsewhere / "precious").string();
  Write(precious, "precious");
  const std::string lock = path_ + ".lock";
  const std::vector<std::function<int()>> traps = {
      [&] { return link(precious.c_str(), lock.c_str()); },
      [&] { return symlink(precious.c_str(), lock.c_str()); },
      [&] { return mkfifo(lock.c_str(), 0600); },
  };
  for (const auto& trap : traps) {
    unlink(lock.c_str());
    ASSERT_EQ(trap(), 0);
    TestCircuits circuits;
    TestCircuits others;
    const auto file = Open(circuits);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_THAT((*file)->warnings(), ElementsAre());
    EXPECT_TRUE((*file)->status().last_write.ok()) << (*file)->status().last_write;
    EXPECT_EQ(Open(others).status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(Content(precious), "precious");
  }
}

TEST_F(OrdersFileTest, WritesNothingWithoutALock) {
  ASSERT_TRUE(std::filesystem::create_directory(path_ + ".lock"));
  const std::string content = TextOf({Disable("pay/*")});
  Write(path_, content);
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->warnings(), ElementsAre(HasSubstr("orders are obeyed, and can't be kept")));
  EXPECT_EQ(circuits.registry()->Orders().size(), 1U);
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("standing orders are not kept: can't lock")));
  EXPECT_EQ(Content(path_), content);
  ASSERT_TRUE(std::filesystem::remove(path_ + ".lock"));
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("other")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("pay/*", "other")) << "as soon as there can be one";
  TestCircuits others;
  EXPECT_EQ(Open(others).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(OrdersFileTest, TakesTheLockAgainWhenSomebodyHasRemovedIt) {
  TestCircuits circuits;
  TestCircuits others;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  ASSERT_EQ(unlink((path_ + ".lock").c_str()), 0);
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("first")).ok());
  EXPECT_EQ(Open(others).status().code(), absl::StatusCode::kFailedPrecondition);

  ASSERT_EQ(unlink((path_ + ".lock").c_str()), 0);
  auto theirs = Open(others);
  ASSERT_TRUE(theirs.ok()) << theirs.status();
  ASSERT_TRUE(others.registry()->GiveOrder(Disable("theirs")).ok());
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("second")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("first", "theirs")) << "it is another's by now";
  EXPECT_THAT(problems_, ElementsAre(HasSubstr("is in use by another process (pid ")));
  EXPECT_FALSE((*file)->status().last_write.ok());
  theirs->reset();
  const std::string content = Content(path_);
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("third")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("first", "second", "third"));
  EXPECT_TRUE((*file)->status().last_write.ok());
  ASSERT_EQ(Beside().size(), 1U);
  EXPECT_EQ(Content((folder_ / Beside()[0]).string()), content) << "the other's is kept";
}

// ---- Orders that are read and refused, or can't be written.

TEST_F(OrdersFileTest, KeepsAFileAsideWhoseOrdersTheRegistryRefuses) {
  const std::string content = TextOf({Disable("pay/*"), Disable("")});
  Write(path_, content);
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  EXPECT_THAT((*file)->warnings(),
              ElementsAre(HasSubstr("order 2: invalid order: pattern = 0 bytes"),
                          HasSubstr("1 order is not in force, the others are; it is kept as")));
  EXPECT_THAT(Patterns(), ElementsAre("pay/*"));
  ASSERT_EQ(Beside().size(), 1U);
  EXPECT_EQ(Content((folder_ / Beside()[0]).string()), content);
}

TEST_F(OrdersFileTest, HasTheFileWhileItIsKeptAside) {
  Write(path_, OrdersTextOf(R"({"id":"3","pattern":"pay/*","action":"ORDER_ACTION_DISABLE"})"
                            "\n{}\n"));
  const std::string content = Content(path_);
  // So that it is never written, as if the process were killed before.
  ASSERT_TRUE(std::filesystem::create_directory(path_ + ".new"));
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(circuits.registry()->Orders().size(), 1U);
  EXPECT_EQ(Content(path_), content) << "the next process obeys as much of it";
  EXPECT_EQ(Beside().size(), 2U);
}

TEST_F(OrdersFileTest, ReadsNoNumberThatHasNoNextOne) {
  for (const char* id : {"18446744073709551615", "9223372036854775808", "0"}) {
    const std::string line = absl::StrCat(
        R"({"id":")", id, R"(","pattern":"pay/*","action":"ORDER_ACTION_DISABLE"})", "\n");
    Write(path_, OrdersTextOf(line));
    TestCircuits circuits;
    const auto file = Open(circuits);
    ASSERT_TRUE(file.ok());
    EXPECT_THAT((*file)->warnings(),
                ElementsAre(HasSubstr(absl::StrCat("line 2: id = ", id,
                                                   ", must be from 1 to 4611686018427387903")),
                            HasSubstr("1 order is not in force")));
    EXPECT_TRUE(circuits.registry()->Orders().empty());
    EXPECT_EQ(circuits.registry()->GiveOrder(Disable("next"))->id, 1U);
  }
  const auto read = OrdersFromText(
      OrdersTextOf(R"({"id":"4611686018427387903","pattern":"a","action":"ORDER_ACTION_DISABLE"})"
                   "\n"));
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->left_out, ElementsAre());
}

TEST_F(OrdersFileTest, TellsOfAnOrderThatCantBeWrittenAndKeepsTheOthers) {
  TestCircuits circuits;
  const auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  StandingOrder long_ago = Disable("pay/*");
  long_ago.id = 1;
  long_ago.from = absl::UnixEpoch() - absl::Hours(24) * 365 * 3000;  // which no file can say
  ASSERT_THAT(circuits.registry()->RestoreOrders({long_ago}), ElementsAre());
  EXPECT_THAT(problems_, ElementsAre(testing::AllOf(HasSubstr("standing orders are not kept: "),
                                                    HasSubstr("order 1: "))));
  EXPECT_FALSE((*file)->status().last_write.ok());
  EXPECT_EQ((*file)->status().failed_writes, 1);
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("other")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("other"));
  ASSERT_TRUE(circuits.registry()->RevokeOrder(1, {}).ok());
  EXPECT_TRUE((*file)->status().last_write.ok());
  EXPECT_THAT(problems_.back(), HasSubstr("standing orders are kept again"));
}

// Waits for the child. False unless it has ended well.
bool EndsWell(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(OrdersFileTest, IsTheParentsAfterAFork) {
  TestCircuits circuits;
  auto file = Open(circuits);
  ASSERT_TRUE(file.ok());
  fusebox::PrepareFork();
  const pid_t child = fork();
  fusebox::ResumeAfterFork();
  if (child == 0) {
    const bool given = circuits.registry()->GiveOrder(Disable("child")).ok();
    _exit(given ? 0 : 1);
  }
  ASSERT_TRUE(EndsWell(child));
  EXPECT_THAT(Patterns(), ElementsAre());
  ASSERT_TRUE(circuits.registry()->GiveOrder(Disable("parent")).ok());
  EXPECT_THAT(Patterns(), ElementsAre("parent"));
}

// ---- kill -9.

constexpr uint64_t kStanding = 20;

// Gives orders and revokes them until it is killed: each has the next number, which is in its
// pattern, and at most kStanding stand. Writes each number to `told` once its order is given. Ends
// by itself if anything is amiss.
[[noreturn]] void GiveOrdersForEver(const std::string& path, int told) {
  const auto registry = std::make_shared<fusebox::CircuitRegistry>();
  OrdersFileOptions options;
  options.path = path;
  options.registry = registry;
  const auto file = OrdersFile::Open(std::move(options));
  if (!file.ok() || !(*file)->warnings().empty()) _exit(1);
  std::vector<StandingOrder> orders = registry->Orders();
  uint64_t next = orders.empty() ? 1 : orders.back().id + 1;
  for (;; ++next) {
    for (; orders.size() >= kStanding; orders = registry->Orders()) {
      if (!registry->RevokeOrder(orders[0].id, {}).ok()) _exit(4);
    }
    const auto given = registry->GiveOrder(Disable(absl::StrCat("q", next)));
    if (!given.ok() || given->id != next) _exit(2);
    if (write(told, &next, sizeof(next)) != sizeof(next)) _exit(3);
    orders = registry->Orders();
  }
}

// The last number that came through the pipe, whose other end is closed; `last` if none did.
uint64_t LastOf(int pipe, uint64_t last) {
  uint64_t number = 0;
  while (read(pipe, &number, sizeof(number)) == sizeof(number)) last = number;
  return last;
}

class KilledProcess {
 public:
  explicit KilledProcess(const std::string& path) {
    EXPECT_EQ(pipe(ends_.data()), 0);
    child_ = fork();
    if (child_ == 0) GiveOrdersForEver(path, ends_[1]);
    close(ends_[1]);
  }
  KilledProcess(const KilledProcess&) = delete;
  KilledProcess& operator=(const KilledProcess&) = delete;
  ~KilledProcess() { close(ends_[0]); }

  // After that many orders and that long, wherever it is by then. The number of the last order that
  // it has told of, or `last`.
  uint64_t Kill(int orders, absl::Duration later, uint64_t last) {
    for (int i = 0; i < orders; ++i) {
      EXPECT_EQ(read(ends_[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)))
          << "it has ended by itself";
    }
    const timespec time = absl::ToTimespec(later);
    ppoll(nullptr, 0, &time, nullptr);  // for no state: any moment is a good one
    EXPECT_EQ(kill(child_, SIGKILL), 0);
    int status = 0;
    EXPECT_EQ(waitpid(child_, &status, 0), child_);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it has ended by itself, with " << WEXITSTATUS(status);
    return LastOf(ends_[0], last);
  }

 private:
  std::array<int, 2> ends_{};
  pid_t child_ = -1;
};

int Kills() {
  const char* const asked = std::getenv("FUSEBOX_ORDERS_KILLS");  // NOLINT(concurrency-mt-unsafe)
  int kills = 50;
  if (asked != nullptr) {
    EXPECT_TRUE(absl::SimpleAtoi(asked, &kills));
  }
  return kills;
}

// FUSEBOX_ORDERS_KILLS=1000 takes a minute.
TEST_F(OrdersFileTest, HasTheOrdersOfSomeMomentWheneverItsProcessIsKilled) {
  absl::BitGen random;
  Write(path_, TextOf({}));
  uint64_t told = 0;
  int cut_short = 0;  // how often it was killed while it wrote
  for (int i = 0; i < Kills(); ++i) {
    KilledProcess process(path_);
    told = process.Kill(absl::Uniform(random, 0, 4),
                        absl::Microseconds(absl::Uniform(random, 0, 3'000)), told);
    const auto read = OrdersFromText(Content(path_));
    ASSERT_TRUE(read.ok()) << read.status() << " at kill " << i;
    ASSERT_THAT(read->left_out, ElementsAre());
    const std::vector<StandingOrder>& orders = read->orders;
    ASSERT_LE(orders.size(), kStanding);
    if (told > 0) {
      ASSERT_FALSE(orders.empty());
      ASSERT_GE(orders.back().id, told) << "what was answered is on the disk";
      ASSERT_GE(orders.size(), std::min(told, kStanding - 1));
    }
    for (std::size_t j = 0; j < orders.size(); ++j) {
      ASSERT_EQ(orders[j].pattern, absl::StrCat("q", orders[j].id));
      ASSERT_EQ(orders[j].id, orders[0].id + j);
    }
    if (!orders.empty()) {
      ASSERT_LE(orders.back().id, told + 1);
      told = orders.back().id;
    }
    cut_short += std::filesystem::exists(path_ + ".new") ? 1 : 0;
  }
  EXPECT_GT(told, 0U);
  RecordProperty("killed_while_writing", cut_short);
  for (const std::string& name : Beside()) EXPECT_EQ(name, "orders.new");
}

}  // namespace
}  // namespace fusebox_testing
