// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace yoke::system {
namespace {

net::Prefix prefix(const char* text) { return *net::Prefix::parse(text); }
net::IpAddress ip(const char* text) { return *net::IpAddress::parse(text); }

TEST(KernelText, OfAddressesHasThoseThatAreUsable) {
  EXPECT_EQ(read_if_inet6("20010db8000000000000000000000005 07 40 00 80     wan\n"
                          "fe800000000000004808adfffee2d3cf 07 40 20 80     wan\n"
                          "20010db8000000000000000000000006 07 40 00 88     wan\n"
                          "nonsense\n"
                          "20010db800000000000000000000000g 07 40 00 80     wan\n"
                          "20010db8000000000000000000000005 07 ff 00 80     wan\n"),
            (std::vector<OwnAddress>{{"wan", prefix("2001:db8::5/64")},
                                     {"wan", prefix("fe80::4808:adff:fee2:d3cf/64")}}));
}

TEST(KernelText, OfIpv4RoutesHasThoseForPackets) {
  EXPECT_EQ(
      read_route(
          "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
          "wan\t00000000\t010200C0\t0003\t0\t0\t4000\t00000000\t0\t0\t0\n"
          "wan\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
          "*\t006433C6\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"),
      (std::vector<KernelRoute>{{prefix("0.0.0.0/0"), ip("192.0.2.1"), "wan", 4000},
                                {prefix("192.0.2.0/24"), {}, "wan", 0}}));
}

TEST(KernelText, OfIpv6RoutesHasThoseForPackets) {
  const std::string none(32, '0'), link = "fe800000000000000000000000000000";
  const std::string gateway = "20010db8000000000000000000000001";
  EXPECT_EQ(
      read_ipv6_route(none + " 00 " + none + " 00 " + gateway +
                      " 00000001 1 0 00000003      wan\n" + link + " 40 " + none + " 00 " + none +
                      " 00000100 1 0 00000001      wan\n" + link + " 80 " + none + " 00 " + none +
                      " 00000000 3 0 80200001      wan\n" + "ff000000000000000000000000000000 08 " +
                      none + " 00 " + none + " 00000100 3 0 00000001      wan\n" + none + " 00 " +
                      none + " 00 " + none + " ffffffff 1 0 00200200       lo\n"),
      (std::vector<KernelRoute>{{prefix("::/0"), ip("2001:db8::1"), "wan", 1},
                                {prefix("fe80::/64"), {}, "wan", 256}}));
}

TEST(Kernel, OfThisMachineHasItsLoopback) {
  const Kernel kernel = read_kernel();
  const KernelInterface* const lo = kernel.find("lo");
  ASSERT_NE(lo, nullptr);
  EXPECT_GT(lo->mtu, 0U);
  if (!lo->is_up) GTEST_SKIP() << "it is down";
  EXPECT_THAT(lo->addresses, testing::Contains(prefix("127.0.0.1/8")));
}

}  // namespace
}  // namespace yoke::system
