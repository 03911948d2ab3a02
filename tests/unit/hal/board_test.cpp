// SPDX-License-Identifier: Apache-2.0
#include "hal/board.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "hal/errors.h"
#include "tests/support/temp_folder.h"

namespace yoke::hal {
namespace {

class BoardFile : public ::testing::Test {
 protected:
  [[nodiscard]] auto read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_board(path_);
  }

  TempFolder folder_;
  std::filesystem::path path_ = folder_.file("board.conf");
};

constexpr const char* kWhole = R"(# a comment
[unit]
name = lb-a   # another
[dataplane]
cores = 1, 2,5
idle = poll
huge_pages=no
memory_mib = 256
flows = 2048

[port.wan]
device = pci:0000:01:00.0
address = 192.0.2.2/24, 2001:db8::2/64
gateway = 192.0.2.1, fe80::1
mtu = 9000
[port.lan]
device = vdev:net_pcap0,iface=lo
)";

constexpr const char* kHardware = R"([hardware]
vendor = Supermicro
model = SYS-5018D-FN8T, SYS-E300-8D
[watchdog]
identity = iTCO_wdt
pretimeout = 3
[interface.mgmt]
slot = 0000:05:00.0
label = LAN 1
[sensor.cpu]
source = coretemp@coretemp.0/temp1
high = 80
critical = 95.5
weight = 60
[sensor.psu1]
source = pmbus@7-0058/in1
supply = yes
low = 11.4
weight = all
[sensor.psu2]
source = power_supply/PSU2
weight = none
[led]
alarm = yoke:red:alarm
[bypass.first]
ports = wan,lan
file = /sys/class/gpio/gpio40/value
through = off
bypassed = on
)";

TEST_F(BoardFile, EveryKeyIsRead) {
  const auto board = read(kWhole);
  ASSERT_TRUE(board) << board.error().front().text;
  EXPECT_EQ(board->unit_name, "lb-a");
  EXPECT_EQ(board->cores, (std::vector<unsigned>{1, 2, 5}));
  EXPECT_EQ(board->cores_line, 5);
  EXPECT_EQ(board->idle, BoardIdle::kPoll);
  EXPECT_EQ(board->huge_pages, BoardHugePages::kNo);
  EXPECT_EQ(board->memory_mib, 256u);
  EXPECT_EQ(board->flows, 2048u);
  ASSERT_EQ(board->ports.size(), 2u);
  const BoardPort& wan = board->ports[0];
  EXPECT_EQ(wan.name, "wan");
  EXPECT_EQ(wan.device.value, "pci:0000:01:00.0");
  EXPECT_EQ(wan.device.line, 12);
  ASSERT_EQ(wan.addresses.size(), 2u);
  EXPECT_EQ(wan.addresses[1].to_string(), "2001:db8::2/64");
  EXPECT_EQ(wan.gateways.size(), 2u);
  EXPECT_EQ(wan.mtu, 9000);
  EXPECT_EQ(board->ports[1].device.value, "vdev:net_pcap0,iface=lo");
  EXPECT_EQ(board->ports[1].mtu, 1500);
}

TEST_F(BoardFile, WhatIsLeftOutHasItsDefault) {
  const auto board = read("[port.p]\ndevice = tap:x\n");
  ASSERT_TRUE(board);
  EXPECT_TRUE(board->unit_name.empty());
  EXPECT_TRUE(board->cores.empty());
  EXPECT_EQ(board->idle, BoardIdle::kAdaptive);
  EXPECT_EQ(board->huge_pages, BoardHugePages::kAuto);
  EXPECT_EQ(board->flows, 1048576u);
}

