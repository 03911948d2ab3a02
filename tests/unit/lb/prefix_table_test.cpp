// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/prefix_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <vector>

#include "dataplane/limits.h"

namespace yoke::lb {
namespace {

net::IpAddress ip(const std::string& text) { return *net::IpAddress::parse(text); }
std::vector<net::Prefix> prefixes(const std::vector<std::string>& texts) {
  std::vector<net::Prefix> list;
  for (const auto& text : texts) list.push_back(*net::Prefix::parse(text));
  return list;
}

// Few leading octets, so that prefixes meet and cover each other.
class Draw {
 public:
  explicit Draw(unsigned seed) : random_(seed) {}

  net::IpAddress address() {
    if (below(2) == 0) return net::IpAddress::v4(octet(), octet(), octet(), octet());
    std::array<std::uint8_t, 16> octets{0x20, 0x01};
    for (std::size_t i = 2; i < octets.size(); ++i) octets.at(i) = octet();
    return net::IpAddress::v6(octets);
  }
  net::Prefix prefix() {
    const net::IpAddress from = address();
    const std::size_t bits = from.is_v4() ? 32 : 128;
    const std::size_t shortest = below(20) == 0 ? 0 : bits / 4;
    return {from, static_cast<std::uint8_t>(shortest + below(bits - shortest + 1))};
  }
  // In it, at one of its ends, or next to it.
  net::IpAddress near(const net::Prefix& prefix) {
    auto octets = prefix.network().octets();
    const auto mask = prefix.mask().octets();
    const auto where = below(4);
    for (std::size_t i = 0; i < octets.size(); ++i) {
      const auto free = static_cast<std::uint8_t>(~mask.at(i));
      if (where == 1) octets.at(i) = static_cast<std::uint8_t>(octets.at(i) | free);
      if (where == 2) octets.at(i) = static_cast<std::uint8_t>(octets.at(i) | (free & octet()));
    }
    if (where == 3) octets.back() = static_cast<std::uint8_t>(octets.back() - 1);
    return net::IpAddress::v6(octets);
  }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

 private:
  std::uint8_t octet() {
    constexpr std::array<std::uint8_t, 6> kUsual{0, 1, 127, 128, 254, 255};
    return below(8) == 0 ? static_cast<std::uint8_t>(random_()) : kUsual.at(below(kUsual.size()));
  }
  std::mt19937_64 random_;
};

bool is_in(const std::vector<net::Prefix>& list, const net::IpAddress& address) {
  return std::ranges::any_of(list, [&](const auto& p) { return p.contains(address); });
}

TEST(PrefixTable, SaysWhatALookAtEveryPrefixSays) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    Draw draw(seed);
    std::vector<net::Prefix> list;
    for (auto n = draw.below(400); n > 0; --n) list.push_back(draw.prefix());
    const PrefixTable table(list);
    for (int i = 0; i < 200; ++i) {
      const net::IpAddress address = list.empty() || draw.below(3) == 0
                                         ? draw.address()
                                         : draw.near(list[draw.below(list.size())]);
      ASSERT_EQ(table.contains(address), is_in(list, address))
          << seed << ": " << address.to_string();
    }
  }
}

TEST(PrefixTable, HoldsNobodyWhereItIsEmpty) {
  const PrefixTable table;
  EXPECT_FALSE(table.contains(ip("192.0.2.1")));
  EXPECT_FALSE(table.contains(ip("2001:db8::1")));
}

TEST(PrefixTable, FamiliesAreApart) {
  const PrefixTable all_v6(prefixes({"::/0"}));
  EXPECT_TRUE(all_v6.contains(ip("2001:db8::1")));
  EXPECT_TRUE(all_v6.contains(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")));
  EXPECT_FALSE(all_v6.contains(ip("192.0.2.1")));
  const PrefixTable all_v4(prefixes({"0.0.0.0/0", "10.0.0.0/8"}));
  EXPECT_TRUE(all_v4.contains(ip("0.0.0.0")));
  EXPECT_TRUE(all_v4.contains(ip("255.255.255.255")));
  EXPECT_FALSE(all_v4.contains(ip("::1")));
  EXPECT_EQ(all_v4.size(), 1U) << "the wider covers the other";
}

TEST(PrefixTable, TheLastAddressThereIsIsFoundAmongMany) {
  std::vector<net::Prefix> list = prefixes({"255.255.255.255/32"});
  for (unsigned i = 0; i < 40; ++i) {
    list.push_back({net::IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(2 * i)), 32});
  }
  const PrefixTable table(list);
  EXPECT_TRUE(table.contains(ip("255.255.255.255")));
  EXPECT_FALSE(table.contains(ip("255.255.255.254")));
  EXPECT_TRUE(table.contains(ip("10.0.0.78")));
  EXPECT_FALSE(table.contains(ip("10.0.0.79")));
}

TEST(PrefixTable, AHundredThousandPrefixesTakeFewOctetsEach) {
  std::vector<net::Prefix> v4, v6;
  for (unsigned i = 0; i < limits::kPrefixesPerList; ++i) {
    const auto high = static_cast<std::uint8_t>(i >> 16), mid = static_cast<std::uint8_t>(i >> 8),
               low = static_cast<std::uint8_t>(i);
    v4.push_back({net::IpAddress::v4(11, high, mid, low), 32});
    v6.push_back({net::IpAddress::v6({0x20, 1, 0xd, 0xb8, high, mid, low}), 64});
  }
  EXPECT_LE(PrefixTable(v4).bytes(), v4.size() * 6);
  EXPECT_LE(PrefixTable(v6).bytes(), v6.size() * 20);
}

}  // namespace
}  // namespace yoke::lb
