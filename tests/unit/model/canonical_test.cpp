// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "mgmt/model/duration.h"
#include "mgmt/model/schema.h"
#include "tests/unit/model/random_config.h"

namespace yoke::model {
namespace {

using namespace std::chrono_literals;

const Field& field(std::string_view kind, std::string_view name) {
  return *find_field(*find_type(kind), name);
}

struct Spelling {
  std::string_view kind, name, text;
  std::string_view canonical;  // or the error's identifier
};

constexpr Spelling kSpellings[] = {
    {"vip", "address", "203.0.113.10:80/tcp", "203.0.113.10:80/tcp"},
    {"vip", "address", "[2001:DB8:0::1]:53/udp", "[2001:db8::1]:53/udp"},
    {"vip", "address", "203.0.113.300:80/tcp", "E-103"},
    {"vip", "address", "203.0.113.10:0/tcp", "E-104"},
    {"vip", "address", "203.0.113.10:80", "E-104"},
    {"vip", "pool", "web-1.a_b", "web-1.a_b"},
    {"vip", "pool", "1web", "E-102"},
    {"vip", "pool", "", "E-102"},
    {"vip", "pool", "a23456789012345678901234567890123", "E-102"},
    {"vip", "pool", "w\xc3\xa9", "E-102"},
    {"vip", "snat", "192.0.2.1,2001:DB8::1", "192.0.2.1,2001:db8::1"},
    {"vip", "snat", "2001:db8::1,2001:DB8::1", "E-102"},
    {"vip", "snat", "192.0.2.1,", "E-103"},
    {"vip", "snat", "", "E-103"},
    {"vip", "idle-timeout", "0", "0s"},
    {"vip", "idle-timeout", "0ms", "0s"},
    {"vip", "idle-timeout", "60s", "1m"},
    {"vip", "idle-timeout", "90s", "90s"},
    {"vip", "idle-timeout", "3600s", "1h"},
    {"vip", "idle-timeout", "24h", "24h"},
    {"vip", "idle-timeout", "1000ms", "1s"},
    {"vip", "idle-timeout", "1500ms", "1500ms"},
    {"vip", "idle-timeout", "999ms", "E-102"},
    {"vip", "idle-timeout", "25h", "E-102"},
    {"vip", "idle-timeout", "030s", "E-102"},
    {"vip", "idle-timeout", "30", "E-102"},
    {"vip", "idle-timeout", "-1s", "E-102"},
    {"vip", "idle-timeout", "1d", "E-102"},
    {"vip", "idle-timeout", "99999999999999999999s", "E-102"},
    {"vip", "enabled", "yes", "yes"},
    {"system", "time-zone", "America/North_Dakota/New_Salem", "America/North_Dakota/New_Salem"},
    {"system", "time-zone", "Etc/GMT+5", "Etc/GMT+5"},
    {"system", "time-zone", "", "E-102"},
    {"system", "time-zone", "/etc/shadow", "E-102"},
    {"system", "time-zone", "../../../etc/shadow", "E-102"},
    {"system", "time-zone", "Europe/../Berlin", "E-102"},
    {"system", "time-zone", "Europe//Berlin", "E-102"},
    {"system", "time-zone", "Europe/", "E-102"},
    {"system", "time-zone", "Europe/Ber lin", "E-102"},
    {"system", "time-zone", "Europe/Berlin\n", "E-102"},
    {"port", "device", "pci:0000:0A:00.1", "pci:0000:0a:00.1"},
    {"port", "device", "af_xdp:eth0", "af_xdp:eth0"},
    {"port", "device", "tap:x", "tap:x"},
    {"port", "device", "vdev:net_pcap0,tx_pcap=/etc/x", "E-102"},
    {"port", "device", "af_xdp:eth0,queue=1", "E-102"},
    {"port", "device", "af_xdp:sixteen-letters-", "E-102"},
    {"port", "device", "pci:0a:00.1", "E-102"},
    {"port", "device", "eth0", "E-102"},
    {"port", "mtu", "0", "0"},
    {"port", "mtu", "9217", "E-102"},
    {"system", "ntp-server", "NTP.Example.net.,2001:DB8::7b", "ntp.example.net,2001:db8::7b"},
    {"system", "ntp-server", "ntp", "ntp"},
    {"system", "ntp-server", "192.0.2", "E-102"},
    {"system", "ntp-server", "-x", "E-102"},
    {"system", "ntp-server", "a_b.example", "E-102"},
    {"system", "ntp-server", "ntp iburst", "E-102"},
    {"system", "ntp-server", "ntp\nallow", "E-102"},
    {"system", "dns-server", "ns.example.net", "E-103"},
    {"system", "dns-search", "Example.net,lab", "example.net,lab"},
    {"system", "dns-search", "example.net\n", "E-102"},
    {"vip", "enabled", "true", "E-102"},
    {"server", "weight", "0", "0"},
    {"server", "weight", "256", "256"},
    {"server", "weight", "257", "E-102"},
    {"server", "weight", "+1", "E-102"},
    {"server", "weight", "01", "E-102"},
    {"server", "weight", "18446744073709551616", "E-102"},
    {"pool", "method", "dsr", "dsr"},
    {"pool", "method", "DSR", "E-102"},
    {"check", "expect", "200", "200"},
    {"check", "expect", "200-200,204", "200,204"},
    {"check", "expect", "299-200", "E-102"},
    {"check", "expect", "200-600", "E-102"},
    {"check", "expect", "200-", "E-102"},
    {"check", "expect", "99", "E-102"},
    {"check", "path", "/a/b?c=d&e=%2f", "/a/b?c=d&e=%2f"},
    {"check", "path", "health", "E-102"},
    {"check", "path", "/a b", "E-102"},
    {"check", "path", "/a\r\nHost: b", "E-102"},
    {"check", "path", "/a%2", "E-102"},
    {"check", "path", "/a#b", "E-102"},
    {"check", "host", "www.example.net", "www.example.net"},
    {"check", "host", "a\nb", "E-102"},
    {"check", "host", "", "E-102"},
    {"check", "timeout", "0", "E-102"},
    {"check", "fast-interval", "0", "0s"},
    {"check", "send", R"(PING\r\n\x00\\)", R"(PING\r\n\x00\\)"},
    {"check", "send", R"(PING\q)", "E-102"},
    {"check", "send", R"(PING\x0)", "E-102"},
    {"check", "send", R"(PING\)", "E-102"},
    {"check", "send", "a\nb", "E-102"},
    {"check", "header", "X-Probe:yes,Accept:  a b ", "X-Probe: yes,Accept: a b"},
    {"check", "header", "X-Probe", "E-102"},
    {"check", "header", "host: www", "E-102"},
    {"check", "header", "Transfer-Encoding: chunked", "E-102"},
    {"check", "header", "X-Host: www", "X-Host: www"},
    {"check", "sni", ".", "E-102"},
    {"check", "header", ": yes", "E-102"},
    {"check", "header", "X Probe: yes", "E-102"},
    {"check", "header", "X: a\r\nY: b", "E-102"},
    {"check", "query", "WWW.Example.net.", "www.example.net"},
    {"check", "query", "_sip._tcp.example.net", "_sip._tcp.example.net"},
    {"check", "query", ".", "."},
    {"check", "query", "a..b", "E-102"},
    {"check", "query", "", "E-102"},
    {"check", "query", "a b", "E-102"},
    {"pool", "require", "any", "any"},
    {"pool", "require", "2", "2"},
    {"pool", "require", "0", "E-102"},
    {"pool", "require", "some", "E-102"},
    {"syslog", "authorities", "/etc/yoke/ca.pem", "/etc/yoke/ca.pem"},
    {"syslog", "authorities", "ca.pem", "E-102"},
    {"syslog", "authorities", "/etc/yoke/", "E-102"},
    {"syslog", "authorities", "/etc/my ca.pem", "E-102"},
    {"metrics", "allow", "192.0.2.0/24,2001:DB8::/32", "192.0.2.0/24,2001:db8::/32"},
    {"metrics", "allow", "192.0.2.7", "192.0.2.7/32"},
    {"metrics", "allow", "192.0.2.7/24", "E-102"},
    {"metrics", "allow", "192.0.2.0/33", "E-105"},
    {"metrics", "allow", "192.0.2/24", "E-103"},
};

TEST(Canonical, GivesEachValueOneSpellingAndRefusesTheRest) {
  for (const Spelling& row : kSpellings) {
    const auto value = canonical(field(row.kind, row.name), row.text);
    EXPECT_EQ(value ? *value : value.error().id, row.canonical)
        << row.name << " " << row.text << (value ? "" : ": " + value.error().text);
  }
}

TEST(Canonical, IsIdempotentForRandomValuesOfEveryField) {
  for (unsigned seed = 0; seed < testing::kSeeds; ++seed) {
    testing::RandomConfig random(seed);
    for (const RecordType& type : schema()) {
      for (const Field& known : type.fields) {
        const std::string text = random.value(known);
        const auto once = canonical(known, text);
        ASSERT_TRUE(once) << known.name << " " << text;
        const auto twice = canonical(known, *once);
        ASSERT_TRUE(twice);
        EXPECT_EQ(*once, *twice);
      }
    }
  }
}

TEST(Canonical, TellsWhereInAListTheBadPartStarts) {
  const auto value = canonical(field("vip", "snat"), "192.0.2.1,192.0.2.256");
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().column, 10);
}

TEST(Canonical, NamesTheBoundInTheMessage) {
  const auto weight = canonical(field("server", "weight"), "300");
  ASSERT_FALSE(weight);
  EXPECT_EQ(weight.error().text, "'300' is not a number from 0 to 256");
  const auto idle = canonical(field("vip", "idle-timeout"), "25h");
  ASSERT_FALSE(idle);
  EXPECT_EQ(idle.error().text, "'25h' is not a time from 1s to 24h, or 0");
  const auto bare = canonical(field("vip", "idle-timeout"), "5");
  ASSERT_FALSE(bare);
  EXPECT_EQ(bare.error().text, "'5' has no unit (ms, s, m or h): a time from 1s to 24h, or 0");
}

TEST(Duration, ReadsEveryUnitAndWritesTheLargestThatFits) {
  EXPECT_EQ(parse_duration("250ms"), 250ms);
  EXPECT_EQ(parse_duration("2m"), 2min);
  EXPECT_EQ(parse_duration("2h"), 2h);
  EXPECT_EQ(parse_duration("0"), 0ms);
  EXPECT_EQ(parse_duration("5"), std::nullopt);
  EXPECT_EQ(parse_duration("s"), std::nullopt);
  EXPECT_EQ(parse_duration("5 s"), std::nullopt);
  EXPECT_EQ(parse_duration("24001h"), std::nullopt);
  EXPECT_EQ(to_text(90min), "90m");
  EXPECT_EQ(to_text(120min), "2h");
}

}  // namespace
}  // namespace yoke::model