TEST_F(BoardFile, AMistakeIsToldByFileAndLine) {
  struct Case {
    const char* text;
    std::string_view id;
    const char* said;
  };
  const std::string port = "[port.p]\ndevice = tap:x\n";
  const Case cases[] = {
      {"[dataplane]\ncolour = red\n", error::kBoardKey, ":2: [dataplane] has no key 'colour'"},
      {"[cellar]\nwine = red\n", error::kBoardKey, ":1: there is no section [cellar]"},
      {"[dataplane\n", error::kBoardSyntax, ":1: expected `[section]`"},
      {"[]\n", error::kBoardSyntax, ":1: expected `[section]`"},
      {"[unit]\nname\n", error::kBoardSyntax, ":2: expected `key = value`"},
      {"name = x\n", error::kBoardSyntax, ":1: 'name' before any section"},
      {"[unit]\nname = a b\n", error::kBoardValue, ":2: name = a b"},
      {"[dataplane]\ncores = one\n", error::kBoardValue, ":2: cores = one: expected `any`"},
      {"[dataplane]\ncores = 1,,2\n", error::kBoardValue, ":2: cores"},
      {"[dataplane]\ncores = 4000\n", error::kBoardValue, ":2: cores = 4000"},
      {"[dataplane]\ncores = 2,2\n", error::kBoardValue, "core 2 is given twice"},
      {"[dataplane]\nidle = sometimes\n", error::kBoardValue, "one of adaptive, poll"},
      {"[dataplane]\nhuge_pages = perhaps\n", error::kBoardValue, "one of auto, yes, no"},
      {"[dataplane]\nmemory_mib = -3\n", error::kBoardValue, "expected a number from 64"},
      {"[dataplane]\nflows = 99999999999999999999\n", error::kBoardValue, "expected a number"},
      {"[unit]\nname = a\nname = b\n", error::kBoardKey, ":3: [unit] name is there twice"},
      {"[unit]\n[unit]\n", error::kBoardKey, ":2: section [unit] is there twice"},
      {"[port.]\ndevice = tap:y\n", error::kBoardValue, ":1: port name ''"},
      {"[port.sixteen-letters-]\ndevice = tap:y\n", error::kBoardValue, ":1: port name"},
      {"[port.q]\nmtu = 9\ndevice = tap:y\n", error::kBoardValue, ":2: mtu = 9: expected a number"},
      {"[port.q]\naddress = 10.9.0.2/33\ndevice = tap:y\n", error::kBoardValue, ":2: address"},
      {"[port.q]\naddress = 10.9.0.2\ndevice = tap:y\n", error::kBoardValue, "10.9.0.2/24"},
      {"[port.q]\naddress = 224.0.0.1/24\ndevice = tap:y\n", error::kBoardValue, "cannot be"},
      {"[port.q]\ngateway = nowhere\ndevice = tap:y\n", error::kBoardValue, ":2: gateway"},
      {"[port.q]\ngateway = 10.0.0.1\ndevice = tap:y\n", error::kBoardValue,
       ":2: gateway 10.0.0.1 is in none"},
      {"[port.q]\naddress = 10.9.0.2/24\ngateway = 10.9.0.2\ndevice = tap:y\n", error::kBoardValue,
       ":3: gateway 10.9.0.2 is the unit itself"},
      {"[port.q]\naddress = 10.9.0.2/24\ngateway = 10.9.0.1, 10.9.0.3\ndevice = tap:y\n",
       error::kBoardValue, ":3: gateway = 10.9.0.1, 10.9.0.3: expected at most one IPv4 gateway"},
      {"[port.q]\ngateway = ff02::1\ndevice = tap:y\n", error::kBoardValue, "cannot be a gateway"},
      {"[port.q]\naddress = 10.9.0.0/24\ndevice = tap:y\n", error::kBoardValue,
       ":2: address = 10.9.0.0/24: 10.9.0.0/24 is the network itself"},
      {"[port.q]\naddress = 2001:db8::/64\ndevice = tap:y\n", error::kBoardValue, "itself"},
      {"[port.q]\naddress = 10.9.0.2/0\ndevice = tap:y\n", error::kBoardValue, "smaller than all"},
      {"[port.q]\naddress = 10.9.0.2/24, 10.9.0.2/16\ndevice = tap:y\n", error::kBoardValue,
       ":2: address 10.9.0.2 belongs to port q already"},
      {"[port.q]\ndevice =\n", error::kBoardValue, ":2: device = : expected KIND:ARGUMENT"},
      {"[port.q]\nmtu = 1500\n", error::kBoardMissing, ":1: [port.q] has no device"},
      {"[port.q]\ndevice = tap:x\n", error::kBoardValue, "belongs to port q already"},
  };
  for (const Case& wrong : cases) {
    const auto board = read(wrong.text + port);
    ASSERT_FALSE(board) << wrong.text;
    ASSERT_EQ(board.error().size(), 1u) << wrong.text << board.error()[1].text;
    EXPECT_EQ(board.error()[0].id, wrong.id) << wrong.text;
    EXPECT_TRUE(board.error()[0].text.starts_with(path_.string())) << board.error()[0].text;
    EXPECT_NE(board.error()[0].text.find(wrong.said), std::string::npos)
        << board.error()[0].text << "\ninstead of\n"
        << wrong.said;
  }
}

