// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/client/settings.h"

#include <gtest/gtest.h>

#include "tests/unit/pair/client/configured.h"

namespace yoke::pair {
namespace {

using Json = nlohmann::json;

using testing::config_of;

constexpr const char* kPair =
    "set ha interface ha0 data-interface wan data-links eth0,eth1 profile fast vrid 9 priority-b "
    "7\n"
    "set group blue vrid 2 preempt yes priority-a 150\n"
    "set group empty vrid 3\n"
    "set pool web server 192.0.2.11:80\n"
    "set vip web 203.0.113.10:80/tcp pool web group blue snat 192.0.2.200\n"
    "set vip tls 203.0.113.10:443/tcp pool web group blue\n"
    "set vip web6 [2001:db8::10]:80/tcp\n"
    "set vip off 203.0.113.99:80/tcp enabled no\n";

TEST(Settings, AUnitThatNamesNoDedicatedLinkHasNone) {
  EXPECT_TRUE(settings_of(config_of("set group blue vrid 2"), "a").is_null());
}

TEST(Settings, AreWhatMovesAndByWhichLinks) {
  const Json settings = settings_of(config_of(kPair), "a");
  EXPECT_EQ(settings, Json::parse(R"({
    "version": 1, "profile": "fast", "policy": "availability",
    "dedicated": {"interface": "ha0"},
    "data": {"interface": "wan", "links": ["eth0", "eth1"]},
    "groups": [
      {"name": "", "vrid": 9, "priority": 100, "preempt": false, "vips": ["2001:db8::10"]},
      {"name": "blue", "vrid": 2, "priority": 150, "preempt": true,
       "vips": ["192.0.2.200", "203.0.113.10"]}]})"));
}

TEST(Settings, ThePriorityIsTheUnitsOwn) {
  const Json settings = settings_of(config_of(kPair), "b");
  EXPECT_EQ(settings["groups"][0]["priority"], 7);
  EXPECT_EQ(settings["groups"][1]["priority"], 100);
}

TEST(Settings, TheDataInterfaceIsTheLinkWhereNoneIsNamed) {
  const auto config = config_of("set ha interface ha0 data-interface wan");
  EXPECT_EQ(settings_of(config, "a")["data"]["links"], Json::array({"wan"}));
}

}  // namespace
}  // namespace yoke::pair
