// SPDX-License-Identifier: Apache-2.0
#include "hal/port_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

#include "hal/errors.h"
#include "hal/port_report.h"

namespace yoke::hal {
namespace {

using testing::HasSubstr;

constexpr const char* kPath = "/var/lib/yoke/ports.conf";

BoardPort port(const std::string& name, const std::string& device) {
  BoardPort made;
  made.name = name;
  made.device = {device, 7};
  return made;
}

// wan on eth0 with an address, lan on eth1.
Board board() {
  Board made;
  made.path = "/etc/yoke/board.conf";
  made.ports = {port("wan", "af_xdp:eth0"), port("lan", "af_xdp:eth1")};
  made.ports[0].addresses = {*net::Prefix::parse("192.0.2.2/24")};
  return made;
}

// A machine where these devices are.
PortJudge only(std::set<std::string> devices) {
  return [devices](const BoardPort& port) -> Status {
    if (devices.contains(port.device.value)) return {};
    return fail(Errc::kNotFound, "E-323", "there is no " + port.device.value);
  };
}
const PortJudge kAllThere = [](const BoardPort&) { return Status(); };

std::vector<std::string> in_words(const MappedBoard& mapped) {
  std::vector<std::string> words;
  for (const BoardPort& port : mapped.board.ports) {
    const bool configured = mapped.configured.contains(port.name);
    words.push_back(port.name + " " + port.device.value + (configured ? " configured" : ""));
  }
  return words;
}
using Words = std::vector<std::string>;

TEST(PortMapFile, WhatIsWrittenIsReadTheSame) {
  const PortMap map{{"wan", "pci:0000:03:00.0", 0}, {"lan", "", 9000}, {"ha0", "tap:x", 1400}};
  EXPECT_EQ(read_port_map(to_text(map), kPath), map);
  EXPECT_EQ(read_port_map(to_text(PortMap()), kPath), PortMap());
}

TEST(PortMapFile, WhatALaterReleaseAddsIsLeftOut) {
  const auto map = read_port_map(
      "[port-map]\nversion = 1\nby = somebody\n[port.wan]\ndevice = tap:x\nqueues = 4\n[lights]\n"
      "on = yes\n",
      kPath);
  ASSERT_TRUE(map) << map.error().text;
  EXPECT_EQ(*map, (PortMap{{"wan", "tap:x", 0}}));
}

TEST(PortMapFile, AMistakeIsToldByLineAndNothingOfItCounts) {
  struct Case {
    const char* text;
    std::string_view id;
    const char* said;
  };
  const Case kCases[] = {
      {"", error::kPortMap, "cut short"},
      {"[port-map]\n", error::kPortMap, "cut short"},
      {"[port-map]\nversion = 2\n[x]\n", error::kNewPortMap, ":2: version 2"},
      {"[port-map]\nversion = 0\n", error::kPortMap, ":2: version"},
      {"[port.wan]\ndevice = tap:x\n", error::kPortMap, "expected [port-map]"},
      {"[port-map]\nversion = 1\n[port.wan]\ndevice = eth0\n", error::kPortMap, ":4: device"},
      {"[port-map]\nversion = 1\n[port.wan]\nmtu = 9\n", error::kPortMap, ":4: mtu"},
      {"[port-map]\nversion = 1\n[port.a b]\n", error::kPortMap, ":3: "},
      {"[port-map]\nversion = 1\n[port.a]\n[port.a]\n", error::kPortMap, "twice"},
      {"[port-map]\nversion = 1\nnonsense\n", error::kPortMap, ":3: "},
  };
  for (const Case& wrong : kCases) {
    const auto map = read_port_map(wrong.text, kPath);
    ASSERT_FALSE(map) << wrong.text;
    EXPECT_EQ(map.error().id, wrong.id) << wrong.text;
    EXPECT_THAT(map.error().text, HasSubstr(kPath));
    EXPECT_THAT(map.error().text, HasSubstr(wrong.said));
  }
}

TEST(PortMapFile, NoBytesAreReadAsMoreThanAMistake) {
  std::mt19937 random(5);
  const std::string whole = to_text(PortMap{{"wan", "pci:0000:03:00.0", 1500}, {"lan", "", 9000}});
  for (int round = 0; round < 120; ++round) {
    std::string text = whole.substr(0, random() % (whole.size() + 1));
    for (int i = 0; i < 4 && !text.empty(); ++i) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (const auto map = read_port_map(text, kPath); !map) {
      EXPECT_FALSE(map.error().text.empty());
    }
    (void)read_port_report(text, kPath);
  }
}

TEST(MappedBoards, WithoutAMapTheBoardFileCounts) {
  const auto mapped = with_port_map(board(), {}, only({}));
  EXPECT_EQ(in_words(mapped), (Words{"wan af_xdp:eth0", "lan af_xdp:eth1"}));
  EXPECT_TRUE(mapped.troubles.empty());
}

TEST(MappedBoards, APortHasTheMapsDeviceAndTheBoardFilesAddresses) {
  const auto mapped =
      with_port_map(board(), {{"wan", "af_packet:eth5", 9000}, {"dmz", "tap:x", 0}}, kAllThere);
  EXPECT_EQ(in_words(mapped),
            (Words{"wan af_packet:eth5 configured", "lan af_xdp:eth1", "dmz tap:x configured"}));
  EXPECT_EQ(mapped.board.ports[0].addresses, board().ports[0].addresses);
  EXPECT_EQ(mapped.board.ports[0].mtu, 9000);
  EXPECT_EQ(mapped.board.ports[2].mtu, 1500);
  EXPECT_TRUE(mapped.troubles.empty());
}

TEST(MappedBoards, PortsMaySwapDevicesAndOneMayTakeAnothers) {
  EXPECT_EQ(in_words(with_port_map(board(), {{"lan", "af_xdp:eth0", 0}, {"wan", "af_xdp:eth1", 0}},
                                   kAllThere)),
            (Words{"wan af_xdp:eth1 configured", "lan af_xdp:eth0 configured"}));
  // By another kind of device it is the same interface.
  const auto renamed = with_port_map(board(), {{"inside", "af_packet:eth1", 0}}, kAllThere);
  EXPECT_EQ(in_words(renamed), (Words{"wan af_xdp:eth0", "inside af_packet:eth1 configured"}));
  EXPECT_TRUE(renamed.troubles.empty());
}

TEST(MappedBoards, ADeviceThatIsNotThereLeavesTheBoardFilesInPlace) {
  const auto mapped =
      with_port_map(board(), {{"wan", "af_xdp:eth9", 0}}, only({"af_xdp:eth0", "af_xdp:eth1"}));
  EXPECT_EQ(in_words(mapped), (Words{"wan af_xdp:eth0", "lan af_xdp:eth1"}));
  ASSERT_EQ(mapped.troubles.size(), 1u);
  EXPECT_EQ(mapped.troubles[0].port, "wan");
  EXPECT_EQ(mapped.troubles[0].error.id, "E-323");
  EXPECT_THAT(mapped.troubles[0].error.text, HasSubstr("until then it is af_xdp:eth0"));
}

TEST(MappedBoards, APortThatCannotBeHadEitherWayIsLeftOut) {
  // Its device of the board file is another's now, is not there either, or was never named.
  const auto taken = with_port_map(board(), {{"lan", "af_xdp:eth0", 0}, {"wan", "af_xdp:eth9", 0}},
                                   only({"af_xdp:eth0", "af_xdp:eth1"}));
  EXPECT_EQ(in_words(taken), (Words{"lan af_xdp:eth0 configured"}));
  const auto gone = with_port_map(board(), {{"wan", "af_xdp:eth9", 0}}, only({"af_xdp:eth1"}));
  EXPECT_EQ(in_words(gone), (Words{"lan af_xdp:eth1"}));
  const auto nowhere = with_port_map(board(), {{"dmz", "", 9000}}, kAllThere);
  EXPECT_EQ(in_words(nowhere), (Words{"wan af_xdp:eth0", "lan af_xdp:eth1"}));
  for (const MappedBoard& mapped : {taken, gone, nowhere}) {
    ASSERT_EQ(mapped.troubles.size(), 1u);
    EXPECT_THAT(mapped.troubles[0].error.text, HasSubstr("until then there is no such port"));
  }
}

TEST(MappedBoards, WithNoPortLeftTheBoardFileCounts) {
  const auto mapped =
      with_port_map(board(), {{"wan", "af_xdp:eth8", 0}, {"lan", "af_xdp:eth9", 0}}, only({}));
  EXPECT_EQ(in_words(mapped), (Words{"wan af_xdp:eth0", "lan af_xdp:eth1"}));
  EXPECT_EQ(mapped.troubles.size(), 2u);
}

TEST(MappedBoards, WhatNoConfigurationMayAskForIsRefusedHereToo) {
  const auto mapped = with_port_map(
      board(), {{"wan", "vdev:net_pcap0,tx_pcap=/etc/x", 0}, {"a", "tap:x", 0}, {"b", "tap:x", 0}},
      kAllThere);
  EXPECT_EQ(in_words(mapped), (Words{"wan af_xdp:eth0", "lan af_xdp:eth1", "a tap:x configured"}));
  EXPECT_EQ(mapped.troubles.size(), 2u);
  PortMap many;
  for (int i = 0; i < 20; ++i) {
    many.push_back({"p" + std::to_string(i), "tap:t" + std::to_string(i), 0});
  }
  EXPECT_EQ(with_port_map(board(), many, kAllThere).board.ports.size(), kPortsMax);
}

TEST(PortReports, WhatIsWrittenIsReadTheSame) {
  const PortMap asked{{"wan", "af_xdp:eth9", 0}, {"lan", "", 9000}};
  const auto mapped = with_port_map(board(), asked, only({"af_xdp:eth0", "af_xdp:eth1"}));
  const PortReport report = report_of(mapped, asked);
  auto read = read_port_report(to_text(report), "/run/yoke/ports.conf");
  ASSERT_TRUE(read) << read.error().text;
  ASSERT_EQ(read->troubles.size(), 1u);
  EXPECT_EQ(read->troubles[0].error.text, report.troubles[0].error.text);
  EXPECT_EQ(read->ports, report.ports);
  EXPECT_EQ(read->asked, asked);
  EXPECT_EQ(read->ports[1], (PortInUse{"lan", "af_xdp:eth1", 9000, true}));
  // A text cannot become a line of its own, nor a comment.
  PortReport nasty;
  nasty.troubles = {{"", {Errc::kFailed, "E-1", "a # b\n[port.x]\ndevice = y", -1}}};
  read = read_port_report(to_text(nasty), "x");
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->ports.empty());
  EXPECT_EQ(read->troubles[0].error.text, "a   b [port.x] device = y");
}

TEST(PortReports, OfAnotherReleaseAreToldApart) {
  EXPECT_EQ(read_port_report("[port-report]\nversion = 9\n", "x").error().id, error::kNewPortMap);
  EXPECT_EQ(read_port_report("", "x").error().id, error::kPortMap);
  EXPECT_TRUE(read_port_report("[port-report]\nversion = 1\nnew = 2\n[new.x]\n", "x"));
}

}  // namespace
}  // namespace yoke::hal
