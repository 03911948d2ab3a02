// SPDX-License-Identifier: Apache-2.0
#include "hal/inspect/board_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "hal/hardware_report.h"
#include "hal/linux/durable_file.h"
#include "tests/support/recorded_tree.h"
#include "tests/support/temp_folder.h"

namespace yoke::hal {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kBoards = YOKE_SOURCE_DIR "/board";
const char* const kTree = YOKE_SOURCE_DIR "/tests/unit/hal/trees/plain.tree";

// What the machine of the tree is like.
constexpr const char* kTrue = R"([hardware]
vendor = Supermicro
model = SYS-5018D-FN8T
[boot]
serial = ttyS1,115200
huge_pages = 512
isolate = 1-3
kernel = intel_iommu=on iommu=pt
[dataplane]
cores = 1,2,3
[port.wan]
device = pci:0000:03:00.0
[interface.mgmt]
slot = 0000:05:00.0
[sensor.cpu]
source = coretemp/temp1
[sensor.psu]
source = power_supply/PSU1
[watchdog]
identity = iTCO_wdt
[led]
alarm = yoke:red:alarm
[bypass.b]
ports = wan,mgmt
file = /sys/class/gpio/gpio40/value
)";

class BoardCommand : public testing::Test {
 protected:
  BoardCommand() {
    if (!lay_tree(kTree, root_)) std::abort();
    std::filesystem::create_directories(root_ / "etc/yoke");
  }

  int run(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    words.insert(words.end(), {"--root", root_.string(), "--boards", kBoards});
    return run_board_command(words, out_, err_);
  }
  void install(const std::string& board) { std::ofstream(root_ / "etc/yoke/board.conf") << board; }

  TempFolder folder_;
  std::filesystem::path root_ = folder_.path();
  std::ostringstream out_, err_;
};

TEST_F(BoardCommand, OnAMachineThatIsAsItsFileSaysEveryLineIsOk) {
  install(kTrue);
  EXPECT_EQ(run({"check"}), kAllTrue) << out_.str() << err_.str();
  EXPECT_THAT(out_.str(),
              HasSubstr("board.conf:12: [port.wan] device = pci:0000:03:00.0 (8086:15ad, "
                        "driver vfio-pci)\n"));
  EXPECT_THAT(out_.str(), HasSubstr("[sensor.cpu] source = coretemp/temp1 (41.5)\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\n0 of 15 differ\n"));
}

TEST_F(BoardCommand, WhatDiffersIsToldToPeopleAndToPrograms) {
  EXPECT_EQ(run({"check", "qemu-q35"}), kDiffers) << err_.str();
  EXPECT_THAT(out_.str(),
              HasSubstr("device = pci:0000:00:03.0: expected a NIC there, found NICs at "
                        "0000:03:00.0 (vfio-pci), 0000:05:00.0 (igb)\n"));
  EXPECT_EQ(run({"--json", "check", kBoards + "/qemu-q35/board.conf"}), kDiffers);
  const json answer = json::parse(out_.str());
  EXPECT_EQ(answer["schema"], "yoke-board/1");
  EXPECT_GT(answer["differs"], 0);
  EXPECT_EQ(answer["findings"][0]["state"], "ok");
  EXPECT_EQ(answer["findings"][0]["what"], "[dataplane] cores = 1");
}

TEST_F(BoardCommand, AFileThatCannotBeUsedIsToldByItsLines) {
  EXPECT_EQ(run({"check"}), kUnusable);
  EXPECT_THAT(err_.str(), HasSubstr("No such file or directory"));
  install("[port.wan]\nhue = red\n");
  EXPECT_EQ(run({"check"}), kUnusable);
  EXPECT_THAT(err_.str(), HasSubstr("board.conf:2: [port.wan] has no key 'hue'"));
  EXPECT_THAT(err_.str(), HasSubstr("[E-317]\n"));
  EXPECT_EQ(run({"check", "--json"}), kUnusable);
  EXPECT_EQ(json::parse(out_.str())["errors"][1]["id"], "E-317") << out_.str();
  EXPECT_EQ(err_.str(), "");
}

TEST_F(BoardCommand, BoardsThatAreInstalledAreListedAndAllCanBeChecked) {
  EXPECT_EQ(run({"list", "--json"}), kAllTrue);
  const json boards = json::parse(out_.str())["boards"];
  EXPECT_GE(boards.size(), 4U);
  for (const json& board : boards) {
    EXPECT_NE(board["title"], "");
    EXPECT_EQ(run({"check", board["name"]}), kDiffers) << err_.str();
    // And here, wherever this is.
    std::ostringstream out;
    EXPECT_NE(run_board_command({"check", board["path"]}, out, err_), kUnusable) << err_.str();
  }
  EXPECT_EQ(run({"list"}), kAllTrue);
  EXPECT_THAT(out_.str(), HasSubstr("\nqemu-q35 "));
}

TEST_F(BoardCommand, AReportIsWrittenByTheBoardFileAndWithoutOne) {
  const auto written = [this] {
    const auto bytes =
        hal::read_whole(root_ / "run/yoke-hardware/report.json", "E-1").value().value();
    return read_hardware_report(bytes).value();
  };
  EXPECT_EQ(run({"report", "--once"}), kAllTrue) << err_.str();
  EXPECT_EQ(written().identity.serial, "S1234567");
  EXPECT_EQ(written().items.front().name, "coretemp@coretemp.0/temp1");
  install(std::string(kTrue) + "[sensor.fan]\nsource = nct6776/fan2\n");
  EXPECT_EQ(run({"report", "--once"}), kAllTrue) << err_.str();
  const auto items = written().items;
  EXPECT_EQ(items.front().name, "cpu");
  const auto fan = std::ranges::find(items, "fan", &HardwareItem::name);
  ASSERT_NE(fan, items.end());
  EXPECT_EQ(fan->state, HardwareState::kAlarm);
  std::ifstream led(root_ / "sys/class/leds/yoke:red:alarm/brightness");
  std::string brightness;
  led >> brightness;
  EXPECT_EQ(brightness, "255") << "the alarm's LED is lit";
  std::filesystem::remove_all(root_ / "run");
  std::ofstream(root_ / "run") << "no folder";
  EXPECT_EQ(run({"report", "--once"}), kUnusable);
  EXPECT_THAT(err_.str(), HasSubstr("[E-390]"));
}

TEST_F(BoardCommand, WordsThatMakeNoSenseAreRefused) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{},
                                                {"paint"},
                                                {"check", "a", "b"},
                                                {"list", "a"},
                                                {"check", "-x"}}) {
    EXPECT_EQ(run(words), kUnusable);
    EXPECT_THAT(err_.str(), StartsWith("yoke-board: "));
    EXPECT_THAT(err_.str(), HasSubstr("[E-112]"));
    EXPECT_EQ(out_.str(), "");
  }
  EXPECT_EQ(run_board_command({"check", "--root"}, out_, err_), kUnusable);
  EXPECT_EQ(run({"--help"}), kAllTrue);
  EXPECT_THAT(out_.str(), HasSubstr("Exit status of check"));
}

}  // namespace
}  // namespace yoke::hal
