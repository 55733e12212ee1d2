// SPDX-License-Identifier: Apache-2.0
#include "tools/fusebox_drill/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace fusebox_drill {
namespace {

using testing::ElementsAre;

// One worker, unless it says.
World SmallWorld() {
  World world;
  world.workers = 1;
  return world;
}

// The attempts that are begun, if each is finished at once.
std::vector<int64_t> ServeAll(Server& server, Nanos now = 0) {
  std::vector<int64_t> served;
  Job job;
  while (server.Begin(now, job)) {
    served.push_back(job.attempt);
    EXPECT_TRUE(server.Finish(job.attempt));
  }
  return served;
}

TEST(ServerTest, HasAsManyAtWorkAsItHasWorkers) {
  World world = SmallWorld();
  world.workers = 2;
  Server server(world);
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(server.Offer({i, 100, 1}));
  Job job;
  EXPECT_TRUE(server.Begin(0, job));
  EXPECT_TRUE(server.Begin(0, job));
  EXPECT_FALSE(server.Begin(0, job));
  EXPECT_EQ(server.busy(), 2);
  EXPECT_EQ(server.waiting(), 1U);
  EXPECT_TRUE(server.Finish(0));
  EXPECT_TRUE(server.Begin(0, job));
  EXPECT_EQ(job.attempt, 2);
}

TEST(ServerTest, TakesTheOldestOrTheNewestFirst) {
  for (const Order order : {Order::kOldestFirst, Order::kNewestFirst}) {
    World world = SmallWorld();
    world.order = order;
    Server server(world);
    for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(server.Offer({i, 100, 1}));
    if (order == Order::kOldestFirst) {
      EXPECT_THAT(ServeAll(server), ElementsAre(0, 1, 2));
    } else {
      EXPECT_THAT(ServeAll(server), ElementsAre(2, 1, 0));
    }
  }
}

TEST(ServerTest, ServesTheDeadUnlessItKnowsDeadlines) {
  for (const bool drop_dead : {false, true}) {
    World world = SmallWorld();
    world.drop_dead = drop_dead;
    Server server(world);
    EXPECT_TRUE(server.Offer({0, 50, 1}));
    EXPECT_TRUE(server.Offer({1, 100, 1}));
    if (drop_dead) {
      EXPECT_THAT(ServeAll(server, 50), ElementsAre(1));
    } else {
      EXPECT_THAT(ServeAll(server, 50), ElementsAre(0, 1));
    }
  }
}

TEST(ServerTest, RefusesWhatIsBeyondTheLimit) {
  World world = SmallWorld();
  world.queue_limit = 1;
  Server server(world);
  Job job;
  EXPECT_TRUE(server.Offer({0, 100, 1}));
  EXPECT_TRUE(server.Begin(0, job));
  EXPECT_TRUE(server.Offer({1, 100, 1}));
  EXPECT_FALSE(server.Offer({2, 100, 1}));

  // Without a place to wait in, a free worker still takes it.
  world.queue_limit = 0;
  Server none(world);
  EXPECT_TRUE(none.Offer({0, 100, 1}));
  EXPECT_TRUE(none.Begin(0, job));
  EXPECT_FALSE(none.Offer({1, 100, 1}));
}

TEST(ServerTest, ARestartLosesAllItHas) {
  World world = SmallWorld();
  Server server(world);
  Job job;
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(server.Offer({i, 100, 1}));
  EXPECT_TRUE(server.Begin(0, job));
  EXPECT_THAT(server.Restart(), ElementsAre(0, 1, 2));
  EXPECT_EQ(server.busy(), 0);
  EXPECT_FALSE(server.Finish(0)) << "the work of an earlier life";
  EXPECT_EQ(server.served(), 0);
}

}  // namespace
}  // namespace fusebox_drill
