// SPDX-License-Identifier: Apache-2.0
#include "mgmt/model/rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/limits.h"
#include "mgmt/model/commands.h"

namespace yoke::model {
namespace {

Config config_of(const std::vector<std::string>& lines) {
  Config config;
  for (const std::string& line : lines) {
    const auto operations = parse_command(line);
    EXPECT_TRUE(operations) << line << ": " << operations.error().text;
    if (operations) {
      EXPECT_TRUE(edit(config, *operations)) << line;
    }
  }
  return config;
}

// What was found, as "id path".
std::vector<std::string> found(const Config& config) {
  std::vector<std::string> list;
  for (const Violation& violation : violations(config)) {
    EXPECT_FALSE(violation.text.empty() || violation.text.ends_with('.')) << violation.text;
    list.push_back(violation.id + " " + violation.path);
  }
  return list;
}

const std::string kKey =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ann";

struct Row {
  std::vector<std::string> lines;
  std::vector<std::string> expected;
};

const Row kRows[] = {
    {{}, {}},
    {{"set pool web server 192.0.2.11:80", "set pool web check http",
      "set vip web 203.0.113.10:80/tcp pool web snat 192.0.2.200"},
     {}},
    {{"set pool unused"}, {}},
    {{"set vip ping 203.0.113.10:80/tcp"}, {}},
    {{"set vip web pool web"}, {"E-201 vip web", "E-202 vip web"}},
    {{"set vip a 203.0.113.10:80/tcp", "set vip b 203.0.113.10:80/tcp"}, {"E-203 vip b"}},
    {{"set vip a 203.0.113.10:80/tcp", "set vip b 203.0.113.10:80/udp",
      "set vip c 203.0.113.10:81/tcp"},
     {}},
    {{"set pool web server [2001:db8::1]:80", "set vip web 203.0.113.10:80/tcp pool web"},
     {"E-204 vip web"}},
    {{"set pool web server 192.0.2.1:80 [2001:db8::1]:80"},
     {"E-204 pool web server [2001:db8::1]:80"}},
    {{"set vip web 203.0.113.10:80/tcp snat 2001:db8::5"}, {"E-204 vip web"}},
    {{"set pool web check tcp timeout 3s"}, {"E-205 pool web check tcp"}},
    {{"set pool web check tcp timeout 2s"}, {}},
    {{"set pool web check tcp:a timeout 3s", "set pool web check tcp:b timeout 2s"},
     {"E-205 pool web check tcp:a"}},
    {{"set pool web require 2", "set pool web check tcp", "set pool web check tcp:b"}, {}},
    {{"set pool web require 2", "set pool web check tcp"}, {"E-221 pool web"}},
    {{"set pool web require any"}, {}},
    {{"set pool web passive-failures 10"}, {}},
    {{"set pool web method dsr", "set pool web passive-failures 10"}, {"E-229 pool web"}},
    {{"set pool web method dsr", "set pool web passive-hold 1m"}, {}},
    {{"set pool db check mysql role replica lag-max 5s"},
     {"E-223 pool db check mysql", "E-223 pool db check mysql"}},
    {{"set pool db check mysql role replica lag-max 5s user watch"}, {}},
    {{"set pool db check postgresql:a password abc"}, {"E-223 pool db check postgresql:a"}},
    {{"set pool db check redis role replica password abc"}, {}},
    {{"set pool db check redis user watch"}, {"E-223 pool db check redis"}},
    {{"set pool db check redis sni a.example verify yes"},
     {"E-224 pool db check redis", "E-224 pool db check redis"}},
    {{"set pool db check redis tls yes sni a.example verify yes warn-days 3"}, {}},
    {{"set pool web check https sni a.example verify yes", "set pool web check tls verify yes"},
     {}},
    {{"set pool web check udp"}, {"E-225 pool web check udp"}},
    {{"set pool web check script"}, {"E-225 pool web check script"}},
    {{"set pool web check script:lag program lag argument 30s"}, {}},
    {{"set web listen 192.0.2.5:443"}, {"E-226 web"}},
    {{"set web listen 192.0.2.5:8443", "set metrics listen 192.0.2.5:8443"}, {"E-226 web"}},
    {{"set web listen 192.0.2.5:8443", "set metrics listen 192.0.2.5:9110"}, {}},
    {{"set metrics listen 203.0.113.10:9110", "set vip web 203.0.113.10:80/tcp"},
     {"E-226 metrics"}},
    {{"set pool web check udp send ping"}, {}},
    {{"set pool web check http HEAD body ready"}, {"E-225 pool web check http"}},
    {{"set notify mail server mx.a.example:25 from a@b.example to c@d.example,e@f.example"}, {}},
    {{"set notify mail server [2001:db8::25]:25 from a@b to c@d user me password p"}, {}},
    {{"set notify mail level error"},
     {"E-227 notify mail", "E-227 notify mail", "E-227 notify mail"}},
    {{"set notify mail server 2001:db8::25 from a@b to c@d"}, {"E-227 notify mail"}},
    {{"set notify mail server mx:0 from a@b to c@d"}, {"E-227 notify mail"}},
    {{"set notify mail server mx:25/x from a@b to c@d"}, {"E-227 notify mail"}},
    {{"set notify mail server mx:25 from \"a b@c\" to cc@,d@e"},
     {"E-227 notify mail", "E-227 notify mail"}},
    {{"set notify mail server mx:25 from a@b to c@d user me"}, {"E-227 notify mail"}},
    {{"set notify mail server mx:25 from a@b to c@d user me password p tls no"},
     {"E-227 notify mail"}},
    {{"set notify webhook:chat url https://a.example/x bearer k", "set notify script program page"},
     {}},
    {{"set notify webhook url http://a.example/x"}, {}},
    {{"set notify webhook level error", "set notify script level error"},
     {"E-227 notify script", "E-227 notify webhook"}},
    {{"set notify webhook url sftp://a.example/x"}, {"E-227 notify webhook"}},
    {{"set notify webhook url \"https://a.example/x y\""}, {"E-227 notify webhook"}},
    {{"set notify webhook url http://a.example/x bearer k"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://[2001:db8::9]:8443/x?key=a@b#c"}, {}},
    {{"set notify webhook url http://192.0.2.9"}, {}},
    {{"set notify webhook url https://"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://:80"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https:///x"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://a..b/"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://192.0.2/"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://a.example:0/"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://[192.0.2.9]/"}, {"E-227 notify webhook"}},
    {{"set notify webhook url http://me:word@a.example/x"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://a.example/x bearer k verify no"}, {"E-227 notify webhook"}},
    {{"set notify webhook url https://a.example/x verify no"}, {}},
    {{"set notify mail server mx:25 from a@b to c@d user me password p verify no"},
     {"E-227 notify mail"}},
    {{"set notify mail server []:25 from a@b to c@d"}, {"E-227 notify mail"}},
    {{"set notify mail server ..:25 from a@b to c@d"}, {"E-227 notify mail"}},
    {{"set notify mail server [2001:db8::zz]:25 from a@b to c@d"}, {"E-227 notify mail"}},
    {{"set notify mail server mx:25 from a@b to "
      "a@b,b@b,c@b,d@b,e@b,f@b,g@b,h@b,i@b,j@b,k@b,l@b,m@b,n@b,o@b,p@b,q@b"},
     {"E-227 notify mail"}},
    {{"set system ntp-server a,b,c,d,e,f,g,h dns-server 192.0.2.1,127.0.0.1,2001:db8::1 "
      "dns-search a,b,c,d,e,f"},
     {}},
    {{"set system ntp-server a,b,c,d,e,f,g,h,i"}, {"E-208 system"}},
    {{"set system dns-server 192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4"}, {"E-208 system"}},
    {{"set system dns-search a,b,c,d,e,f,g"}, {"E-208 system"}},
    {{"set system ntp-server 0.0.0.0 dns-server ff02::1"}, {"E-210 system", "E-210 system"}},
    {{"set user ann admin ssh-key laptop \"" + kKey + "\""}, {}},
    {{"set user ann ssh-key laptop \"" + kKey + "\""}, {"E-201 user ann"}},
    {{"set user root viewer"}, {"E-231 user root"}},
    {{"set user root admin"}, {}},
    {{"set user yoke operator"}, {"E-231 user yoke"}},
    {{"set user yoke-snmp admin"}, {"E-231 user yoke-snmp"}},
    {{"set user root admin ssh-key laptop \"" + kKey + "\""}, {"E-228 user root"}},
    // The unit's own interfaces and routes.
    {{"set interface eth0 192.0.2.5/24,2001:db8::5/64 mtu 1500",
      "set interface eth0.10 198.51.100.5/24 vlan 10 parent eth0",
      "set interface bond0 203.0.113.5/24 members eth1,eth2 mode 802.3ad", "set interface eth1",
      "set route 0.0.0.0/0 gateway 192.0.2.1", "set route ::/0 gateway fe80::1 interface eth0",
      "set route 10.0.0.0/8 gateway 10.1.1.1 interface bond0",
      "set route 172.16.0.0/12 interface eth0.10"},
     {}},
    {{"set interface eth0 fe80::1/64", "set interface eth1 fe80::1/64"}, {}},
    {{"set interface eth0 192.0.2.0/31", "set interface eth1 192.0.2.7/32"}, {}},
    {{"set interface lo 192.0.2.5/24", "set interface all", "set interface default"},
     {"E-240 interface all", "E-240 interface default", "E-240 interface lo"}},
    {{"set interface bond0 members lo"}, {"E-240 interface bond0"}},
    {{"set interface a vlan 10"}, {"E-241 interface a"}},
    {{"set interface a", "set interface b parent a"}, {"E-241 interface b"}},
    {{"set interface a parent b vlan 5"}, {"E-202 interface a"}},
    {{"set interface a", "set interface b parent a vlan 5", "set interface c parent a vlan 5"},
     {"E-241 interface c"}},
    {{"set interface a", "set interface b parent a vlan 5 members d"}, {"E-241 interface b"}},
    {{"set interface a parent b vlan 5", "set interface b parent a vlan 6"},
     {"E-242 interface a", "E-242 interface b"}},
    {{"set interface a parent a vlan 5"}, {"E-242 interface a"}},
    {{"set interface a members c", "set interface b members c"}, {"E-243 interface b"}},
    {{"set interface a members a"}, {"E-243 interface a"}},
    {{"set interface a members c", "set interface c 192.0.2.5/24"}, {"E-243 interface a"}},
    {{"set interface a members c", "set interface c dhcp both"}, {"E-243 interface a"}},
    {{"set interface a members c", "set interface c mtu 9000"}, {"E-243 interface a"}},
    {{"set interface a members c", "set interface c", "set interface d vlan 5 parent c"},
     {"E-243 interface a"}},
    {{"set interface a members c", "set interface c members d"}, {"E-243 interface a"}},
    {{"set interface a 192.0.2.5/24", "set interface b 192.0.2.5/32"}, {"E-244 interface b"}},
    {{"set interface a 192.0.2.5/24,192.0.2.5/25"}, {"E-244 interface a"}},
    {{"set interface a 192.0.2.0/24", "set interface b 198.51.100.255/24",
      "set interface c 127.0.0.2/8", "set interface d ff02::1/64", "set interface e 192.0.2.9/0"},
     {"E-210 interface a", "E-210 interface b", "E-210 interface c", "E-210 interface d",
      "E-210 interface e"}},
    {{"set interface a 192.0.2.5/24 mtu 1280"}, {}},
    {{"set interface a mtu 1500", "set interface b parent a vlan 5 mtu 1501"},
     {"E-245 interface b"}},
    {{"set interface a 203.0.113.10/24", "set vip web 203.0.113.10:80/tcp"}, {"E-246 interface a"}},
    {{"set interface a 192.0.2.200/24", "set vip web 203.0.113.10:80/tcp snat 192.0.2.200"},
     {"E-246 interface a"}},
    {{"set interface a 192.0.2.200/24", "set snat-pool out 192.0.2.200",
      "set vip web 203.0.113.10:80/tcp snat-pool out"},
     {"E-246 interface a"}},
    {{"set route 0.0.0.0/0 metric 5"}, {"E-247 route 0.0.0.0/0"}},
    {{"set route 0.0.0.0/0 gateway 2001:db8::1"}, {"E-247 route 0.0.0.0/0"}},
    {{"set route ::/0 gateway fe80::1"}, {"E-247 route ::/0"}},
    {{"set route ::/0 gateway 2001:db8::1 interface nowhere"}, {"E-202 route ::/0"}},
    {{"set route 0.0.0.0/0 gateway 127.0.0.1"}, {"E-210 route 0.0.0.0/0"}},
    {{"set interface a 192.0.2.5/24", "set route 0.0.0.0/0 gateway 192.0.2.5"},
     {"E-247 route 0.0.0.0/0"}},
    {{"set interface a members c", "set interface c",
      "set route 0.0.0.0/0 gateway 192.0.2.1 interface c"},
     {"E-247 route 0.0.0.0/0"}},
    {{"set port wan pci:0000:03:00.0", "set port lan af_xdp:eth1 mtu 9000", "set port dmz mtu 9000",
      "set interface wan 192.0.2.5/24"},
     {}},
    {{"set port a pci:0000:0A:00.0", "set port b pci:0000:0a:00.0"}, {"E-248 port b"}},
    {{"set port a af_xdp:eth1", "set port b af_packet:eth1"}, {"E-248 port b"}},
    {{"set port lo af_xdp:eth1", "set port eth1 af_xdp:eth2"},
     {"E-249 port eth1", "E-249 port lo"}},
    {{"set interface eth0", "set interface v parent eth0 vlan 5", "set interface b members eth5",
      "set port v af_xdp:eth1", "set port b af_xdp:eth2"},
     {"E-249 port b", "E-249 port v"}},
    {{"set interface b members eth5", "set port a af_xdp:eth5"}, {"E-243 interface b"}},
    {{"set ha interface ha0 data-interface wan", "set group blue vrid 2",
      "set vip web 203.0.113.10:80/tcp group blue"},
     {}},
    {{"set ha interface ha0"}, {"E-250 ha"}},
    {{"set ha interface ha0 data-interface ha0"}, {"E-250 ha"}},
    {{"set ha interface ha0 data-interface wan", "set group blue"}, {"E-250 group blue"}},
    {{"set group blue", "set group red"}, {}},
    {{"set ha interface ha0 data-interface wan", "set group blue vrid 2",
      "set vip web 203.0.113.10:80/tcp group blue", "set vip dns 203.0.113.10:53/udp"},
     {"E-252 vip web"}},
    {{"set ha interface ha0 data-interface wan", "set group blue vrid 2",
      "set snat-pool out 192.0.2.200", "set vip dns 203.0.113.11:53/udp snat-pool out",
      "set vip web 203.0.113.10:80/tcp group blue snat 192.0.2.200"},
     {"E-252 vip web"}},
    {{"set group blue", "set vip web 203.0.113.10:80/tcp group blue",
      "set vip dns 203.0.113.10:53/udp"},
     {}},
    {{"set group blue vrid 2", "set group red vrid 2"}, {"E-251 group red"}},
    {{"set group blue vrid 1"}, {"E-251 group blue"}},
    {{"set group blue vrid 1", "set ha vrid 9"}, {}},
    {{"set ha data-links a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p"}, {}},
    {{"set ha data-links a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"}, {"E-208 ha"}},
    {{"set user yoke admin ssh-key laptop \"" + kKey + "\""}, {"E-228 user yoke"}},
    {{"set pool db check redis password ********"}, {"E-222 pool db check redis"}},
    {{"set pool web method dsr", "set vip web 203.0.113.10:80/tcp pool web snat 192.0.2.1"},
     {"E-206 vip web"}},
    {{"set pool web method dsr server 192.0.2.1:81 192.0.2.2:80 192.0.2.3:82",
      "set vip web 203.0.113.10:80/tcp pool web"},
     {"E-207 vip web"}},
    {{"set pool web server 192.0.2.1:81", "set vip web 203.0.113.10:80/tcp pool web"}, {}},
    {{"set pool web server 203.0.113.10:8080", "set vip web 203.0.113.10:80/tcp"},
     {"E-209 pool web server 203.0.113.10:8080"}},
    {{"set pool web server 203.0.113.11:80",
      "set vip web 203.0.113.10:80/tcp pool web snat "
      "203.0.113.11"},
     {"E-209 pool web server 203.0.113.11:80"}},
    {{"set pool web server 192.0.2.11:80", "set snat-pool out 192.0.2.200,192.0.2.201",
      "set vip a 203.0.113.10:80/tcp pool web snat-pool out",
      "set vip b 203.0.113.10:443/tcp pool web snat-pool out"},
     {}},
    {{"set vip web 203.0.113.10:80/tcp snat-pool out"}, {"E-202 vip web"}},
    {{"set vip web 203.0.113.10:80/tcp group blue"}, {"E-202 vip web"}},
    {{"set group blue enabled no", "set vip web 203.0.113.10:80/tcp group blue"}, {}},
    {{"set snat-pool out"}, {"E-201 snat-pool out"}},
    {{"set snat-pool out 192.0.2.200", "set vip web [2001:db8::10]:80/tcp snat-pool out"},
     {"E-204 vip web"}},
    {{"set pool web method dsr", "set snat-pool out 192.0.2.200",
      "set vip web 203.0.113.10:80/tcp pool web snat-pool out"},
     {"E-206 vip web"}},
    {{"set snat-pool out 239.1.1.1", "set vip a 203.0.113.10:80/tcp snat-pool out",
      "set vip b 203.0.113.11:80/tcp snat-pool out"},
     {"E-210 snat-pool out"}},
    {{"set snat-pool out 192.0.2.200",
      "set vip web 203.0.113.10:80/tcp snat 192.0.2.201 snat-pool out"},
     {"E-212 vip web"}},
    {{"set pool web server 192.0.2.200:80", "set snat-pool out 192.0.2.200",
      "set vip web 203.0.113.10:80/tcp pool web snat-pool out"},
     {"E-209 pool web server 192.0.2.200:80"}},
    {{"set pool web server 192.0.2.200:80", "set snat-pool unused 192.0.2.200"}, {}},
    {{"set list bad prefix 198.51.100.0/24 2001:db8:bad::/48 192.0.2.66",
      "set vip a 203.0.113.10:80/tcp deny bad allow bad max-flows 10 new-flow-rate 5"},
     {}},
    {{"set list none", "set vip a 203.0.113.10:80/tcp allow none"}, {}},
    {{"set vip a 203.0.113.10:80/tcp deny bad"}, {"E-202 vip a"}},
    {{"set vip a 203.0.113.10:80/tcp client-prefix-length 32",
      "set vip b [2001:db8::10]:80/tcp client-prefix-length 128"},
     {}},
    {{"set vip a 203.0.113.10:80/tcp client-prefix-length 33"}, {"E-230 vip a"}},
    {{"set pool web server 127.0.0.1:80"}, {"E-210 pool web server 127.0.0.1:80"}},
    {{"set vip a 224.0.0.1:80/tcp", "set vip b 0.0.0.0:80/tcp", "set vip c [ff02::1]:80/tcp",
      "set pool p server 255.255.255.255:80", "set vip d 203.0.113.1:80/tcp snat 239.1.1.1"},
     {"E-210 pool p server 255.255.255.255:80", "E-210 vip a", "E-210 vip b", "E-210 vip c",
      "E-210 vip d"}},
};

TEST(Rules, FindEachKindOfViolationAndNothingElse) {
  for (const Row& row : kRows) {
    EXPECT_EQ(found(config_of(row.lines)), row.expected)
        << (row.lines.empty() ? "nothing" : row.lines.front());
  }
}

TEST(Rules, ReportAllViolationsAtOnce) {
  const std::vector<std::string> lines = {
      "set vip a pool none", "set pool web check tcp timeout 1m", "set vip b 224.0.0.1:1/udp"};
  EXPECT_EQ(found(config_of(lines)),
            (std::vector<std::string>{"E-205 pool web check tcp", "E-201 vip a", "E-202 vip a",
                                      "E-210 vip b"}));
}

TEST(Rules, SayWhichVipHasTheAddressAlready) {
  const auto list =
      violations(config_of({"set vip a 203.0.113.10:80/tcp", "set vip b 203.0.113.10:80/tcp"}));
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list.front().text, "vip a answers for 203.0.113.10:80/tcp already");
}

TEST(Rules, OfTwoVipsAtOneAddressTheOneThatIsSetNowIsToMend) {
  const Config running = config_of({"set vip b 203.0.113.10:80/tcp"});
  const auto clash = config_of({"set vip a 203.0.113.10:80/tcp", "set vip b 203.0.113.10:80/tcp"});
  const Violation expected{"vip a", "E-203", "vip b answers for 203.0.113.10:80/tcp already"};
  EXPECT_EQ(violations(clash, &running), std::vector{expected});
  const Config moved =
      config_of({"set vip a 203.0.113.10:80/tcp", "set vip b 203.0.113.11:80/tcp"});
  EXPECT_EQ(violations(clash, &moved).front().path, "vip b") << "which is moved to it";
}

TEST(Rules, HoldTheDataPlanesLimitsAndAdmitWhatIsJustWithin) {
  Config config;
  for (std::size_t i = 0; i <= limits::kServersPerPool; ++i) {
    if (i == limits::kServersPerPool) {
      EXPECT_EQ(found(config), std::vector<std::string>{});
    }
    ASSERT_TRUE(config.set(
        Path{{"pool", "web", "server", fmt::format("10.0.{}.{}:80", i / 256, i % 256)}}, {}));
  }
  EXPECT_EQ(found(config), std::vector<std::string>{"E-208 pool web"});

  Config vips;
  for (std::size_t i = 0; i <= limits::kVips; ++i) {
    if (i == limits::kVips) {
      EXPECT_EQ(found(vips), std::vector<std::string>{});
    }
    ASSERT_TRUE(vips.set(Path{{"vip", fmt::format("v{}", i)}},
                         {{"address", fmt::format("10.0.{}.{}:80/tcp", i / 256, i % 256)}}));
  }
  EXPECT_EQ(found(vips), std::vector<std::string>{"E-208 vip"});

  Config groups;
  for (int i = 1; i <= 256; ++i) {
    EXPECT_EQ(found(groups), std::vector<std::string>{});
    ASSERT_TRUE(groups.set(Path{{"group", fmt::format("g{}", i)}}, {}));
  }
  EXPECT_EQ(found(groups), std::vector<std::string>{"E-208 group"});

  Config lists;
  for (std::size_t i = 0; i <= limits::kPrefixesPerList; ++i) {
    if (i == limits::kPrefixesPerList) {
      EXPECT_EQ(found(lists), std::vector<std::string>{});
    }
    ASSERT_TRUE(lists.set(Path{{"list", "bad", "prefix",
                                fmt::format("10.{}.{}.{}", i / 65536, i / 256 % 256, i % 256)}},
                          {}));
  }
  EXPECT_EQ(found(lists), std::vector<std::string>{"E-208 list bad"});

  Config logs;
  for (int i = 1; i <= 9; ++i) {
    EXPECT_EQ(found(logs), std::vector<std::string>{});
    ASSERT_TRUE(logs.set(Path{{"syslog", fmt::format("s{}", i)}}, {{"server", "192.0.2.9:6514"}}));
  }
  EXPECT_EQ(found(logs), std::vector<std::string>{"E-208 syslog"});

  std::string snat = "10.0.0.1";
  for (std::size_t i = 2; i <= limits::kSnatPerVip + 1; ++i) snat += fmt::format(",10.0.0.{}", i);
  EXPECT_EQ(found(config_of({"set vip web 203.0.113.10:80/tcp snat " + snat})),
            std::vector<std::string>{"E-208 vip web"});
  EXPECT_EQ(found(config_of(
                {"set snat-pool out " + snat, "set vip web 203.0.113.10:80/tcp snat-pool out"})),
            std::vector<std::string>{"E-208 snat-pool out"});
}

TEST(Rules, BackupsAreSentToPlacesThatThereCanBe) {
  EXPECT_EQ(found(config_of({"set backup schedule 24h"})), std::vector<std::string>{});
  for (const char* to : {"sftp://ann@192.0.2.9/srv", "https://192.0.2.9/dav"}) {
    EXPECT_EQ(found(config_of({std::string("set backup to ") + to})), std::vector<std::string>{});
  }
  for (const char* to :
       {"/srv/yoke", "ftp://192.0.2.9/", "http://192.0.2.9/", "sftp://192.0.2.9/srv",
        "sftp://ann:s3cret@192.0.2.9/srv", "https://192.0.2.9/dav?x", "https://"}) {
    EXPECT_EQ(found(config_of({std::string("set backup to ") + to})),
              std::vector<std::string>{"E-211 backup"});
  }
  const auto with_password = violations(config_of({"set backup to sftp://ann:s3cret@192.0.2.9/"}));
  ASSERT_EQ(with_password.size(), 1U);
  EXPECT_THAT(with_password.front().text, testing::HasSubstr("from character 11"));
  EXPECT_THAT(with_password.front().text, testing::Not(testing::HasSubstr("s3cret")));
}

}  // namespace
}  // namespace yoke::model
