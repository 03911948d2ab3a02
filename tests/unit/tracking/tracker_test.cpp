// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/tracker.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/health/fake_prober.h"
#include "tests/unit/health/loop.h"
#include "tests/unit/pair/client/configured.h"

// What the tracker tells yoke-pair, and what it says of it to people.
namespace yoke::tracking {
namespace {

using health::Outcome;
using Json = nlohmann::json;

const std::string kPair =
    "set ha interface ha0 data-interface wan\n"
    "set group blue vrid 2\n"
    "set pool web server 192.0.2.11:80\n";
const std::string kGateway =
    "set track gateway:isp 192.0.2.254 interval 200ms timeout 100ms rise 1 fall 1 weight 20 "
    "groups blue\n";

class TrackerTest : public ::testing::Test {
 protected:
  void follow(const std::string& lines) {
    tracker_.follow(pair::testing::config_of(kPair + lines));
  }
  // Whether the latest that was told has this item so.
  [[nodiscard]] bool until_told(const std::string& name, bool up) {
    return loop_.until([&] {
      for (const Json& item : told_.value("items", Json::array())) {
        if (item["name"] == name && item["up"] == up) return true;
      }
      return false;
    });
  }
  [[nodiscard]] std::string state_of(std::size_t row) const {
    return tracker_.rows(MonoClock::now())[row]["state"];
  }

  health::Loop loop_;
  health::FakeProber prober_{loop_.get()};
  PoolTally tally_;
  Json told_ = Json::object();
  int tells_ = 0;
  Tracker tracker_{loop_.get(),
                   {.servers = prober_,
                    .tally = [this](const auto&) { return tally_; },
                    .tell =
                        [this](Json told) {
                          told_ = std::move(told);
                          ++tells_;
                        },
                    .changed = [] {}}};
};

TEST_F(TrackerTest, WhatIsGivenIsToldAndShownBesideWhatIsTracked) {
  follow(kGateway);
  tracker_.on_link(true);
  ASSERT_TRUE(until_told("gateway:isp", true));
  tracker_.take({{.key = "hardware:fan:fan1", .is_up = false, .weight = 60, .text = "0 rpm"}});
  ASSERT_TRUE(until_told("hardware:fan:fan1", false));
  EXPECT_EQ(told_["items"][1], (Json{{"name", "hardware:fan:fan1"}, {"up", false}, {"weight", 60}}))
      << "of all groups";
  EXPECT_EQ(state_of(1), "down");
  EXPECT_EQ(tracker_.rows(MonoClock::now())[1]["last"], "0 rpm");
  EXPECT_TRUE(tracker_.conditions(MonoClock::now()).empty()) << "who gives it tells of it";
  tracker_.take({{.key = "hardware:fan:fan1", .is_up = true, .weight = 60, .text = "4200 rpm"}});
  ASSERT_TRUE(until_told("hardware:fan:fan1", true));
  const int tells = tells_;
  tracker_.take({{.key = "hardware:fan:fan1", .is_up = true, .weight = 60, .text = "4300 rpm"}});
  EXPECT_EQ(tracker_.rows(MonoClock::now())[1]["last"], "4300 rpm");
  tracker_.take({});
  EXPECT_TRUE(loop_.until([this] { return told_["items"].size() == 1; }));
  EXPECT_EQ(tells_, tells + 1) << "another figure is nothing to tell";
}

TEST_F(TrackerTest, TellsOfAGatewayThatIsDownAndUpAgain) {
  follow(kGateway);
  tracker_.on_link(true);
  ASSERT_TRUE(until_told("gateway:isp", true));
  EXPECT_EQ(
      told_,
      (Json{{"items",
             {{{"name", "gateway:isp"}, {"up", true}, {"weight", 20}, {"groups", {"blue"}}}}}}));
  prober_.answer("icmp", Outcome::kFailed);
  ASSERT_TRUE(until_told("gateway:isp", false));
  EXPECT_EQ(state_of(0), "down");
  const auto found = tracker_.conditions(MonoClock::now());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, events::Kind::kTrackDown);
  EXPECT_EQ(found[0].text,
            "gateway:isp is down: not fine; this unit's health for blue falls by 20");
  prober_.answer("icmp", Outcome::kPassed);
  ASSERT_TRUE(until_told("gateway:isp", true));
  EXPECT_TRUE(tracker_.conditions(MonoClock::now()).empty());
}

TEST_F(TrackerTest, NothingIsToldBeforeItIsKnown) {
  tally_ = {.up = 0, .unknown = 2};
  follow("set track pool:web web at-least 2 interval 200ms");
  ASSERT_TRUE(loop_.until([&] {
    return tracker_.rows(MonoClock::now())[0]["last"] == "not tried: servers are still unknown";
  }));
  EXPECT_EQ(tells_, 0) << "what the process before has told holds";
  tally_ = {.up = 1, .unknown = 0};
  ASSERT_TRUE(until_told("pool:web", false));
  EXPECT_EQ(told_["items"][0].contains("groups"), false) << "it is of all";
  tally_ = {.up = 2, .unknown = 0};
  EXPECT_TRUE(until_told("pool:web", true));
}

TEST_F(TrackerTest, AGatewayIsNotAskedWhileTheDataPlaneIsAway) {
  follow(kGateway);
  EXPECT_FALSE(loop_.until([this] { return prober_.begun().size() > 0; }, std::chrono::seconds(1)));
  EXPECT_TRUE(tracker_.conditions(MonoClock::now()).empty());
  tracker_.on_link(true);
  EXPECT_TRUE(until_told("gateway:isp", true));
}

TEST_F(TrackerTest, OtherSettingsKeepWhatIsKnown) {
  prober_.answer("icmp", Outcome::kFailed);
  follow(kGateway);
  tracker_.on_link(true);
  ASSERT_TRUE(until_told("gateway:isp", false));
  prober_.hold(true);
  follow(kGateway + "set track gateway:isp interval 300ms weight 0");
  const int before = tells_;
  ASSERT_TRUE(loop_.until([&] { return tells_ > before; }));
  EXPECT_EQ(told_["items"][0]["up"], false);
  EXPECT_EQ(told_["items"][0]["weight"], 0);
  follow("");
  ASSERT_TRUE(loop_.until([&] { return told_["items"].empty(); }));
  EXPECT_TRUE(tracker_.conditions(MonoClock::now()).empty());
}

TEST_F(TrackerTest, ALinkAndAProcessThatAreNotThere) {
  follow(
      "set track link:x no-such-link interval 200ms\n"
      "set track process:x no-such-process interval 200ms\n");
  ASSERT_TRUE(until_told("link:x", false));
  ASSERT_TRUE(until_told("process:x", false));
  const Json rows = tracker_.rows(MonoClock::now());
  EXPECT_EQ(rows[0]["last"], "there is no interface no-such-link");
  EXPECT_EQ(rows[1]["last"], "no-such-process does not run");
}

}  // namespace
}  // namespace yoke::tracking
