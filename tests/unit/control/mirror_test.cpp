// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/mirror.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/limits.h"
#include "hal/base/clock.h"
#include "hal/base/file_descriptor.h"
#include "tests/unit/control/fake_workers.h"

namespace yoke::control {
namespace {

// A TAP device that is up and has a carrier, in this thread's network namespace.
class Twin {
 public:
  explicit Twin(const std::string& name) : fd_(::open("/dev/net/tun", O_RDWR | O_CLOEXEC)) {
    ifreq request{};
    std::memcpy(request.ifr_name, name.data(), name.size());
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    made_ = ::ioctl(fd_.get(), TUNSETIFF, &request) == 0;
    index_ = ::if_nametoindex(name.c_str());
  }
  [[nodiscard]] bool made() const { return made_; }
  [[nodiscard]] unsigned index() const { return index_; }

 private:
  FileDescriptor fd_;
  bool made_ = false;
  unsigned index_ = 0;
};

// Two twins in a network namespace of this thread's own, a new one for each test. It is gone with
// its last user.
class KernelNetwork : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "a network namespace needs root";
    wan_.emplace("wan0");
    lan_.emplace("lan0");
    if (!wan_->made() || !lan_->made()) GTEST_SKIP() << "no TAP device: is there a /dev/net/tun?";
    for (const char* name : {"wan0", "lan0"}) ip_command(std::string("link set ") + name + " up");
    auto opened = Mirror::open({wan_->index(), lan_->index()});
    ASSERT_TRUE(opened) << opened.error().text;
    mirror_.emplace(std::move(*opened));
  }
  static void ip_command(const std::string& words) {
    ASSERT_EQ(std::system(("ip " + words).c_str()), 0) << words;
  }
  // `line`s for `ip -batch`, one for each number below `count`.
  template <typename Line>
  static void ip_batch(int count, Line&& line) {
    std::FILE* const batch = ::popen("ip -batch -", "w");
    ASSERT_NE(batch, nullptr);
    for (int i = 0; i < count; ++i) (void)std::fprintf(batch, "%s\n", line(i).c_str());
    ASSERT_EQ(::pclose(batch), 0);
  }
  static std::string host(int i) { return "192.0.2." + std::to_string(i + 1); }
  // The kernel keeps as few news for us as it ever does.
  void take_few_news() {
    const int smallest = 1;
    ASSERT_EQ(::setsockopt(mirror_->fd(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest), 0);
  }
  // Takes news in until `holds` of the network, for at most five seconds.
  template <typename Holds>
  [[nodiscard]] bool until(Holds&& holds) {
    const auto deadline = MonoClock::now() + std::chrono::seconds(5);
    while (!holds(mirror_->network())) {
      if (MonoClock::now() > deadline) return false;
      pollfd wait{mirror_->fd(), POLLIN, 0};
      (void)::poll(&wait, 1, 100);
      (void)mirror_->update();
    }
    return true;
  }
  // Takes news in until there are none for a while.
  void settle() {
    pollfd wait{mirror_->fd(), POLLIN, 0};
    do {
      if (mirror_->update()) (void)mirror_->network();
    } while (::poll(&wait, 1, 200) > 0);
  }
  static bool has_neighbor(const Network& network, unsigned port, const std::string& address,
                           const std::string& mac) {
    return std::ranges::any_of(network.neighbors, [&](const lb::Neighbor& neighbor) {
      return neighbor.port == port && neighbor.address == ip(address) &&
             neighbor.mac.to_string() == mac;
    });
  }
  static const lb::Route* find(const Network& network, const std::string& prefix) {
    const auto wanted = *net::Prefix::parse(prefix);
    const auto found = std::ranges::find(network.routes, wanted, &lb::Route::prefix);
    return found == network.routes.end() ? nullptr : &*found;
  }

  std::optional<Twin> wan_, lan_;
  std::optional<Mirror> mirror_;
};

TEST_F(KernelNetwork, NeighboursComeChangeAndGo) {
  ip_command("neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev lan0");
  EXPECT_TRUE(
      until([](const Network& n) { return has_neighbor(n, 1, "192.0.2.9", "02:00:00:00:00:09"); }));
  ip_command("neigh replace 192.0.2.9 lladdr 02:00:00:00:00:0a dev lan0 nud stale");
  EXPECT_TRUE(
      until([](const Network& n) { return has_neighbor(n, 1, "192.0.2.9", "02:00:00:00:00:0a"); }));
  ip_command("-6 neigh add 2001:db8::9 lladdr 02:00:00:00:00:0b dev wan0");
  EXPECT_TRUE(until(
      [](const Network& n) { return has_neighbor(n, 0, "2001:db8::9", "02:00:00:00:00:0b"); }));
  ip_command("neigh replace 192.0.2.9 dev lan0 nud failed");
  EXPECT_TRUE(until([](const Network& n) { return n.neighbors.size() == 1; }));
  ip_command("-6 neigh del 2001:db8::9 dev wan0");
  EXPECT_TRUE(until([](const Network& n) { return n.neighbors.empty(); }));
}

TEST_F(KernelNetwork, AddressesBringTheirNetworkAndGatewaysTheDefaultRoute) {
  ASSERT_TRUE(mirror_->set_addresses(
      0, {*net::Prefix::parse("192.0.2.2/24"), *net::Prefix::parse("2001:db8::2/64")}));
  ASSERT_TRUE(mirror_->set_gateways(0, {ip("192.0.2.1"), ip("2001:db8::1")}));
  ASSERT_TRUE(until([](const Network& n) {
    return find(n, "0.0.0.0/0") != nullptr && find(n, "::/0") != nullptr;
  }));
  const auto network = mirror_->network();
  const lb::Route* near = find(network, "192.0.2.0/24");
  ASSERT_NE(near, nullptr);
  EXPECT_FALSE(near->gateway);
  EXPECT_EQ(near->port, 0);
  EXPECT_NE(find(network, "2001:db8::/64"), nullptr);
  EXPECT_EQ(find(network, "0.0.0.0/0")->gateway, ip("192.0.2.1"));
  EXPECT_EQ(find(network, "::/0")->gateway, ip("2001:db8::1"));
  EXPECT_TRUE(mirror_->set_addresses(0, {*net::Prefix::parse("192.0.2.2/24")})) << "a second time";
  EXPECT_TRUE(mirror_->set_gateways(0, {ip("192.0.2.1")}));
  EXPECT_FALSE(mirror_->set_gateways(0, {ip("203.0.113.1")})) << "no way to it";
}

TEST_F(KernelNetwork, OfTwoDefaultRoutesTheFirstPortsWinsAndAPersonsOwnBeforeIt) {
  ASSERT_TRUE(mirror_->set_addresses(0, {*net::Prefix::parse("192.0.2.2/24")}));
  ASSERT_TRUE(mirror_->set_addresses(1, {*net::Prefix::parse("10.0.0.2/24")}));
  ASSERT_TRUE(mirror_->set_gateways(1, {ip("10.0.0.1")}));
  ASSERT_TRUE(mirror_->set_gateways(0, {ip("192.0.2.1")}));
  const auto leads_by = [](const Network& n, unsigned port) {
    const auto hop = lb::Routing(n.routes, n.neighbors).next_hop(ip("8.8.8.8"));
    return hop && hop->port == port;
  };
  EXPECT_TRUE(until([&](const Network& n) { return leads_by(n, 0); }));
  ip_command("route add default via 10.0.0.1 metric 5");
  EXPECT_TRUE(until([&](const Network& n) { return leads_by(n, 1); }));
}

TEST_F(KernelNetwork, RoutesThatAreNotForPacketsAreLeftOut) {
  ASSERT_TRUE(mirror_->set_addresses(0, {*net::Prefix::parse("192.0.2.2/24")}));
  ip_command("link set lo up");
  ip_command("route add blackhole 198.51.100.0/24");
  ip_command("route add 198.51.101.0/24 dev lo");
  ip_command("route add 198.51.102.0/24 dev wan0 table 77");
  ip_command("route add 198.51.103.0/24 nexthop dev lo nexthop via 192.0.2.7 dev wan0");
  ASSERT_TRUE(until([](const Network& n) { return find(n, "198.51.103.0/24") != nullptr; }));
  const auto network = mirror_->network();
  EXPECT_EQ(find(network, "198.51.103.0/24")->gateway, ip("192.0.2.7"));
  for (const char* other : {"198.51.100.0/24", "198.51.101.0/24", "198.51.102.0/24"}) {
    EXPECT_EQ(find(network, other), nullptr) << other;
  }
}

TEST_F(KernelNetwork, ATwinSetDownTakesItsRoutesWithIt) {
  ASSERT_TRUE(mirror_->set_addresses(1, {*net::Prefix::parse("10.0.0.2/24")}));
  ASSERT_TRUE(until([](const Network& n) { return find(n, "10.0.0.0/24") != nullptr; }));
  ip_command("link set lan0 down");
  EXPECT_TRUE(until([](const Network& n) { return find(n, "10.0.0.0/24") == nullptr; }));
}

// Whoever gives a twin more addresses may take back one that is the board file's as well.
TEST_F(KernelNetwork, WhatSomebodyTookAwayIsSetAgainAndTheRestLeft) {
  const std::vector<net::Prefix> addresses{*net::Prefix::parse("192.0.2.2/24"),
                                           *net::Prefix::parse("2001:db8::2/64")};
  const std::vector<net::IpAddress> gateways{ip("192.0.2.1"), ip("2001:db8::1")};
  const auto is_whole = [](const Network& n) {
    return n.addresses.size() >= 2 && find(n, "0.0.0.0/0") != nullptr && find(n, "::/0") != nullptr;
  };
  mirror_->keep(0, addresses, gateways);
  ASSERT_TRUE(until(is_whole));
  ip_command("address del 192.0.2.2/24 dev wan0");
  ip_command("-6 route del default dev wan0");
  ASSERT_TRUE(until([](const Network& n) {
    return find(n, "0.0.0.0/0") == nullptr && find(n, "::/0") == nullptr;
  }));
  mirror_->keep(0, addresses, gateways);
  ASSERT_TRUE(until(is_whole));
  mirror_->keep(0, addresses, gateways);
  EXPECT_FALSE(mirror_->update()) << "nothing was missing, so nothing is set";
}

TEST_F(KernelNetwork, AnIpv6AddressIsThereWhateverItsNetwork) {
  ip_command("address add 2001:db8::2/48 dev wan0 nodad");
  settle();
  mirror_->keep(0, {*net::Prefix::parse("2001:db8::2/64")}, {});
  EXPECT_FALSE(mirror_->update());
}

TEST_F(KernelNetwork, WhatIsNotThereAlthoughItWasSetIsGivenUp) {
  const std::vector<net::Prefix> never_seen{*net::Prefix::parse("127.0.0.9/8")};
  const auto is_tried = [&] {
    ip_command("address flush dev wan0");
    settle();
    mirror_->keep(0, never_seen, {});
    return mirror_->update();
  };
  EXPECT_TRUE(is_tried());
  for (int i = 0; i < 5; ++i) (void)is_tried();
  EXPECT_FALSE(is_tried());
}

TEST_F(KernelNetwork, ResolvingMakesTheKernelAsk) {
  ASSERT_TRUE(mirror_->set_addresses(1, {*net::Prefix::parse("10.0.0.2/24")}));
  mirror_->resolve(1, ip("10.0.0.77"));
  EXPECT_EQ(std::system("ip neigh show 10.0.0.77 dev lan0 | grep -qE 'INCOMPLETE|FAILED'"), 0);
  EXPECT_TRUE(mirror_->network().neighbors.empty()) << "nobody answers yet";
}

TEST_F(KernelNetwork, AddressesAreKnownWhoeverSetThem) {
  ASSERT_TRUE(mirror_->set_addresses(0, {*net::Prefix::parse("192.0.2.2/24")}));
  ip_command("addr add 2001:db8::7/64 dev lan0 nodad");
  ip_command("link set lo up");
  const auto has = [](const Network& n, const LocalAddress& address) {
    return std::ranges::find(n.addresses, address) != n.addresses.end();
  };
  const LocalAddress near{0, *net::Prefix::parse("192.0.2.2/24")};
  const LocalAddress far{1, *net::Prefix::parse("2001:db8::7/64")};
  EXPECT_TRUE(until([&](const Network& n) { return has(n, near) && has(n, far); }));
  const auto addresses = mirror_->network().addresses;
  EXPECT_TRUE(std::ranges::is_sorted(addresses));
  EXPECT_TRUE(std::ranges::none_of(
      addresses, [](const LocalAddress& a) { return a.prefix.address.is_loopback(); }));
  ip_command("addr del 2001:db8::7/64 dev lan0");
  EXPECT_TRUE(until([&](const Network& n) { return has(n, near) && !has(n, far); }));
}

TEST_F(KernelNetwork, WhatIsThereAlreadyIsKnownFromTheStart) {
  ip_command("addr add 10.0.0.2/24 dev lan0");
  ip_command("route add 198.51.100.0/24 via 10.0.0.1");
  ip_command("neigh add 10.0.0.1 lladdr 02:00:00:00:00:01 dev lan0");
  auto late = Mirror::open({wan_->index(), lan_->index()});
  ASSERT_TRUE(late) << late.error().text;
  const auto network = late->network();
  EXPECT_TRUE(has_neighbor(network, 1, "10.0.0.1", "02:00:00:00:00:01"));
  ASSERT_NE(find(network, "198.51.100.0/24"), nullptr);
  EXPECT_EQ(find(network, "198.51.100.0/24")->gateway, ip("10.0.0.1"));
  EXPECT_FALSE(network.addresses.empty());
}

TEST_F(KernelNetwork, NewsLostInAFloodAreFoundAgain) {
  take_few_news();
  ip_batch(250,
           [](int i) { return "neigh add " + host(i) + " lladdr 02:00:00:00:01:01 dev lan0"; });
  EXPECT_TRUE(until([](const Network& n) { return n.neighbors.size() == 250; }));
}

TEST_F(KernelNetwork, WhatWasToldBeforeALossDoesNotReplaceWhatWasReadAfterIt) {
  take_few_news();
  ip_batch(250,
           [](int i) { return "neigh add " + host(i) + " lladdr 02:00:00:00:0a:0a dev lan0"; });
  ip_batch(250,
           [](int i) { return "neigh replace " + host(i) + " lladdr 02:00:00:00:0b:0b dev lan0"; });
  const auto are_new = [](const Network& n) {
    return n.neighbors.size() == 250 &&
           std::ranges::all_of(n.neighbors, [](const lb::Neighbor& neighbor) {
             return neighbor.mac.to_string() == "02:00:00:00:0b:0b";
           });
  };
  EXPECT_TRUE(until(are_new));
  while (mirror_->update()) {
    (void)mirror_->network();
  }
  EXPECT_TRUE(are_new(mirror_->network())) << "and stays so";
}

TEST_F(KernelNetwork, RoutesBeyondTheBoundAreLeftOutUntilThereIsRoom) {
  ASSERT_TRUE(mirror_->set_addresses(1, {*net::Prefix::parse("10.0.0.2/24")}));
  const auto route = [](int i) {
    return "172.16." + std::to_string(i / 256) + "." + std::to_string(i % 256) + "/32";
  };
  const int surplus = static_cast<int>(limits::kRoutes) + 10;
  ip_batch(surplus, [&](int i) { return "route add " + route(i) + " dev lan0"; });
  EXPECT_TRUE(until([](const Network& n) { return n.routes.size() == limits::kRoutes; }));
  ip_batch(surplus - 5, [&](int i) { return "route del " + route(i) + " dev lan0"; });
  EXPECT_TRUE(until([&](const Network& n) {
    return find(n, route(surplus - 1)) != nullptr && find(n, "10.0.0.0/24") != nullptr;
  }));
}

TEST_F(KernelNetwork, NeighboursBeyondTheBoundAreLeftOutUntilThereIsRoom) {
  const auto neighbor = [](int i) {
    return "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
           std::to_string(i % 256);
  };
  const int surplus = static_cast<int>(limits::kNeighbors) + 10;
  ip_batch(surplus, [&](int i) {
    return "neigh add " + neighbor(i) + " lladdr 02:00:00:00:00:01 dev lan0";
  });
  ASSERT_TRUE(until([](const Network& n) { return n.neighbors.size() == limits::kNeighbors; }));
  const auto gone = mirror_->network().neighbors.front().address;
  std::vector<net::IpAddress> left_out;
  std::set<net::IpAddress> known;
  for (const auto& one : mirror_->network().neighbors) known.insert(one.address);
  for (int i = 0; i < surplus; ++i) {
    if (!known.contains(ip(neighbor(i)))) left_out.push_back(ip(neighbor(i)));
  }
  ASSERT_EQ(left_out.size(), 10u);
  ip_command("neigh del " + gone.to_string() + " dev lan0");
  EXPECT_TRUE(until([&](const Network& n) {
    return n.neighbors.size() == limits::kNeighbors &&
           std::ranges::any_of(n.neighbors, [&](const lb::Neighbor& one) {
             return std::ranges::find(left_out, one.address) != left_out.end();
           });
  }));
}

// A dump that changes under way is begun anew, which the kernel refuses until the torn one is over.
TEST_F(KernelNetwork, TablesThatChangeWhileTheyAreReadAreReadWhole) {
  constexpr int kFixed = 2000;
  const auto address = [](int i) {
    return "10." + std::to_string(i / 65536) + "." + std::to_string(i / 256 % 256) + "." +
           std::to_string(i % 256);
  };
  ip_batch(kFixed, [&](int i) { return "addr add " + address(i + 256) + "/32 dev lan0"; });
  std::atomic<bool> ended = false;
  std::thread restless([&] {
    auto other = Mirror::open({wan_->index()});
    while (!ended && other) {
      EXPECT_TRUE(other->set_addresses(0, {{ip("172.16.0.0"), 32}}));
      EXPECT_EQ(std::system("ip addr del 172.16.0.0/32 dev wan0"), 0);
    }
  });
  for (int round = 0; round < 40; ++round) {
    auto opened = Mirror::open({wan_->index(), lan_->index()});
    EXPECT_TRUE(opened) << opened.error().text;
    if (!opened) break;
    mirror_ = std::move(*opened);
    EXPECT_TRUE(until([](const Network& n) {
      return std::ranges::count(n.addresses, 1, &LocalAddress::port) >= kFixed;
    }));
  }
  ended = true;
  restless.join();
}

}  // namespace
}  // namespace yoke::control
