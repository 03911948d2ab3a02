// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/pair_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/api/envelope.h"
#include "tests/unit/api/peer.h"
#include "tests/unit/pair/client/configured.h"

// What yoke-mgmt tells yoke-pair and makes of its answers, over a real socket.
namespace yoke::pair {
namespace {

using Json = nlohmann::json;
using api::testing::Peer;
using events::Kind;
using testing::config_of;
using namespace std::chrono_literals;

constexpr const char* kPair =
    "set ha interface ha0 data-interface wan\n"
    "set group blue vrid 2 priority-b 7\n"
    "set vip web 203.0.113.10:80/tcp group blue\n";

Json group(const std::string& role, std::vector<std::string> alarms = {}) {
  return {{"name", "blue"}, {"role", role}, {"alarms", std::move(alarms)}};
}

Json status_of(const std::string& unit, Json group) {
  return {{"configured", true}, {"unit", unit}, {"groups", Json::array({std::move(group)})}};
}

// yoke-pair, which answers `status` with one after the other of those it is given, the last one
// for ever.
class Pair {
 public:
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  explicit Pair(std::vector<Json> statuses, bool in_force = true)
      : statuses_(statuses.begin(), statuses.end()), in_force_(in_force) {}

  void serve(int connection) {
    for (;;) {
      const std::string line = api::testing::read_line(connection);
      if (line.empty()) return;
      const auto request = api::decode_request(line);
      if (!request) return;
      api::testing::say(connection, api::encode_result(request->id, answer(*request)));
    }
  }

  [[nodiscard]] std::vector<Json> settings() {
    const std::scoped_lock lock(mutex_);
    return settings_;
  }

  [[nodiscard]] std::vector<Json> tracked() {
    const std::scoped_lock lock(mutex_);
    return tracked_;
  }

 private:
  Json answer(const api::Request& request) {
    const std::scoped_lock lock(mutex_);
    if (request.method == "configure") {
      settings_.push_back(request.params);
      return {{"stored", true}, {"in_force", in_force_}};
    }
    if (request.method == "track") {
      tracked_.push_back(request.params);
      return {{"groups", 1}};
    }
    if (request.method == "history") {
      return {{"entries",
               {{{"group", "blue"}, {"to", "ACTIVE"}, {"text", "the peer is silent"}},
                {{"group", "blue"}, {"alarm", "jeopardy"}, {"on", true}}}}};
    }
    if (request.method == "hash_key") return {{"hash_key", "000102030405060708090a0b0c0d0eff"}};
    Json status = statuses_.front();
    if (statuses_.size() > 1) statuses_.pop_front();
    return status;
  }

  std::mutex mutex_;
  std::deque<Json> statuses_;
  std::vector<Json> settings_, tracked_;
  bool in_force_;
};

class PairClientTest : public ::testing::Test {
 protected:
  PairClientTest() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    loop_.reset(made);
  }

  void begin(const std::filesystem::path& socket) {
    client_.emplace(
        loop_.get(), socket, [this](const events::Event& event) { events_.push_back(event); },
        [this] { ++changed_; }, [this](const auto& key) { keys_.push_back(key); });
    client_->follow(config_of(kPair));
  }

  template <typename Until>
  void run_until(Until until) {
    const auto end = MonoClock::now() + 20s;
    while (!until() && MonoClock::now() < end) (void)sd_event_run(loop_.get(), 100'000);
    EXPECT_TRUE(until());
  }

  hal::Event loop_;
  std::vector<events::Event> events_;
  int changed_ = 0;
  std::vector<PairClient::HashKey> keys_;
  std::optional<PairClient> client_;
};

TEST_F(PairClientTest, TellsTheSettingsAndWhatBecomesOfGroups) {
  Pair pair(std::vector{status_of("a", group("STANDBY")),
                        status_of("a", group("ACTIVE", {"jeopardy", "held"}))});
  const Peer peer([&pair](int connection) { pair.serve(connection); });
  begin(peer.socket());
  run_until([this] { return events_.size() == 2; });
  EXPECT_EQ(pair.settings().size(), 1U) << "told once";
  EXPECT_EQ(events_[0].kind, Kind::kPairRole);
  EXPECT_EQ(events_[1].text, "group blue: this unit is ACTIVE, the peer is silent");
  const auto found = client_->conditions();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].kind, Kind::kPairJeopardy);
  EXPECT_EQ(found[0].subject, "blue");
  EXPECT_EQ(found[1].kind, Kind::kPairFault);
  EXPECT_EQ(found[1].subject, "blue held");
  EXPECT_EQ(changed_, 1);
  client_.reset();
}

