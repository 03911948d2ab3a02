// SPDX-License-Identifier: Apache-2.0
#include "mgmt/tracking/item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/pair/client/configured.h"

// What a configuration wants tracked, and what it may not.
namespace yoke::tracking {
namespace {

using pair::testing::config_of;
using namespace std::chrono_literals;

const std::string kPair =
    "set ha interface ha0 data-interface wan\n"
    "set group blue vrid 2\n"
    "set pool web server 192.0.2.11:80\n";

std::vector<std::string> codes_of(const std::string& lines) {
  model::Config config = config_of(kPair);
  const auto operations = model::parse_command(lines);
  EXPECT_TRUE(operations && model::edit(config, *operations)) << lines;
  std::vector<std::string> codes;
  for (const auto& violation : model::violations(config)) codes.push_back(violation.id);
  return codes;
}

TEST(TrackItems, AGatewayIsPingedAsServersAre) {
  const auto items = items_of(config_of(kPair + "set track gateway:isp 192.0.2.254 weight 20 "
                                                "groups blue interval 400ms timeout 300ms fall 2"));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].key, "gateway:isp");
  EXPECT_EQ(items[0].server.address.to_string(), "192.0.2.254");
  EXPECT_EQ(items[0].check.kind(), "icmp");
  EXPECT_EQ(items[0].check.interval, 400ms);
  EXPECT_EQ(items[0].check.timeout, 300ms);
  EXPECT_EQ(items[0].check.fall, 2U);
  EXPECT_EQ(items[0].weight, 20U);
  EXPECT_THAT(items[0].groups, ::testing::ElementsAre("blue"));
}

TEST(TrackItems, WhatIsKnownCountsAtOnceAndForAllGroups) {
  const auto items = items_of(config_of(kPair + "set track pool:web web at-least 2\n"
                                                "set track process:bird bird\n"
                                                "set track link eth2 weight 10"));
  ASSERT_EQ(items.size(), 3U);
  for (const Item& item : items) {
    EXPECT_EQ(item.check.rise, 1U);
    EXPECT_EQ(item.check.fall, 1U);
    EXPECT_TRUE(item.groups.empty());
  }
  EXPECT_EQ(items[0].check.settings.text("interface"), "eth2");
  EXPECT_EQ(items[1].check.settings.number("at-least"), 2U);
  EXPECT_EQ(items[2].weight, 0U);
}

TEST(TrackItems, AScriptRunsAsOneOfAServerDoes) {
  const auto items =
      items_of(config_of(kPair + "set track script:uplink uplink argument fast weight 5"));
  ASSERT_EQ(items.size(), 1U);
  EXPECT_EQ(items[0].check.kind(), "script");
  EXPECT_EQ(items[0].check.settings.text("program"), "uplink");
  EXPECT_EQ(items[0].check.settings.text("argument"), "fast");
}

TEST(TrackItems, AUnitThatStandsAloneTracksNothing) {
  EXPECT_TRUE(items_of(config_of("set track gateway:isp 192.0.2.254")).empty());
}

TEST(TrackItems, WhatCannotBeIsRefused) {
  using ::testing::ElementsAre;
  EXPECT_THAT(codes_of("set track gateway:isp 192.0.2.254 groups red"), ElementsAre("E-202"));
  EXPECT_THAT(codes_of("set track pool:x nowhere"), ElementsAre("E-202"));
  EXPECT_THAT(codes_of("set track gateway:isp weight 3"), ElementsAre("E-201"));
  EXPECT_THAT(codes_of("set track gateway:isp 192.0.2.254 interval 200ms"), ElementsAre("E-205"));
  EXPECT_FALSE(model::parse_command("set track link eth2 at-least 3"));
  EXPECT_FALSE(model::parse_command("set track weather sunny"));
}

}  // namespace
}  // namespace yoke::tracking
