// SPDX-License-Identifier: Apache-2.0
#include "hal/inspect/hardware_look.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "hal/fake/fake_platform.h"
#include "tests/support/temp_folder.h"

namespace yoke::hal {
namespace {

using std::chrono::hours;
using testing::HasSubstr;

constexpr const char* kBoard = R"([port.wan]
device = pci:0000:03:00.0
[interface.mgmt]
slot = 0000:05:00.0
[sensor.cpu]
source = coretemp/temp1
high = 80
critical = 95
weight = 60
[sensor.fan]
source = nct/fan1
[sensor.psu1]
source = pmbus/in1
supply = yes
low = 11.4
weight = all
)";

class Hardware : public testing::Test {
 protected:
  Hardware() {
    const TempFolder folder;
    board_ = read_board(folder.write("board.conf", kBoard)).value();
    auto& m = platform_.machine;
    m.nics = {{.slot = "0000:05:00.0",
               .id = "8086:1521",
               .driver = "igb",
               .interface = "eno1",
               .link = true,
               .speed_mbps = 1000,
               .mac = "02:00:00:00:00:01"}};
    m.readings = {
        {.kind = SensorKind::kTemperature, .source = "coretemp@coretemp.0/temp1", .value = 41.5},
        {.kind = SensorKind::kFan, .source = "nct@nct.1/fan1", .value = 4200},
        {.kind = SensorKind::kFan, .source = "nct@nct.1/fan2", .value = 0},
        {.kind = SensorKind::kVoltage, .source = "pmbus@7-58/in1", .value = 12.1}};
  }

  const HardwareReport& look(hours uptime = hours(100)) {
    report_ = look_at_hardware(platform_, has_board_ ? &board_ : nullptr, uptime, report_);
    return report_;
  }
  // Of the last look.
  HardwareItem item(HardwarePart part, const std::string& name) {
    for (const HardwareItem& item : report_.items) {
      if (item.part == part && item.name == name) return item;
    }
    ADD_FAILURE() << word(part) << " " << name << " is missing";
    return {};
  }
  HardwareState state(HardwarePart part, const std::string& name) {
    (void)look();
    return item(part, name).state;
  }