TEST_F(PairClientTest, FramesOfOthersOnTheLinksAreAnAlarm) {
  Json bothered = status_of("a", group("STANDBY"));
  bothered["alarms"] = {"frames-refused", "of-a-later-release"};
  Pair pair({bothered, bothered, status_of("a", group("STANDBY"))});
  const Peer peer([&pair](int connection) { pair.serve(connection); });
  begin(peer.socket());
  run_until([this] { return changed_ == 1; });
  const auto found = client_->conditions();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::kPairFault);
  EXPECT_EQ(found[0].subject, "frames-refused");
  run_until([this] { return changed_ == 2; });
  EXPECT_TRUE(client_->conditions().empty());
  client_.reset();
}

TEST_F(PairClientTest, TellsTheUnitsOwnPriorityOnceItIsKnownWhichItIs) {
  Pair pair(std::vector{status_of("b", group("STANDBY"))});
  const Peer peer([&pair](int connection) { pair.serve(connection); });
  begin(peer.socket());
  run_until([&pair] { return pair.settings().size() == 2; });
  EXPECT_EQ(pair.settings()[0]["groups"][0]["priority"], 100);
  EXPECT_EQ(pair.settings()[1]["groups"][0]["priority"], 7);
  client_.reset();
}

TEST_F(PairClientTest, PassesOnTheHashKeyOfBothUnits) {
  Pair pair(std::vector{status_of("a", group("STANDBY"))});
  const Peer peer([&pair](int connection) { pair.serve(connection); });
  begin(peer.socket());
  run_until([this] { return !keys_.empty(); });
  EXPECT_EQ(keys_[0],
            (PairClient::HashKey{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff}));
  client_.reset();
}

TEST_F(PairClientTest, TellsWhatIsTrackedOnceItIsKnownAndToEachThatComesAnew) {
  Pair pair(std::vector{status_of("a", group("STANDBY"))});
  const Json down = {{"items", {{{"name", "gateway:isp"}, {"up", false}, {"weight", 0}}}}};
  {
    const Peer peer([&pair](int connection) { pair.serve(connection); });
    begin(peer.socket());
    run_until([this] { return !keys_.empty(); });
    EXPECT_TRUE(pair.tracked().empty()) << "nobody has said anything";
    client_->track(down);
    run_until([&pair] { return !pair.tracked().empty(); });
    EXPECT_EQ(pair.tracked().back(), down);
    client_->track(down);
    const auto looks = keys_.size();
    run_until([&] { return keys_.size() > looks; });
    EXPECT_EQ(pair.tracked().size(), 1U) << "told once";
    client_.reset();
  }
  const Peer anew([&pair](int connection) { pair.serve(connection); });
  begin(anew.socket());
  client_->track(down);
  run_until([&pair] { return pair.tracked().size() == 2; });
  client_.reset();
}

TEST_F(PairClientTest, OneThatIsNotThereIsWrongUntilTheUnitStandsAlone) {
  begin("/nowhere/pair.sock");
  run_until([this] { return changed_ == 1; });
  ASSERT_EQ(client_->conditions().size(), 1U);
  EXPECT_EQ(client_->conditions()[0].kind, Kind::kPairAway);
  EXPECT_EQ(client_->status().error().id, "E-471");
  client_->follow(config_of("set group blue vrid 2"));
  run_until([this] { return changed_ == 2; });
  EXPECT_TRUE(client_->conditions().empty());
}

TEST_F(PairClientTest, AKeyThatIsForgottenIsWrongUntilThereIsAnother) {
  Pair pair(std::vector{status_of("a", group("STANDBY")), Json{{"configured", false}},
                        status_of("b", group("STANDBY"))});
  const Peer peer([&pair](int connection) { pair.serve(connection); });
  begin(peer.socket());
  run_until([this] { return changed_ == 1; });
  ASSERT_EQ(client_->conditions().size(), 1U);
  EXPECT_THAT(client_->conditions()[0].text, ::testing::HasSubstr("request pair with"));
  run_until([this] { return changed_ == 2; });
  EXPECT_TRUE(client_->conditions().empty());
  client_.reset();
}

TEST_F(PairClientTest, SettingsThatItDoesNotFollowYetAreWrong) {
  Pair pair(std::vector{Json{{"configured", false}}}, false);
  const Peer peer([&pair](int connection) { pair.serve(connection); });
  begin(peer.socket());
  run_until([this] { return changed_ == 1; });
  EXPECT_EQ(client_->conditions()[0].kind, Kind::kPairAway);
  client_.reset();
}

}  // namespace
}  // namespace yoke::pair
