// SPDX-License-Identifier: Apache-2.0
#include "dataplane/io/device.h"

#include <gtest/gtest.h>

namespace yoke::io {
namespace {

TEST(Device, EveryKindReadsAndWritesTheSame) {
  const std::pair<const char*, Device> cases[] = {
      {"pci:0000:01:00.0", {Device::Kind::kPci, "0000:01:00.0"}},
      {"pci:0000:af:1f.7", {Device::Kind::kPci, "0000:af:1f.7"}},
      {"af_xdp:eth0", {Device::Kind::kAfXdp, "eth0"}},
      {"af_packet:enp1s0f0np0", {Device::Kind::kAfPacket, "enp1s0f0np0"}},
      {"tap:lab0", {Device::Kind::kTap, "lab0"}},
      {"vdev:net_pcap0,iface=lo", {Device::Kind::kVdev, "net_pcap0,iface=lo"}},
  };
  for (const auto& [text, device] : cases) {
    const auto parsed = Device::parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, device) << text;
    EXPECT_EQ(parsed->to_string(), text);
  }
}

TEST(Device, APciAddressHasOneSpelling) {
  EXPECT_EQ(*Device::parse("pci:0000:Af:1F.7"), *Device::parse("pci:0000:af:1f.7"));
}

TEST(Device, WhatIsNoneIsRefusedAtTheColumnWhereItGoesWrong) {
  const std::pair<const char*, int> cases[] = {
      {"", 0},
      {"eth0", 0},
      {"pcie:0000:01:00.0", 0},
      {"PCI:0000:01:00.0", 0},
      {"pci:", 4},
      {"pci:01:00.0", 4},
      {"pci:0000:01:00.8", 4},
      {"pci:0000:0g:00.0", 4},
      {"af_xdp:", 7},
      {"af_xdp:sixteen-letters0", 7},
      {"af_xdp:a/b", 7},
      {"af_xdp:eth0,start_queue=1", 7},
      {"af_packet:eth 0", 10},
      {"tap:..", 4},
      {"vdev:", 5},
      {"vdev:,iface=lo", 5},
  };
  for (const auto& [text, column] : cases) {
    const auto parsed = Device::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().id, "E-322") << text;
    EXPECT_EQ(parsed.error().column, column) << text;
  }
}

TEST(Device, OnlyKernelInterfacesAreNamed) {
  EXPECT_EQ(Device::parse("af_xdp:eth0")->interface(), "eth0");
  EXPECT_EQ(Device::parse("af_packet:eth0")->interface(), "eth0");
  EXPECT_EQ(Device::parse("tap:lab0")->interface(), "lab0");
  EXPECT_EQ(Device::parse("pci:0000:01:00.0")->interface(), "");
  EXPECT_EQ(Device::parse("vdev:net_null0")->interface(), "");
}

}  // namespace
}  // namespace yoke::io