TEST_F(BoardFile, AllMistakesAreToldAtOnceInTheOrderOfTheFile) {
  const auto board = read(
      "[dataplane]\nidle = no\nflows = x\n[port.a]\nmtu = 1\n[port.b]\nhue = 1\ndevice = a:b\n");
  ASSERT_FALSE(board);
  ASSERT_EQ(board.error().size(), 5u);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::string place = path_.string() + ":" + std::to_string(i + 2) + ":";
    EXPECT_TRUE(board.error()[i].text.starts_with(place)) << board.error()[i].text;
  }
}

TEST_F(BoardFile, WhatOnlyOthersCanJudgeIsToldWithTheRest) {
  std::ofstream(path_) << "[dataplane]\nidle = no\n[port.a]\nmtu = 1500\n[port.b]\ndevice = x:y\n";
  const BoardJudge judge = [](const Board& board) {
    std::vector<Error> errors;
    for (const BoardPort& port : board.ports) {
      errors.push_back(board_error(board.path, port.device.line, "E-1", port.device.value));
    }
    return errors;
  };
  const auto board = read_board(path_, judge);
  ASSERT_FALSE(board);
  ASSERT_EQ(board.error().size(), 3u) << "idle, no device, and the judge's";
  EXPECT_EQ(board.error()[2].text, path_.string() + ":6: x:y");
  std::ofstream(path_) << "[port.b]\ndevice = x:y\n";
  EXPECT_FALSE(read_board(path_, judge));
  EXPECT_TRUE(read_board(path_, [](const Board&) { return std::vector<Error>(); }));
}

TEST_F(BoardFile, AFileThatIsNotThereOrEmpty) {
  const auto missing = read_board(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error()[0].id, error::kBoardFile);
  const auto folder = read_board(path_.parent_path());
  ASSERT_FALSE(folder);
  EXPECT_EQ(folder.error()[0].id, error::kBoardFile);
  const auto endless = read_board("/dev/zero");
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error()[0].id, error::kBoardFile);
  const auto empty = read("");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error()[0].id, error::kBoardMissing);
}

TEST_F(BoardFile, NetworksOfTwoHaveNoAddressOfTheirOwn) {
  const auto board = read("[port.p]\ndevice = tap:x\naddress = 192.0.2.0/31, 2001:db8::/127\n");
  ASSERT_TRUE(board) << board.error()[0].text;
  EXPECT_EQ(board->ports[0].addresses.size(), 2u);
}

TEST_F(BoardFile, MoreCoresOrPortsThanTheDataPlaneHasAreRefused) {
  std::string cores = "0", ports;
  for (int i = 1; i < 64; ++i) cores += "," + std::to_string(i);
  for (int i = 0; i < 16; ++i) {
    ports += "[port.p" + std::to_string(i) + "]\ndevice = tap:t" + std::to_string(i) + "\n";
  }
  const auto board = read("[dataplane]\ncores = " + cores + "\n" + ports);
  ASSERT_TRUE(board) << board.error()[0].text;
  EXPECT_EQ(board->cores.size(), 64u);
  EXPECT_EQ(board->ports.size(), 16u);
  const auto wrong =
      read("[dataplane]\ncores = " + cores + ",64\n" + ports + "[port.more]\ndevice = tap:x\n");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().size(), 2u);
}

