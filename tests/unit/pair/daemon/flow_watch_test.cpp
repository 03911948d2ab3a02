// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/flow_watch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>

#include "dataplane/api/envelope.h"
#include "hal/base/clock.h"
#include "tests/unit/api/peer.h"

namespace yoke::pair {
namespace {

using api::testing::Peer;
using Json = nlohmann::json;
using namespace std::chrono_literals;

// A data plane that says of flow sync what it is told to.
struct Plane {
  void serve(int connection) {
    for (;;) {
      const std::string line = api::testing::read_line(connection);
      if (line.empty()) return;
      const auto request = api::decode_request(line);
      if (!request) return;
      ++asked;
      const Json sync{{"link", true}, {"told", told.load()}, {"whole", true}, {"records_told", 7}};
      api::testing::say(connection, api::encode_result(request->id, Json{{"flow_sync", sync}}));
    }
  }
  std::atomic<bool> told{false};
  std::atomic<int> asked{0};
};

class FlowWatchTest : public testing::Test {
 protected:
  FlowWatchTest() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    loop_.reset(made);
  }
  template <typename Until>
  void run_until(Until until) {
    const auto end = MonoClock::now() + 20s;
    while (!until() && MonoClock::now() < end) (void)sd_event_run(loop_.get(), 100'000);
    EXPECT_TRUE(until());
  }
  hal::Event loop_;
};

TEST_F(FlowWatchTest, AFlushIsOverOnceThePeerHasAll) {
  Plane plane;
  const Peer peer([&plane](int connection) { plane.serve(connection); });
  std::optional<FlowStanding> seen;
  bool done = false;
  FlowWatch watch(loop_.get(), peer.socket(), [&seen](const auto& standing) { seen = standing; });
  run_until([&seen] { return seen.has_value(); });
  EXPECT_TRUE(seen->is_whole);
  EXPECT_FALSE(seen->is_told);
  EXPECT_EQ(seen->told, 7U);
  watch.flush([&done] { done = true; });
  const int before = plane.asked;
  run_until([&] { return plane.asked > before + 3; });
  EXPECT_FALSE(done);
  plane.told = true;
  run_until([&done] { return done; });
}

TEST_F(FlowWatchTest, WithoutADataPlaneThereIsNothingToWaitFor) {
  bool done = false;
  FlowWatch watch(loop_.get(), "/nowhere/dataplane.sock", [](const auto&) {});
  watch.flush([&done] { done = true; });
  EXPECT_TRUE(done);
}

TEST(FlowStanding, AnswersOfEveryKindAreRead) {
  EXPECT_FALSE(decode_flow_standing(""));
  EXPECT_FALSE(decode_flow_standing("7"));
  EXPECT_FALSE(decode_flow_standing(R"({"error":{"code":-1}})"));
  EXPECT_FALSE(decode_flow_standing(R"({"result":{"flow_sync":[]}})"));
  const auto odd = decode_flow_standing(R"({"result":{"flow_sync":{"told":"yes","lag_us":-1}}})");
  ASSERT_TRUE(odd);
  EXPECT_EQ(*odd, FlowStanding{});
}

}  // namespace
}  // namespace yoke::pair
