// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/hardware_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "mgmt/events/event.h"
#include "tests/support/temp_folder.h"

namespace yoke::system {
namespace {

using events::Kind;
using hal::HardwareItem;
using hal::HardwarePart;
using hal::HardwareState;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class HardwareWatchTest : public testing::Test {
 protected:
  HardwareWatchTest() {
    sd_event* made = nullptr;
    if (sd_event_new(&made) < 0) std::abort();
    loop_ = hal::Event(made);
    watch_.emplace(loop_.get(), HardwareWatch::Sources{.report = folder_.file("report.json"),
                                                       .changed = [this] { ++changes_; },
                                                       .uptime = [this] { return uptime_; }});
  }

  void tell(std::vector<HardwareItem> items, const hal::Identity& identity = {}) {
    const hal::HardwareReport report{.uptime_s = static_cast<std::uint64_t>(uptime_.count()),
                                     .identity = identity,
                                     .items = std::move(items)};
    (void)folder_.write("report.json", to_text(report));
    watch_->look();
  }
  [[nodiscard]] std::vector<Kind> kinds() const {
    std::vector<Kind> kinds;
    for (const auto& condition : watch_->conditions()) kinds.push_back(condition.kind);
    return kinds;
  }

  TempFolder folder_;
  hal::Event loop_;
  std::chrono::seconds uptime_{1000};
  int changes_ = 0;
  std::optional<HardwareWatch> watch_;
};

HardwareItem item(HardwarePart part, HardwareState state, std::optional<double> value = 1) {
  return {.part = part, .name = "a", .value = value, .state = state, .text = "says", .weight = {}};
}

TEST_F(HardwareWatchTest, WhereNobodyLooksThereIsNothingToTell) {
  watch_->look();
  EXPECT_THAT(watch_->rows(), IsEmpty());
  EXPECT_THAT(watch_->conditions(), IsEmpty());
  EXPECT_EQ(changes_, 0);
}

TEST_F(HardwareWatchTest, EachPartThatIsNotOkIsAnAlarmOfItsOwnKind) {
  using enum HardwarePart;
  constexpr auto kAlarm = HardwareState::kAlarm;
  const std::pair<HardwareItem, Kind> cases[] = {
      {item(kTemperature, kAlarm), Kind::kTemperatureHigh},
      {item(kTemperature, HardwareState::kCritical), Kind::kTemperatureCritical},
      {item(kTemperature, kAlarm, std::nullopt), Kind::kSensorSilent},
      {item(kFan, kAlarm, 0), Kind::kFanStopped},
      {item(kFan, kAlarm, std::nullopt), Kind::kSensorSilent},
      {item(kVoltage, kAlarm), Kind::kVoltageOff},
      {item(kSupply, kAlarm, 0), Kind::kSupplyLost},
      {item(kSupply, kAlarm, std::nullopt), Kind::kSupplyLost},
      {item(kModuleRx, kAlarm), Kind::kModulePowerLow},
      {item(kModuleTx, kAlarm), Kind::kModulePowerLow},
      {item(kDisk, kAlarm, 90), Kind::kDiskWorn},
      {item(kWatchdog, kAlarm), Kind::kWatchdogReset}};
  for (const auto& [told, kind] : cases) {
    tell({told});
    const auto found = watch_->conditions();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].kind, kind) << word(told.part);
    EXPECT_EQ(found[0].text, std::string(word(told.part)) + " a: says");
    EXPECT_EQ(found[0].subject, std::string(word(told.part)) + ":a");
    ASSERT_EQ(found[0].fields.size(), 1U);
    EXPECT_EQ(events::command_of(kind, found[0].fields), "show hardware");
    tell({item(told.part, HardwareState::kOk, told.value)});
    EXPECT_THAT(watch_->conditions(), IsEmpty());
  }
  EXPECT_EQ(changes_, 24);
}

