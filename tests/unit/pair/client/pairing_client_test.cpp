// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/pairing_client.h"

#include <gtest/gtest.h>

#include <mutex>
#include <string>
#include <vector>

#include "dataplane/api/envelope.h"
#include "tests/unit/api/peer.h"

// What yoke-mgmt makes of pairing, over a real socket.
namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using api::testing::Peer;
using events::Kind;
using namespace std::chrono_literals;

Json news(int number, const std::string& what) {
  return {{"number", number}, {"what", what}, {"text", what + " it is"}, {"other", "lb-b"}};
}

TEST(PairingClientTest, TellsTheNameOnceAndWhatHappensOnce) {
  sd_event* made = nullptr;
  ASSERT_GE(sd_event_new(&made), 0);
  const hal::Event loop(made);
  std::mutex mutex;
  std::vector<std::string> names;
  int looks = 0;
  const Peer peer([&](int connection) {
    for (;;) {
      const std::string line = api::testing::read_line(connection);
      const auto request = api::decode_request(line);
      if (line.empty() || !request) return;
      const std::scoped_lock lock(mutex);
      Json answer = Json::object();
      if (request->method == "introduce") names.push_back(request->params["name"]);
      if (request->method == "pairing") {
        answer["news"] = Json::array({news(1, "forgotten")});
        if (++looks > 1) {
          answer["news"].push_back(news(2, "attempt"));
          answer["news"].push_back(news(3, "of a later release"));
          answer["news"].push_back("nonsense");
        }
        if (looks > 2) answer["news"].push_back(news(4, "paired"));
      }
      api::testing::say(connection, api::encode_result(request->id, answer));
    }
  });
  std::vector<events::Event> told;
  {
    PairingClient client(
        loop.get(), peer.socket(), [] { return std::string("lb-a"); },
        [&told](const events::Event& event) { told.push_back(event); });
    const auto end = MonoClock::now() + 20s;
    while (told.size() < 2 && MonoClock::now() < end) (void)sd_event_run(loop.get(), 100'000);
    EXPECT_TRUE(client.ask("pair_with", {{"address", "192.0.2.1"}}));
  }
  ASSERT_EQ(told.size(), 2U) << "not what was before, not what is unknown";
  EXPECT_EQ(told[0].kind, Kind::kPairAttempt);
  EXPECT_EQ(told[0].text, "attempt it is");
  EXPECT_EQ(told[1].kind, Kind::kPairPaired);
  EXPECT_EQ(names, std::vector<std::string>{"lb-a"});
}

TEST(PairingClientTest, WithoutYokePairItSaysSo) {
  sd_event* made = nullptr;
  ASSERT_GE(sd_event_new(&made), 0);
  const hal::Event loop(made);
  PairingClient client(
      loop.get(), "/nowhere/pair.sock", [] { return std::string("lb-a"); },
      [](const events::Event&) { FAIL(); });
  for (int i = 0; i < 3; ++i) (void)sd_event_run(loop.get(), 0);
  EXPECT_EQ(client.ask("pairing", Json::object()).error().id, "E-471");
}

}  // namespace
}  // namespace yoke::pair
