// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/port_keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/temp_folder.h"
#include "tests/unit/model/edited.h"

namespace yoke::system {
namespace {

using events::Kind;
using model::testing::edited;
using testing::HasSubstr;

class PortKeeperTest : public ::testing::Test {
 protected:
  PortKeeperTest() {
    sd_event* made = nullptr;
    if (sd_event_new(&made) < 0) std::abort();
    loop_ = hal::Event(made);
    std::filesystem::create_directories(folder_.file("sys/class/net/eth1"));
  }

  [[nodiscard]] PortKeeper keeper() { return PortKeeper(loop_.get(), files()); }
  [[nodiscard]] PortKeeper::Files files() const {
    return {
        .map = folder_.file("map"), .report = folder_.file("report"), .machine = folder_.path()};
  }
  [[nodiscard]] std::string written() const {
    std::ifstream file(folder_.file("map"));
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // As yoke-dataplane does at its start: `troubles` is what it could not have.
  void start_data_plane(std::vector<hal::PortTrouble> troubles = {}) const {
    hal::PortReport report{{}, {{"wan", "af_xdp:eth0", 1500, false}}, std::move(troubles)};
    if (const auto map = hal::read_port_map(written(), "map")) report.asked = *map;
    for (const hal::PortSetting& setting : report.asked) {
      if (setting.name == "wan" && report.troubles.empty()) {
        report.ports[0] = {"wan", setting.device, 1500, true};
      }
    }
    folder_.write("report", hal::to_text(report));
  }
  static std::vector<Kind> kinds(const PortKeeper& keeper) {
    std::vector<Kind> found;
    for (const auto& condition : keeper.conditions()) found.push_back(condition.kind);
    return found;
  }

  TempFolder folder_;
  hal::Event loop_;
  model::Config moved_ = edited({}, {"set port wan af_xdp:eth1 mtu 9000", "set port lan"});
};
using Kinds = std::vector<Kind>;

TEST_F(PortKeeperTest, WithoutPortsNoFileIsMadeAndNothingIsWrong) {
  PortKeeper keeper = this->keeper();
  keeper.follow({});
  EXPECT_FALSE(std::filesystem::exists(folder_.file("map")));
  start_data_plane();
  const auto states = keeper.states();
  ASSERT_EQ(states.size(), 1U);
  EXPECT_EQ(states[0].state, "in use");
  EXPECT_FALSE(states[0].setting);
  EXPECT_EQ(kinds(keeper), Kinds());
}

TEST_F(PortKeeperTest, WhatIsCommittedWaitsForTheDataPlanesNextStart) {
  start_data_plane();
  PortKeeper keeper = this->keeper();
  keeper.follow(moved_);
  const auto map = hal::read_port_map(written(), "map");
  ASSERT_TRUE(map) << map.error().text;
  EXPECT_EQ(*map, (hal::PortMap{{"wan", "af_xdp:eth1", 9000}})) << "lan has nothing set";
  ASSERT_EQ(kinds(keeper), Kinds{Kind::kPortMapPending});
  EXPECT_THAT(keeper.conditions()[0].text, HasSubstr("systemctl restart yoke-dataplane"));
  EXPECT_EQ(keeper.states()[0].state, "pending");
  EXPECT_THAT(keeper.states()[0].text, HasSubstr("af_xdp:eth1 mtu 9000 from the"));
  start_data_plane();
  EXPECT_EQ(keeper.states()[0].state, "in use");
  EXPECT_EQ(keeper.states()[0].now->device, "af_xdp:eth1");
  EXPECT_EQ(kinds(keeper), Kinds());
}

TEST_F(PortKeeperTest, WhatIsUndoneIsWrittenBack) {
  PortKeeper keeper = this->keeper();
  keeper.follow({});
  keeper.follow(moved_);
  keeper.follow({});
  EXPECT_EQ(hal::read_port_map(written(), "map"), hal::PortMap());
  EXPECT_EQ(kinds(keeper), Kinds());
  // Also where another process wrote what is not committed any more.
  this->keeper().follow(moved_);
  PortKeeper next = this->keeper();
  next.follow({});
  EXPECT_EQ(hal::read_port_map(written(), "map"), hal::PortMap());
}

TEST_F(PortKeeperTest, WhatTheDataPlaneCouldNotHaveIsTold) {
  PortKeeper keeper = this->keeper();
  keeper.follow(edited({}, {"set port wan af_xdp:eth9"}));
  EXPECT_THAT(keeper.conditions()[0].text, HasSubstr("af_xdp:eth9 is not on this machine now"));
  start_data_plane({{"wan", {Errc::kFailed, "E-323", "there is no interface eth9", -1}}});
  const auto states = keeper.states();
  EXPECT_EQ(states[0].state, "not as configured");
  ASSERT_EQ(kinds(keeper), Kinds{Kind::kPortNotAsConfigured});
  EXPECT_EQ(keeper.conditions()[0].subject, "wan");
  EXPECT_THAT(keeper.conditions()[0].text, HasSubstr("port wan: there is no interface eth9"));
  start_data_plane({{"", {Errc::kFailed, "E-348", "cut short", -1}}});
  EXPECT_EQ(keeper.states()[0].state, "not as configured");
}

TEST_F(PortKeeperTest, AFileThatCannotBeWrittenIsTold) {
  std::filesystem::create_directories(folder_.file("map"));
  PortKeeper keeper = this->keeper();
  keeper.follow(moved_);
  ASSERT_EQ(kinds(keeper), (Kinds{Kind::kPortMapUnwritten, Kind::kPortMapPending}));
  std::filesystem::remove(folder_.file("map"));
  keeper.follow(moved_);
  EXPECT_EQ(kinds(keeper), Kinds{Kind::kPortMapPending});
}

TEST_F(PortKeeperTest, BeforeAConfigurationIsKnownNothingIsWritten) {
  folder_.write("map", hal::to_text(hal::PortMap{{"wan", "af_xdp:eth1", 0}}));
  start_data_plane();
  PortKeeper keeper = this->keeper();
  EXPECT_EQ(keeper.states()[0].state, "in use");
  EXPECT_EQ(kinds(keeper), Kinds());
  EXPECT_THAT(written(), HasSubstr("af_xdp:eth1"));
}

}  // namespace
}  // namespace yoke::system