TEST_F(BoardFile, TheUnitsNameIsReadWhateverElseIsWrong) {
  struct Case {
    const char* text;
    const char* name;
  };
  for (const Case& file :
       {Case{kWhole, "lb-a"}, Case{"[cellar]\nname = x\n[unit]\nname = b\n[", "b"},
        Case{"[port.p]\nname = x\n", ""}, Case{"", ""}}) {
    (void)read(file.text);
    const auto name = read_unit_name(path_);
    ASSERT_TRUE(name) << name.error().text;
    EXPECT_EQ(*name, file.name) << file.text;
  }
  (void)read("[unit]\nname = a b\n");
  const auto wrong = read_unit_name(path_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().id, error::kBoardValue);
  EXPECT_NE(wrong.error().text.find(":2: name = a b: expected"), std::string::npos);
  EXPECT_EQ(read_unit_name(path_.string() + "-not").error().id, error::kBoardFile);
}

TEST_F(BoardFile, NoBytesAreReadAsMoreThanMistakes) {
  std::mt19937 random(11);
  const std::string whole = std::string(kWhole) + kHardware;
  for (int round = 0; round < 120; ++round) {
    std::string text = whole.substr(0, random() % (whole.size() + 1));
    for (int i = 0; i < 4 && !text.empty(); ++i) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    const auto board = read(text);
    if (!board) {
      EXPECT_FALSE(board.error().empty());
    }
  }
}

TEST(ShippedBoards, AllAreInOrder) {
  std::size_t count = 0;
  for (const auto& folder :
       std::filesystem::directory_iterator(std::filesystem::path(YOKE_SOURCE_DIR) / "board")) {
    if (!folder.is_directory()) continue;
    const auto board = read_board(folder.path() / "board.conf");
    EXPECT_TRUE(board) << board.error()[0].text;
    ++count;
  }
  EXPECT_GE(count, 4u);
}

TEST_F(BoardFile, WhatAnImageBootsWithIsRead) {
  const auto board = read(std::string(kWhole) +
                          "[boot]\nserial = ttyS0,9600\nhuge_pages = 160\nisolate = 1-3\n"
                          "kernel = intel_iommu=on iommu=pt\n");
  ASSERT_TRUE(board) << board.error().front().text;
  EXPECT_EQ(board->boot.serial, "ttyS0,9600");
  EXPECT_EQ(board->boot.huge_pages, 160u);
  EXPECT_EQ(board->boot.isolate, "1-3");
  EXPECT_EQ(board->boot.kernel, "intel_iommu=on iommu=pt");
}

TEST_F(BoardFile, WhatWouldBecomeAnotherWordOfTheKernelIsRefused) {
  for (const char* line : {"serial = ttyS0 init=/bin/sh", "isolate = 1 2", "kernel = a=\"b c\"",
                           "huge_pages = many"}) {
    const auto board = read(std::string(kWhole) + "[boot]\n" + line + "\n");
    ASSERT_FALSE(board) << line;
    EXPECT_EQ(board.error().front().id, "E-318") << line;
  }
}

TEST_F(BoardFile, WhatTheHardwareIsIsRead) {
  const auto board = read(std::string(kWhole) + "label = LAN2\n" + kHardware);
  ASSERT_TRUE(board) << board.error().front().text;
  const BoardHardware& hardware = board->hardware;
  EXPECT_EQ(board->ports[1].label.value, "LAN2");
  EXPECT_EQ(hardware.vendor.value, "Supermicro");
  EXPECT_EQ(hardware.model.value, "SYS-5018D-FN8T, SYS-E300-8D");
  EXPECT_EQ(hardware.watchdog.value, "iTCO_wdt");
  EXPECT_EQ(hardware.pretimeout, std::chrono::seconds(3));
  ASSERT_EQ(hardware.interfaces.size(), 1u);
  EXPECT_EQ(hardware.interfaces[0].name, "mgmt");
  EXPECT_EQ(hardware.interfaces[0].slot.value, "0000:05:00.0");
  EXPECT_EQ(hardware.interfaces[0].label.value, "LAN 1");
  ASSERT_EQ(hardware.sensors.size(), 3u);
  EXPECT_EQ(hardware.sensors[0].kind, SensorKind::kTemperature);
  EXPECT_EQ(hardware.sensors[0].critical, 95.5);
  EXPECT_EQ(hardware.sensors[0].weight, 60u);
  EXPECT_TRUE(hardware.sensors[1].is_supply);
  EXPECT_EQ(hardware.sensors[1].weight, 0u) << "all";
  EXPECT_EQ(hardware.sensors[2].kind, SensorKind::kSupply);
  EXPECT_EQ(hardware.sensors[2].weight, std::nullopt);
  EXPECT_EQ(hardware.alarm_led.value, "yoke:red:alarm");
  ASSERT_EQ(hardware.relays.size(), 1u);
  EXPECT_EQ(hardware.relays[0].relay.through, "off");
}

