// SPDX-License-Identifier: Apache-2.0
#include "hal/board.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

namespace yoke::hal {
namespace {

class BoardFile : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (std::filesystem::temp_directory_path() / "board-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    path_ = std::filesystem::path(folder) / "board.conf";
  }
  void TearDown() override { std::filesystem::remove_all(path_.parent_path()); }
  [[nodiscard]] auto read(const std::string& text) {
    std::ofstream(path_, std::ios::binary) << text;
    return read_board(path_);
  }

  std::filesystem::path path_;
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
  const Case kCases[] = {
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
      {"[port.q]\ngateway = 10.0.0.1\ndevice = tap:y\n", error::kBoardValue, "in none of the port"},
      {"[port.q]\nmtu = 1500\n", error::kBoardMissing, ":1: [port.q] has no device"},
      {"[port.q]\ndevice = tap:x\n", error::kBoardValue, "belongs to port q already"},
  };
  for (const Case& wrong : kCases) {
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

TEST_F(BoardFile, AllMistakesAreToldAtOnce) {
  const auto board = read("[dataplane]\nidle = no\nflows = x\n[port.a]\nmtu = 1\n");
  ASSERT_FALSE(board);
  EXPECT_EQ(board.error().size(), 4u);
}

TEST_F(BoardFile, AFileThatIsNotThereOrEmpty) {
  const auto missing = read_board(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error()[0].id, error::kBoardFile);
  const auto empty = read("");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error()[0].id, error::kBoardMissing);
}

TEST_F(BoardFile, NoBytesAreReadAsMoreThanMistakes) {
  std::mt19937 random(11);
  const std::string whole = kWhole;
  for (int round = 0; round < 2000; ++round) {
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
  EXPECT_GE(count, 2u);
}

}  // namespace
}  // namespace yoke::hal
