// SPDX-License-Identifier: Apache-2.0
#include "mgmt/system/network_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>

#include "tests/unit/model/random_config.h"
#include "tests/unit/store/store_fixture.h"

namespace yoke::system {
namespace {

using store::must_set;
using testing::HasSubstr;
using testing::Not;

const std::string kOrigin = "# Written by yoke-mgmt from its configuration; edits are lost.\n";

TEST(NetworkFiles, OfNothingConfiguredAreNone) { EXPECT_TRUE(network_files_of({}).empty()); }

TEST(NetworkFiles, SayWhatAnInterfaceIsInTheWordsOfNetworkd) {
  model::Config config;
  must_set(config, {"interface", "wan"},
           {{"address", "192.0.2.5/24,2001:db8::5/64"}, {"mtu", "1400"}});
  must_set(config, {"route", "0.0.0.0/0"}, {{"gateway", "192.0.2.1"}});
  must_set(config, {"route", "2001:db8:1::/48"}, {{"interface", "wan"}, {"metric", "7"}});
  EXPECT_EQ(network_files_of(config),
            (Files{{"network/00-yoke-wan.network", kOrigin + "[Match]\n"
                                                             "Name=wan\n"
                                                             "\n"
                                                             "[Link]\n"
                                                             "MTUBytes=1400\n"
                                                             "ActivationPolicy=up\n"
                                                             "RequiredForOnline=no\n"
                                                             "\n"
                                                             "[Network]\n"
                                                             "KeepConfiguration=yes\n"
                                                             "ConfigureWithoutCarrier=yes\n"
                                                             "LinkLocalAddressing=ipv6\n"
                                                             "IPv6AcceptRA=no\n"
                                                             "DHCP=no\n"
                                                             "Address=192.0.2.5/24\n"
                                                             "Address=2001:db8::5/64\n"
                                                             "\n"
                                                             "[Route]\n"
                                                             "Destination=0.0.0.0/0\n"
                                                             "Gateway=192.0.2.1\n"
                                                             "Metric=1\n"
                                                             "\n"
                                                             "[Route]\n"
                                                             "Destination=2001:db8:1::/48\n"
                                                             "Scope=link\n"
                                                             "Metric=7\n"}}));
}

TEST(NetworkFiles, MakeVlansAndBondsAndNameThemWhereTheyAreCarried) {
  model::Config config;
  must_set(config, {"interface", "eth0"}, {});
  must_set(config, {"interface", "eth0.10"}, {{"parent", "eth0"}, {"vlan", "10"}});
  must_set(config, {"interface", "bond0"}, {{"members", "eth1,eth2"}, {"mode", "802.3ad"}});
  const Files files = network_files_of(config);
  EXPECT_EQ(files.at("network/00-yoke-eth0.10.netdev"),
            kOrigin + "[NetDev]\nName=eth0.10\nKind=vlan\n\n[VLAN]\nId=10\n");
  EXPECT_EQ(files.at("network/00-yoke-bond0.netdev"),
            kOrigin +
                "[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nMode=802.3ad\n"
                "MIIMonitorSec=100ms\nTransmitHashPolicy=layer3+4\n");
  EXPECT_THAT(files.at("network/00-yoke-eth0.network"), HasSubstr("\nVLAN=eth0.10\n"));
  EXPECT_THAT(files.at("network/00-yoke-eth2.network"), HasSubstr("\nBond=bond0\n"));
  EXPECT_THAT(files.at("network/00-yoke-eth2.network"), Not(HasSubstr("LinkLocal")));
  EXPECT_EQ(files.size(), 7U);
  // networkd looks at no interface again whose own file is the same.
  must_set(config, {"interface", "eth0.10"}, {{"vlan", "11"}});
  must_set(config, {"interface", "bond0"}, {{"mode", "active-backup"}});
  const Files others = network_files_of(config);
  for (const char* name : {"network/00-yoke-eth0.network", "network/00-yoke-eth1.network"}) {
    EXPECT_NE(files.at(name), others.at(name));
  }
}

TEST(NetworkFiles, GiveAnInterfaceThatIsNotEnabledNothing) {
  model::Config config;
  must_set(config, {"interface", "wan"},
           {{"address", "192.0.2.5/24"}, {"dhcp", "both"}, {"enabled", "no"}});
  must_set(config, {"route", "0.0.0.0/0"}, {{"gateway", "192.0.2.1"}});
  const std::string text = network_files_of(config).at("network/00-yoke-wan.network");
  EXPECT_THAT(text, HasSubstr("ActivationPolicy=down\n"));
  EXPECT_THAT(text, HasSubstr("DHCP=no\n"));
  EXPECT_THAT(text, Not(HasSubstr("192.0.2")));
}

TEST(NetworkFiles, AskForAddressesByDhcpAndKeepTheUnitsName) {
  model::Config config;
  must_set(config, {"interface", "a"}, {{"dhcp", "ipv4"}});
  must_set(config, {"interface", "b"}, {{"dhcp", "both"}});
  const Files files = network_files_of(config);
  EXPECT_THAT(files.at("network/00-yoke-a.network"),
              HasSubstr("IPv6AcceptRA=no\nDHCP=ipv4\n\n[DHCPv4]\nUseDNS=no\n"));
  EXPECT_THAT(files.at("network/00-yoke-a.network"), Not(HasSubstr("DHCPv6")));
  const std::string& both = files.at("network/00-yoke-b.network");
  EXPECT_THAT(both, HasSubstr("IPv6AcceptRA=yes\nDHCP=yes\n\n[DHCPv4]\n"));
  EXPECT_THAT(both, HasSubstr("\n[DHCPv6]\nUseDNS=no\nUseNTP=no\nUseHostname=no\n"));
  EXPECT_THAT(both, HasSubstr("\n[IPv6AcceptRA]\nUseDNS=no\n"));
}

TEST(NetworkFiles, PutARouteWhereItsGatewayIsAndTakeAnyonesWordForIt) {
  model::Config config;
  must_set(config, {"interface", "a"}, {{"address", "10.0.0.5/8"}});
  must_set(config, {"interface", "b"}, {{"address", "10.1.0.5/16"}});
  const auto set = [&](const model::Fields& fields) {
    (void)config.remove({{"route", "0.0.0.0/0"}});
    must_set(config, {"route", "0.0.0.0/0"}, fields);
    return interface_of_route(config, {{"route", "0.0.0.0/0"}});
  };
  EXPECT_EQ(set({{"gateway", "10.1.0.1"}}), "b");
  EXPECT_EQ(set({{"gateway", "10.2.0.1"}}), "a");
  EXPECT_EQ(set({{"gateway", "192.0.2.1"}}), "");
  EXPECT_EQ(set({{"gateway", "192.0.2.1"}, {"interface", "b"}}), "b");
  EXPECT_THAT(network_files_of(config).at("network/00-yoke-b.network"),
              HasSubstr("Gateway=192.0.2.1\nGatewayOnLink=yes\n"));
}

// Whoever changes a line here changes what the machine takes.
TEST(NetworkFiles, AreWhatTheMachineTakes) {
  store::TempFolder temp;
  const std::string file = temp.file("file");
  const auto takes = [&](const std::string& name, const std::string& text) {
    store::write_file(file, text);
    const auto from = name.find("yoke-") + 5;
    const auto dot = name.rfind('.');
    const std::string command = "LC_ALL=C YOKE_KIND=" + name.substr(dot + 1) +
                                " YOKE_NAME=" + name.substr(from, dot - from) +
                                " awk -f " YOKE_SOURCE_DIR "/image/system/network_file.awk " + file;
    return std::system(command.c_str()) == 0;
  };
  for (unsigned seed = 0; seed < 30; ++seed) {
    for (const auto& [name, text] : network_files_of(model::testing::RandomConfig(seed).config())) {
      EXPECT_TRUE(takes(name, text)) << name << "\n" << text;
      EXPECT_FALSE(takes(name, text + "DNS=192.0.2.1\n"));
    }
  }
  EXPECT_FALSE(takes("network/00-yoke-a.network", "[Network]\nDHCP=no\n")) << "of all interfaces";
}

TEST(NetworkFiles, AreTakenWholeAlone) {
  store::TempFolder temp;
  const std::string file = temp.file("file");
  const auto takes = [&](const std::string& text) {
    store::write_file(file, text);
    const std::string command = "LC_ALL=C YOKE_KIND=network YOKE_NAME=a awk -f " YOKE_SOURCE_DIR
                                "/image/system/network_file.awk " +
                                file;
    return std::system(command.c_str()) == 0;
  };
  model::Config config;
  must_set(config, {"interface", "a"}, {{"dhcp", "both"}});
  const std::string text = network_files_of(config).at("network/00-yoke-a.network");
  EXPECT_TRUE(takes(text));
  // All that a line of it would leave to networkd's defaults.
  std::size_t needed = 0;
  for (std::size_t at = 0, end = 0; at < text.size(); at = end + 1) {
    end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    const bool is_needed = line.starts_with("Use") || line.starts_with("DHCP=") ||
                           line.starts_with("KeepConf") || line.starts_with("Required") ||
                           line.starts_with("IPv6AcceptRA=");
    needed += is_needed ? 1 : 0;
    if (!is_needed) continue;
    EXPECT_FALSE(takes(std::string(text).erase(at, line.size() + 1))) << line;
  }
  EXPECT_EQ(needed, 11U);
}

}  // namespace
}  // namespace yoke::system
