// SPDX-License-Identifier: Apache-2.0
#include "dataplane/control/mirror.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
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

// A network namespace of this process's own, with two twins. It is gone with the process.
class KernelNetwork : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { has_namespace_ = ::unshare(CLONE_NEWNET) == 0; }
  void SetUp() override {
    if (!has_namespace_) GTEST_SKIP() << "a network namespace needs root";
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

  static inline bool has_namespace_ = false;
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

TEST_F(KernelNetwork, ResolvingMakesTheKernelAsk) {
  ASSERT_TRUE(mirror_->set_addresses(1, {*net::Prefix::parse("10.0.0.2/24")}));
  mirror_->resolve(1, ip("10.0.0.77"));
  EXPECT_EQ(std::system("ip neigh show 10.0.0.77 dev lan0 | grep -qE 'INCOMPLETE|FAILED'"), 0);
  EXPECT_TRUE(mirror_->network().neighbors.empty()) << "nobody answers yet";
}

TEST_F(KernelNetwork, NewsLostInAFloodAreFoundAgain) {
  const int smallest = 1;  // the kernel rounds up to its own least
  ASSERT_EQ(::setsockopt(mirror_->fd(), SOL_SOCKET, SO_RCVBUF, &smallest, sizeof smallest), 0);
  std::string batch;
  for (int i = 1; i <= 250; ++i) {
    batch += "neigh add 192.0.2." + std::to_string(i) + " lladdr 02:00:00:00:01:01 dev lan0\n";
  }
  ASSERT_EQ(std::system(("printf '" + batch + "' | ip -batch -").c_str()), 0);
  EXPECT_TRUE(until([](const Network& n) { return n.neighbors.size() == 250; }));
}

// A real message, then cut and garbled: whatever it says, reading it stays within it.
TEST(NetworkMessage, NoBytesAreReadBeyondAMessageOrTakenForMoreThanTheySay) {
  NetlinkRequest route(RTM_NEWROUTE, 0);
  auto& body = route.body<rtmsg>();
  body.rtm_family = AF_INET6;
  body.rtm_type = RTN_UNICAST;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_dst_len = 64;
  const auto network = ip("2001:db8:7::");
  const auto gateway = ip("2001:db8::1");
  route.put(RTA_DST, network.octets());
  std::vector<std::uint8_t> hop(sizeof(rtnexthop) + 4 + 16);
  hop[0] = static_cast<std::uint8_t>(hop.size());
  hop[4] = 7;
  hop[sizeof(rtnexthop)] = 20;
  hop[sizeof(rtnexthop) + 2] = RTA_GATEWAY;
  std::memcpy(hop.data() + sizeof(rtnexthop) + 4, gateway.octets().data(), 16);
  route.put(RTA_MULTIPATH, hop);
  const auto is_seven = [](unsigned ifindex) { return ifindex == 7; };
  const auto whole = read_route(*route.header(), is_seven);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->prefix.to_string(), "2001:db8:7::/64");
  EXPECT_EQ(whole->gateway, gateway);
  EXPECT_FALSE(read_route(*route.header(), [](unsigned) { return false; }));

  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(route.header());
  const std::vector<std::uint8_t> original(bytes, bytes + route.header()->nlmsg_len);
  std::mt19937 random(5);
  for (int round = 0; round < 20000; ++round) {
    const std::size_t length =
        sizeof(nlmsghdr) + random() % (original.size() - sizeof(nlmsghdr) + 1);
    // Memory of exactly this size, so that the sanitizer sees a read beyond it.
    std::vector<std::uint8_t> garbled(original.begin(),
                                      original.begin() + static_cast<std::ptrdiff_t>(length));
    for (int i = 0; i < 3 && round % 2 == 0; ++i) {
      garbled[random() % length] = static_cast<std::uint8_t>(random());
    }
    auto* const header = reinterpret_cast<nlmsghdr*>(garbled.data());
    header->nlmsg_len = static_cast<std::uint32_t>(length);
    (void)read_route(*header, is_seven);
    header->nlmsg_type = RTM_NEWNEIGH;
    (void)read_neighbor(*header);
  }
}

}  // namespace
}  // namespace yoke::control
