// SPDX-License-Identifier: Apache-2.0
#include "dataplane/net/address.h"

#include <gtest/gtest.h>

namespace yoke::net {
namespace {

TEST(Address, EveryGoodSpellingComesBackCanonical) {
  const std::pair<const char*, const char*> rows[] = {{"192.0.2.1", "192.0.2.1"},
                                                      {"0.0.0.0", "0.0.0.0"},
                                                      {"255.255.255.255", "255.255.255.255"},
                                                      {"2001:db8::1", "2001:db8::1"},
                                                      {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
                                                      {"::", "::"},
                                                      {"::1", "::1"}};
  for (const auto& [text, canonical] : rows) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), canonical);
  }
}

TEST(Address, EveryBadSpellingIsRefusedWithItsReason) {
  const std::pair<const char*, const char*> rows[] = {
      {"203.0.113.300", "300 is above 255"},
      {"10.0.0", "it has 3 parts where 4 are needed"},
      {"10.0.0.01", "'01' is not a number"},
      {"10.0.0.", "'' is not a number"},
      {"web", "'web' is not a number"},
      {"", "needed"},
      {"::ffff:192.0.2.1", "write this IPv4 address as 192.0.2.1"},
      {"2001:db8::g", "not an IPv6 address"},
      {"fe80::1%eth0", "not an IPv6 address"},
      {"[::1]", "not an IPv6 address"}};
  for (const auto& [text, reason] : rows) {
    const auto address = IpAddress::parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().id, "E-103") << text;
    EXPECT_NE(address.error().text.find(reason), std::string::npos) << address.error().text;
  }
}

TEST(Address, EndpointsAndServicesRoundTrip) {
  for (const char* text : {"192.0.2.1:80", "[2001:db8::1]:65535"}) {
    const auto endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint) << text;
    EXPECT_EQ(endpoint->to_string(), text);
    for (const char* protocol : {"/tcp", "/udp"}) {
      const auto service = ServiceAddress::parse(std::string(text) + protocol);
      ASSERT_TRUE(service);
      EXPECT_EQ(service->to_string(), std::string(text) + protocol);
    }
  }
}

TEST(Address, BadEndpointsAndServicesAreRefused) {
  for (const char* text : {"192.0.2.1", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:65536",
                           "192.0.2.1:080", "192.0.2.1:-1", "2001:db8::1:80", "[2001:db8::1]",
                           "[2001:db8::1]80", "[192.0.2.1]:80", ":80", "[]:80", "[", ""}) {
    EXPECT_FALSE(Endpoint::parse(text)) << text;
  }
  for (const char* text : {"192.0.2.1:80", "192.0.2.1:80/", "192.0.2.1:80/sctp", "/tcp"}) {
    EXPECT_FALSE(ServiceAddress::parse(text)) << text;
  }
}

TEST(Address, PrefixesContainWhatTheirBitsSay) {
  struct Row {
    const char* prefix;
    const char* address;
    bool inside;
  };
  const Row rows[] = {{"192.0.2.0/24", "192.0.2.255", true},
                      {"192.0.2.0/24", "192.0.3.0", false},
                      {"192.0.2.128/25", "192.0.2.127", false},
                      {"0.0.0.0/0", "8.8.8.8", true},
                      {"0.0.0.0/0", "2001:db8::1", false},
                      {"::/0", "2001:db8::1", true},
                      {"::/0", "8.8.8.8", false},
                      {"2001:db8::/33", "2001:db8:7fff::", true},
                      {"2001:db8::/33", "2001:db8:8000::", false},
                      {"192.0.2.1", "192.0.2.1", true}};
  for (const Row& row : rows) {
    EXPECT_EQ(Prefix::parse(row.prefix)->contains(*IpAddress::parse(row.address)), row.inside)
        << row.prefix << " " << row.address;
  }
  for (const char* bad : {"192.0.2.0/33", "2001:db8::/129", "192.0.2.0/", "192.0.2.0/-1", "/24"}) {
    EXPECT_FALSE(Prefix::parse(bad)) << bad;
  }
}

TEST(Address, MacAddressesRoundTripAndGarbageIsRefused) {
  EXPECT_EQ(MacAddress::parse("02:00:5e:AB:cd:0f")->to_string(), "02:00:5e:ab:cd:0f");
  for (const char* bad :
       {"", "02:00:5e:ab:cd", "02-00-5e-ab-cd-0f", "02:00:5e:ab:cd:0g", "02:00:5e:ab:cd:0f:"}) {
    EXPECT_FALSE(MacAddress::parse(bad)) << bad;
  }
}

TEST(Address, ClassesAreToldApartInBothFamilies) {
  EXPECT_TRUE(IpAddress::parse("224.0.0.18")->is_multicast());
  EXPECT_TRUE(IpAddress::parse("ff02::12")->is_multicast());
  EXPECT_FALSE(IpAddress::parse("223.255.255.255")->is_multicast());
  EXPECT_TRUE(IpAddress::parse("127.1.2.3")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("fe80::1")->is_link_local());
  EXPECT_TRUE(IpAddress::parse("169.254.1.1")->is_link_local());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(IpAddress::parse("::")->is_unspecified());
}

}  // namespace
}  // namespace yoke::net