  Board board_;
  bool has_board_ = true;
  FakePlatform platform_{{}};
  HardwareReport report_;
};

using enum HardwarePart;
using enum HardwareState;

TEST_F(Hardware, WhatIsAsItShouldBeIsOkAndCalledAsTheBoardFileSays) {
  for (const HardwareItem& item : look().items) EXPECT_EQ(item.state, kOk) << item.name;
  EXPECT_EQ(item(kTemperature, "cpu").text, "41.5 C");
  EXPECT_EQ(item(kTemperature, "cpu").weight, 60U);
  EXPECT_EQ(item(kSupply, "psu1").text, "12.10 V");
  EXPECT_EQ(item(kSupply, "psu1").weight, 0U);
  EXPECT_EQ(item(kLink, "mgmt").text, "1000 Mb/s, 02:00:00:00:00:01");
  EXPECT_EQ(item(kFan, "nct@nct.1/fan2").state, kOk) << "nobody says that a fan is there";
}

TEST_F(Hardware, ATemperatureIsAnAlarmAboveItsLimitUntilItIsWellBelow) {
  auto& cpu = platform_.machine.readings[0].value;
  for (const auto& [degrees, expected] : {std::pair(80.0, kOk),
                                          {81.0, kAlarm},
                                          {78.0, kAlarm},
                                          {77.0, kOk},
                                          {79.0, kOk},
                                          {96.0, kCritical},
                                          {93.0, kCritical},
                                          {91.0, kAlarm},
                                          {70.0, kOk}}) {
    cpu = degrees;
    EXPECT_EQ(state(kTemperature, "cpu"), expected) << degrees;
  }
  cpu = 96.0;
  (void)look();
  EXPECT_EQ(item(kTemperature, "cpu").text, "96.0 C, critical from 95.0 C");
}

TEST_F(Hardware, AFanThatIsNamedIsToTurnAndASupplyToBeThere) {
  auto& readings = platform_.machine.readings;
  readings[1].value = 0;
  EXPECT_EQ(state(kFan, "fan"), kAlarm);
  readings[3].value = 11.3;
  EXPECT_EQ(state(kSupply, "psu1"), kAlarm);
  EXPECT_EQ(item(kSupply, "psu1").text, "11.30 V, at least 11.40 V");
  readings[3].value = 11.5;
  EXPECT_EQ(state(kSupply, "psu1"), kAlarm) << "not well above";
  readings[3].value = 12;
  EXPECT_EQ(state(kSupply, "psu1"), kOk);
  readings.pop_back();
  EXPECT_EQ(state(kSupply, "psu1"), kAlarm) << "it is gone";
  EXPECT_EQ(item(kSupply, "psu1").text, "does not answer");
}

TEST_F(Hardware, WithoutABoardFileTheDriversLimitsCountWhereTheyMakeSense) {
  has_board_ = false;
  auto& reading = platform_.machine.readings[0];
  reading.high = 82;
  reading.value = 83;
  EXPECT_EQ(state(kTemperature, "coretemp@coretemp.0/temp1"), kAlarm);
  reading.high = 0;
  report_ = {};
  EXPECT_EQ(state(kTemperature, "coretemp@coretemp.0/temp1"), kOk);
  EXPECT_EQ(state(kLink, "eno1"), kOk);
}

TEST_F(Hardware, AWatchdogsResetIsToldForADay) {
  platform_.machine.watchdogs = {
      {.device = "/dev/watchdog0", .identity = "iTCO_wdt", .has_reset = true}};
  (void)look(hours(1));
  EXPECT_EQ(item(kWatchdog, "watchdog0").state, kAlarm);
  EXPECT_THAT(item(kWatchdog, "watchdog0").text, HasSubstr("it has reset the machine"));
  (void)look(hours(25));
  EXPECT_EQ(item(kWatchdog, "watchdog0").state, kOk);
}

TEST_F(Hardware, AWornDiskIsAnAlarm) {
  platform_.machine.disks = {{"mmcblk0", "DG4016", 90}, {"sda", "SSD"}};
  EXPECT_EQ(state(kDisk, "mmcblk0"), kAlarm);
  EXPECT_EQ(item(kDisk, "sda").value, std::nullopt);
}

std::vector<std::uint8_t> module_with(unsigned rx) {
  std::vector<std::uint8_t> bytes(512, 0);
  bytes[0] = 3;
  bytes[63] = 3;
  bytes[92] = 0x68;
  bytes[256 + 35] = 100;  // at least 0.01 mW
  bytes[256 + 104] = static_cast<std::uint8_t>(rx >> 8U);
  bytes[256 + 105] = static_cast<std::uint8_t>(rx);
  return bytes;
}

TEST_F(Hardware, WeakLightIsAnAlarmWhereThereIsALink) {
  auto& m = platform_.machine;
  m.modules["eno1"] = module_with(5000);
  EXPECT_EQ(state(kModuleRx, "mgmt"), kOk);
  m.modules["eno1"] = module_with(99);
  EXPECT_EQ(state(kModuleRx, "mgmt"), kAlarm);
  EXPECT_EQ(item(kModuleRx, "mgmt").text, "-20.0 dBm, at least -20.0 dBm");
  m.modules["eno1"] = module_with(105);
  EXPECT_EQ(state(kModuleRx, "mgmt"), kAlarm) << "not well above";
  m.nics[0].link = false;
  m.modules["eno1"] = module_with(0);
  EXPECT_EQ(state(kModuleRx, "mgmt"), kOk) << "the link's business";
}

TEST_F(Hardware, AReportIsReadAsItWasWritten) {
  platform_.machine.identity = {"Supermicro", "SYS-E300-8D", "S1", "2.4"};
  (void)look();
  const auto read = read_hardware_report(to_text(report_));
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(*read, report_);
}

TEST(HardwareReport, WhatIsNoneIsRefusedAndOddItemsAreLeftOut) {
  for (const char* text :
       {"", "7", "{}", R"({"version":0})", R"({"version":2,"uptime_s":1,"items":[]})",
        R"({"version":1,"items":[]})", R"({"version":1,"uptime_s":-1,"items":[]})",
        R"({"version":1,"uptime_s":1,"items":{}})", "[[[["}) {
    const auto read = read_hardware_report(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().id, "E-391");
  }
  const auto read = read_hardware_report(
      R"({"version":1,"uptime_s":1,"items":[7,{},{"part":"fan","name":"a","state":"ill"},)"
      R"({"part":"fan","name":"b","state":"ok","weight":255},)"
      R"({"part":"fan","name":"c","state":"ok","value":1e999},)"
      R"({"part":"fan","name":"d\u001b[2J","state":"alarm","value":"x","text":7}]})");
  if (!read) return;  // 1e999 is no number to the reader
  ASSERT_EQ(read->items.size(), 1U);
  EXPECT_EQ(read->items[0].name, "d[2J");
}

TEST(HardwareReport, NoBytesAreMoreThanAnError) {
  std::mt19937 random(5);
  HardwareReport report{
      .uptime_s = 7,
      .identity = {},
      .items = {
          {.part = HardwarePart::kFan, .name = "a", .value = 3, .text = "3 rpm", .weight = 4}}};
  for (int round = 0; round < 2000; ++round) {
    std::string text = to_text(report);
    for (int i = 0; i < 3; ++i) text[random() % text.size()] = static_cast<char>(random());
    (void)read_hardware_report(text);
  }
}

}  // namespace
}  // namespace yoke::hal