TEST_F(BoardFile, AMistakeInTheHardwareIsToldByFileAndLine) {
  struct Case {
    const char* text;
    std::string_view id;
    const char* said;
  };
  const std::string port = "[port.p]\ndevice = pci:0000:01:00.0\n";
  const Case cases[] = {
      {"[hardware]\ncolour = red\n", error::kBoardKey, ":2: [hardware] has no key 'colour'"},
      {"[hardware]\nvendor =\n", error::kBoardValue, "expected 1 to 128 printable letters"},
      {"[watchdog]\npretimeout = 9\n", error::kBoardValue, ":2: pretimeout = 9: expected a number"},
      {"[interface.]\nslot = 0000:05:00.0\n", error::kBoardValue, ":1: [interface.]: '': expected"},
      {"[interface.mgmt]\nlabel = LAN1\n", error::kBoardMissing,
       ":1: [interface.mgmt] has no slot"},
      {"[interface.mgmt]\nslot = eth0\n", error::kBoardValue, "expected a PCI address such as"},
      {"[interface.mgmt]\nslot = 0000:01:00.0\n", error::kBoardValue,
       ":2: slot 0000:01:00.0 belongs to port p already"},
      {"[interface.p]\nslot = 0000:05:00.0\n", error::kBoardKey, ":1: [interface.p]: a port is"},
      {"[sensor.cpu]\nhigh = 3\n", error::kBoardMissing, ":1: [sensor.cpu] has no source"},
      {"[sensor.cpu]\nsource = temp1\n", error::kBoardValue, ":2: source = temp1: expected CHIP"},
      {"[sensor.cpu]\nsource = a/tempx\n", error::kBoardValue, "expected CHIP/tempN"},
      {"[sensor.cpu]\nsource = a/temp1\nhigh = hot\n", error::kBoardValue, ":3: high = hot"},
      {"[sensor.cpu]\nsource = a/temp1\nhigh = 1e3\n", error::kBoardValue, "such as 85 or 11.4"},
      {"[sensor.cpu]\nsource = a/temp1\nhigh = nan\n", error::kBoardValue, "such as 85 or 11.4"},
      {"[sensor.cpu]\nsource = a/temp1\nhigh = 9\ncritical = 8\n", error::kBoardValue,
       "limits out of order"},
      {"[sensor.cpu]\nsource = a/temp1\nweight = 255\n", error::kBoardValue,
       ":3: weight = 255: expected none, all or a number"},
      {"[sensor.s]\nsource = power_supply/P\nhigh = 1\n", error::kBoardValue, "is a supply"},
      {"[sensor.s]\nsource = a/fan1\nsupply = yes\n", error::kBoardValue, "is no supply"},
      {"[bypass.b]\nfile = /sys/x\n", error::kBoardValue, "expected `ports = wan,lan`"},
      {"[bypass.b]\nports = p,q\nfile = /sys/x\n", error::kBoardValue, ":2: [bypass.b] expected"},
      {"[bypass.b]\nports = p,i\nfile = /etc/x\n[interface.i]\nslot = 0000:05:00.0\n",
       error::kBoardValue, ":3: file = /etc/x: expected a file below /sys"},
      {"[bypass.b]\nports = p,i\nfile = /sys/../etc/x\n[interface.i]\nslot = 0000:05:00.0\n",
       error::kBoardValue, "expected a file below /sys"},
  };
  for (const Case& wrong : cases) {
    const auto board = read(wrong.text + port);
    ASSERT_FALSE(board) << wrong.text;
    EXPECT_EQ(board.error()[0].id, wrong.id) << wrong.text << board.error()[0].text;
    EXPECT_TRUE(board.error()[0].text.starts_with(path_.string())) << board.error()[0].text;
    EXPECT_NE(board.error()[0].text.find(wrong.said), std::string::npos)
        << board.error()[0].text << "\ninstead of\n"
        << wrong.said;
  }
}

}  // namespace
}  // namespace yoke::hal
