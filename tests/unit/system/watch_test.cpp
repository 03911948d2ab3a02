// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mgmt/address_reports.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::system {
namespace {

using store::must_set;
using testing::HasSubstr;

net::Prefix prefix(const char* text) { return *net::Prefix::parse(text); }

// A unit with wan as it is configured below.
struct World {
  World() {
    must_set(config, {"interface", "wan"}, {{"address", "192.0.2.5/24"}, {"mtu", "1400"}});
    must_set(config, {"route", "0.0.0.0/0"}, {{"gateway", "192.0.2.1"}});
    KernelInterface wan;
    wan.name = "wan";
    wan.is_up = wan.has_link = true;
    wan.mtu = 1400;
    wan.addresses = {prefix("192.0.2.5/24"), prefix("192.0.2.9/24")};
    kernel.interfaces = {wan};
    kernel.routes = {{prefix("0.0.0.0/0"), *net::IpAddress::parse("192.0.2.1"), "wan", 1}};
  }
  KernelInterface& wan() { return kernel.interfaces.front(); }
  // "subject: text" of the only one; empty: none.
  [[nodiscard]] std::string trouble() const {
    const auto found = troubles_of(config, kernel);
    EXPECT_LE(found.size(), 1U);
    return found.empty() ? "" : found.front().subject + ": " + found.front().text;
  }

  model::Config config;
  Kernel kernel;
};

TEST(Troubles, AreNoneWhereAllIsAsConfigured) { EXPECT_EQ(World().trouble(), ""); }

TEST(Troubles, TellWhatIsNotAsConfigured) {
  const auto with = [](auto change) {
    World world;
    change(world);
    return world.trouble();
  };
  EXPECT_THAT(with([](World& w) { w.wan().addresses = {prefix("192.0.2.5/25")}; }),
              HasSubstr("wan: wan has not 192.0.2.5/24; on the machine: systemctl status "));
  EXPECT_THAT(with([](World& w) { w.wan().mtu = 1500; }),
              HasSubstr("an MTU of 1500 and not of 1400"));
  EXPECT_THAT(with([](World& w) { w.wan().has_link = false; }), HasSubstr("wan has no link"));
  EXPECT_THAT(with([](World& w) { w.wan().is_up = false; }), HasSubstr("is down and should not"));
  EXPECT_THAT(with([](World& w) { w.kernel.interfaces.clear(); }),
              HasSubstr("wan: this unit has no interface wan"));
  EXPECT_THAT(with([](World& w) { w.kernel.routes.clear(); }),
              HasSubstr("route 0.0.0.0/0: the route to 0.0.0.0/0 is not set"));
  EXPECT_THAT(with([](World& w) { w.kernel.routes.front().metric = 2; }),
              HasSubstr("route 0.0.0.0/0: the route to 0.0.0.0/0 is not set"));
  EXPECT_THAT(with([](World& w) {
                must_set(w.config, {"route", "0.0.0.0/0"}, {{"gateway", "198.51.100.1"}});
              }),
              HasSubstr("set route 0.0.0.0/0 interface"));
  EXPECT_THAT(with([](World& w) {
                must_set(w.config, {"interface", "wan"}, {{"enabled", "no"}});
              }),
              HasSubstr("is up and should not be"));
}

TEST(Troubles, TellOfVlansAndBondsThatAreNotMade) {
  World world;
  must_set(world.config, {"interface", "wan.5"}, {{"parent", "wan"}, {"vlan", "5"}});
  EXPECT_THAT(world.trouble(), HasSubstr("wan.5 was not made"));
  world.wan().name = "other";
  const auto of_missing = troubles_of(world.config, world.kernel);
  ASSERT_EQ(of_missing.size(), 2U);
  EXPECT_EQ(of_missing.back().text, "wan.5 was not made: wan, which is to carry it, is not there");
  world.wan().name = "wan";
  world.wan().device = Device::kTap;
  EXPECT_THAT(world.trouble(), HasSubstr("wan is a port of the data plane"));
  world.wan().device = Device::kOther;
  KernelInterface taken;
  taken.name = "wan.5";
  world.kernel.interfaces.push_back(taken);
  EXPECT_THAT(world.trouble(), HasSubstr("there already and no VLAN"));
  KernelInterface& vlan = world.kernel.interfaces.back();
  vlan.device = Device::kVlan;
  vlan.is_up = vlan.has_link = true;
  EXPECT_EQ(world.trouble(), "") << "its number is not known";
  vlan.vlan = 4;
  EXPECT_THAT(world.trouble(), HasSubstr("wan.5: wan.5 is VLAN 4 and not 5; on the machine"));
  vlan.vlan = 5;
  EXPECT_EQ(world.trouble(), "");
  must_set(world.config, {"interface", "wan.5"}, {{"mtu", "1300"}});
  vlan.mtu = 1200;
  EXPECT_THAT(world.trouble(), HasSubstr("an MTU of 1200 and not of 1300; on the machine"));
}

// No rule refuses it: what an interface has that is told none nobody knows beforehand.
TEST(Troubles, SayWhatCutsAVlansMtu) {
  World world;
  must_set(world.config, {"interface", "wan.5"}, {{"parent", "wan"}, {"vlan", "5"}});
  must_set(world.config, {"interface", "wan.5"}, {{"mtu", "8000"}});
  KernelInterface vlan = world.wan();
  vlan.name = "wan.5";
  vlan.device = Device::kVlan;
  world.kernel.interfaces.push_back(vlan);
  EXPECT_EQ(world.trouble(),
            "wan.5: wan.5 has an MTU of 1400 and not of 8000: wan, which carries it, has 1400; set "
            "interface wan mtu 8000");
}

class WatchTest : public testing::Test {
 protected:
  static hal::Event make_loop() {
    sd_event* made = nullptr;
    EXPECT_GE(sd_event_new(&made), 0);
    return hal::Event(made);
  }
  World world_;
  MonoTime now_{std::chrono::hours(1)};
  hal::Event loop_ = make_loop();
  Watch watch_{loop_.get(), [this] { return world_.kernel; }, [this] { return now_; }};
};

TEST_F(WatchTest, TellsWhatOthersHaveNotSetInTheTimeThatItTakes) {
  world_.wan().mtu = 1500;
  watch_.follow(world_.config);
  EXPECT_TRUE(watch_.conditions().empty());
  now_ += std::chrono::seconds(21);
  watch_.look();
  const auto found = watch_.conditions();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, events::Kind::kInterfaceNotSet);
  EXPECT_EQ(found[0].subject, "wan");
  world_.wan().mtu = 1400;
  watch_.look();
  EXPECT_TRUE(watch_.conditions().empty());
  world_.wan().mtu = 1500;
  watch_.look();
  EXPECT_TRUE(watch_.conditions().empty()) << "it is anew, and may take its time anew";
  now_ += std::chrono::seconds(21);
  watch_.look();
  watch_.follow({});
  EXPECT_TRUE(watch_.conditions().empty()) << "it is configured no more";
}