TEST_F(HardwareWatchTest, RowsSayWhatTheReportDoesAndFiguresAreInBaseUnits) {
  using enum HardwarePart;
  constexpr auto kOk = HardwareState::kOk;
  tell({item(kTemperature, kOk, 41.5), item(kFan, kOk, 4200), item(kSupply, kOk, 12.1),
        item(kLink, kOk, 0), item(kModuleRx, kOk, 0.5), item(kDisk, kOk, 30),
        item(kWatchdog, kOk, std::nullopt)},
       {.vendor = "Supermicro", .model = "SYS-E300-8D", .serial = "S1", .firmware = "2.4"});
  const auto rows = watch_->rows();
  ASSERT_EQ(rows.size(), 8U);
  EXPECT_EQ(rows[0]["part"], "unit");
  EXPECT_EQ(rows[0]["name"], "SYS-E300-8D");
  EXPECT_EQ(rows[0]["serial"], "S1");
  EXPECT_TRUE(rows[0]["state"].is_null());
  EXPECT_EQ(rows[1]["celsius"], 41.5);
  EXPECT_TRUE(rows[1]["rpm"].is_null());
  EXPECT_EQ(rows[1]["state"], "ok");
  EXPECT_EQ(rows[2]["rpm"], 4200);
  EXPECT_EQ(rows[3]["supply"], "there");
  EXPECT_EQ(rows[4]["link"], "down");
  EXPECT_EQ(rows[5]["rx_watts"], 0.0005);
  EXPECT_EQ(rows[6]["wear_ratio"], 0.3);
  EXPECT_TRUE(rows[7]["reset"].is_null());
  std::set<std::string> keys;
  for (const auto& [key, value] : rows[0].items()) keys.insert(key);
  for (const auto& row : rows) EXPECT_EQ(row.size(), keys.size());
}

TEST_F(HardwareWatchTest, WhatHasAWeightCostsAUnitHealthWhileItIsNotOk) {
  auto fan = item(HardwarePart::kFan, HardwareState::kAlarm, 0);
  fan.weight = 60;
  auto supply = item(HardwarePart::kSupply, HardwareState::kOk, 12);
  supply.weight = 0;
  tell({fan, supply, item(HardwarePart::kDisk, HardwareState::kAlarm, 90)});
  EXPECT_THAT(watch_->costs(), ElementsAre(HardwareCost{"fan:a", false, 60, "says"},
                                           HardwareCost{"supply:a", true, 0, "says"}));
  EXPECT_THAT(watch_->conditions()[0].text, HasSubstr("; this unit's health falls by 60"));
}

TEST_F(HardwareWatchTest, AReportThatIsOldGoneOrSenselessIsAnAlarmAndChangesNoHealth) {
  auto fan = item(HardwarePart::kFan, HardwareState::kAlarm, 0);
  fan.weight = 60;
  tell({fan});
  const auto costs = watch_->costs();
  uptime_ += HardwareWatch::kOld + std::chrono::seconds(1);
  watch_->look();
  EXPECT_THAT(kinds(), ElementsAre(Kind::kHardwareUnwatched, Kind::kFanStopped));
  EXPECT_THAT(watch_->conditions()[0].text, HasSubstr("last looked at 61 s ago"));
  EXPECT_THAT(watch_->rows(), IsEmpty()) << "nothing old is shown as if it were so";
  EXPECT_EQ(watch_->costs(), costs);
  (void)folder_.write("report.json", R"({"version":9})");
  watch_->look();
  EXPECT_THAT(watch_->conditions()[0].text, HasSubstr("is of a newer release"));
  std::filesystem::remove(folder_.file("report.json"));
  watch_->look();
  EXPECT_THAT(watch_->conditions()[0].text, HasSubstr("its report is gone"));
  EXPECT_EQ(watch_->costs(), costs);
  tell({item(HardwarePart::kFan, HardwareState::kOk, 4000)});
  EXPECT_THAT(kinds(), IsEmpty());
  EXPECT_THAT(watch_->costs(), IsEmpty());
}

}  // namespace
}  // namespace yoke::system