TEST(Reports, TellWhereAddressesAndRoutesAreFrom) {
  World world;
  must_set(world.config, {"interface", "wan"}, {{"address", "192.0.2.5/24,192.0.2.6/24"}});
  must_set(world.config, {"interface", "mgmt"}, {});
  must_set(world.config, {"route", "10.0.0.0/8"}, {{"gateway", "192.0.2.7"}});
  std::string told;
  for (const auto& report : address_reports(world.config, world.kernel)) {
    told += report.interface + " " + report.state + " " + report.address + " " + report.from + "\n";
  }
  EXPECT_EQ(told,
            "wan up 192.0.2.5/24 configuration\n"
            "wan up 192.0.2.9/24 machine\n"
            "wan not set 192.0.2.6/24 configuration\n"
            "mgmt missing  configuration\n");
  told.clear();
  world.kernel.routes.push_back({prefix("192.0.2.0/24"), {}, "wan", 0});
  for (const auto& report : route_reports(world.config, world.kernel)) {
    told += report.prefix + " " + report.gateway + " " + report.interface + " " +
            std::to_string(report.metric) + " " + report.state + " " + report.from + "\n";
  }
  EXPECT_EQ(told,
            "0.0.0.0/0 192.0.2.1 wan 1 set configuration\n"
            "192.0.2.0/24  wan 0 set machine\n"
            "10.0.0.0/8 192.0.2.7 wan 1 not set configuration\n");
}

}  // namespace
}  // namespace yoke::system
