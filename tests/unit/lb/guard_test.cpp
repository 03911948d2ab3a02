// SPDX-License-Identifier: Apache-2.0
// Lists and limits of a VIP as packets meet them.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/lb/rig.h"

namespace yoke::lb {
namespace {

using net::Drop;

std::shared_ptr<const PrefixTable> list(const std::vector<std::string>& texts) {
  std::vector<net::Prefix> prefixes;
  for (const auto& text : texts) prefixes.push_back(*net::Prefix::parse(text));
  return std::make_shared<PrefixTable>(prefixes);
}

// Every combination of family, method and protocol that the rig has a service for.
struct Case {
  const char* vip;
  std::uint8_t protocol;
};
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* vip : {kNatV4, kNatV6, kDsrV4, kDsrV6}) {
    for (const std::uint8_t protocol : {std::uint8_t{6}, std::uint8_t{17}}) {
      all.push_back({vip, protocol});
    }
  }
  return all;
}

class Guards : public ::testing::Test {
 protected:
  void guard(const Guard& guard) { rig_.guard_all(guard); }
  // A new flow from `source` (the family's usual one if empty).
  bool opens(const Case& c, std::uint16_t port, const std::string& source = "") {
    auto spec = to_vip(c.vip, c.protocol, port);
    if (!source.empty()) spec.source = source;
    return rig_.send(spec).verdict.action == Action::kForward;
  }
  std::uint64_t refused(Drop reason) {
    std::uint64_t sum = 0;
    for (const auto& service : rig_.counters_.refusals) {
      sum += service.by_reason[net::refusal_index(reason)].value();
    }
    EXPECT_EQ(sum, rig_.drops(reason)) << "those of VIPs and those of the worker are the same";
    return sum;
  }

  Rig rig_;
};

TEST_F(Guards, WhoIsDeniedOpensNothingAndOthersDo) {
  guard({.deny = list({"198.51.100.0/24", "2001:db8:bad::/48"})});
  std::uint64_t expected = 0;
  for (const Case& c : cases()) {
    const bool v6 = std::string(c.vip).find(':') != std::string::npos;
    EXPECT_FALSE(opens(c, 40000, v6 ? "2001:db8:bad::1" : "198.51.100.7")) << c.vip;
    EXPECT_EQ(refused(Drop::kDenied), ++expected);
    EXPECT_TRUE(opens(c, 40001, v6 ? "2001:db8:7::7" : "203.0.113.99")) << c.vip;
  }
}

TEST_F(Guards, WithAnAllowListWhoIsNotInItIsRefusedAndDenyWins) {
  guard({.allow = list({"198.51.100.0/24"}), .deny = list({"198.51.100.66/32"})});
  const Case c{kNatV4, 6};
  EXPECT_TRUE(opens(c, 40000, "198.51.100.7"));
  EXPECT_FALSE(opens(c, 40000, "203.0.113.99"));
  EXPECT_EQ(refused(Drop::kNotAllowed), 1U);
  EXPECT_FALSE(opens(c, 40000, "198.51.100.66"));
  EXPECT_EQ(refused(Drop::kDenied), 1U);
}

TEST_F(Guards, ASegmentOfAConnectionThatIsNotKnownIsDeniedToo) {
  guard({.deny = list({"198.51.100.0/24"})});
  for (const char* vip : {kNatV4, kDsrV4}) {
    auto spec = to_vip(vip);
    spec.source = "198.51.100.7";
    spec.tcp_flags = kTcpAck;
    EXPECT_EQ(rig_.send(spec).verdict.action, Action::kDrop);
  }
  EXPECT_EQ(refused(Drop::kDenied), 2U);
}

TEST_F(Guards, FlowsOfWhoIsDeniedNowEndWithTheNextSweepAndNoOthers) {
  for (const Case& c : cases()) {
    const bool v6 = std::string(c.vip).find(':') != std::string::npos;
    EXPECT_TRUE(opens(c, 40000, v6 ? "2001:db8:bad::1" : "198.51.100.7"));
    EXPECT_TRUE(opens(c, 40001, v6 ? "2001:db8:7::7" : "203.0.113.99"));
  }
  const auto open = rig_.flows_.size();
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
  EXPECT_EQ(rig_.flows_.size(), open);

  guard({.deny = list({"198.51.100.0/24", "2001:db8:bad::/48"})});
  // A flow that is open goes on until it is looked at: what is asked is the flow table alone.
  auto more = to_vip(kNatV4, 6, 40000);
  more.source = "198.51.100.7";
  more.tcp_flags = kTcpAck;
  EXPECT_EQ(rig_.send(more).verdict.action, Action::kForward);
  // In pieces, as a worker does it.
  for (std::uint32_t i = 0; i < rig_.flows_.capacity(); i += 100) {
    rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, 100);
  }
  EXPECT_EQ(rig_.flows_.size(), open - cases().size());
  EXPECT_EQ(rig_.send(more).verdict.action, Action::kDrop);
  EXPECT_EQ(refused(Drop::kDenied), 1U);
  auto other = to_vip(kNatV4, 6, 40001);
  other.source = "203.0.113.99";
  other.tcp_flags = kTcpAck;
  EXPECT_EQ(rig_.send(other).verdict.action, Action::kForward);
}

TEST_F(Guards, AChangeInTheMiddleOfALookBeginsItAnew) {
  const Case c{kNatV4, 6};
  EXPECT_TRUE(opens(c, 40000, "198.51.100.7"));
  guard({.deny = list({"203.0.113.0/24"})});
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity() - 1);
  guard({.deny = list({"198.51.100.0/24"})});
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
  EXPECT_EQ(rig_.flows_.size(), 0U);
}

TEST_F(Guards, NoMoreFlowsAreOpenThanMayBe) {
  guard({.max_flows = 3});
  for (const Case& c : cases()) {
    for (std::uint16_t i = 0; i < 5; ++i) {
      EXPECT_EQ(opens(c, static_cast<std::uint16_t>(40000 + i)), i < 3) << c.vip;
    }
  }
  EXPECT_EQ(refused(Drop::kVipLimit), 2 * cases().size());
  // Those that are open go on, and one that ends makes room.
  const Case c{kNatV4, 6};
  EXPECT_TRUE(opens(c, 40000)) << "a SYN that comes again is no new flow";
  EXPECT_FALSE(opens(c, 40009));
  rig_.now_ += 1'000'000'000;
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
  EXPECT_TRUE(opens(c, 40009));
}

// They are remembered for minutes.
TEST_F(Guards, ConnectionsThatAreClosedDoNotCount) {
  guard({.max_flows = 3});
  for (const Case& c : {Case{kNatV4, 6}, Case{kDsrV4, 6}}) {
    for (std::uint16_t port = 40000; port < 40020; ++port) {
      EXPECT_TRUE(opens(c, port)) << c.vip << ' ' << port;
      auto end = to_vip(c.vip, 6, port);
      end.tcp_flags = kTcpRst;
      (void)rig_.send(end);
    }
    for (std::uint16_t port = 41000; port < 41005; ++port) {
      EXPECT_EQ(opens(c, port), port < 41003) << c.vip << ' ' << port;
    }
  }
}

TEST_F(Guards, FlowsOfOtherWorkersCount) {
  WorkerCounters other;
  Admission admission({&rig_.counters_, &other});
  other.loads[4].begun.add(7);
  other.loads[4].ended.add(2);
  const Guard guard{.max_flows = 5};
  EXPECT_EQ(admission.refuses(guard, 4, ip("198.51.100.7"), {}, 0), Drop::kVipLimit);
  other.loads[4].ended.add();
  EXPECT_EQ(admission.refuses(guard, 4, ip("198.51.100.7"), {}, 0), std::nullopt);
}

TEST_F(Guards, FlowsOfAVipThatIsGoneDoNotCountForTheOneInItsPlace) {
  guard({.max_flows = 3});
  const Case c{kNatV4, 6};
  for (std::uint16_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(opens(c, static_cast<std::uint16_t>(40000 + i)));
  }
  for (Service& service : rig_.snapshot_.services) ++service.incarnation;
  rig_.rebuild();
  rig_.pipeline_.sweep(rig_.snapshot_, rig_.now_, kEveryGroup, rig_.flows_.capacity());
  for (std::uint16_t i = 0; i < 5; ++i) {
    EXPECT_EQ(opens(c, static_cast<std::uint16_t>(41000 + i)), i < 3);
  }
}

TEST_F(Guards, NewFlowsASecondAreLimitedAndRetriesOfOneAreNot) {
  guard({.flow_interval = RateLimiter::interval(10)});
  for (const Case& c : cases()) {
    unsigned opened = 0;
    for (std::uint16_t i = 0; i < 30; ++i) {
      opened += opens(c, static_cast<std::uint16_t>(40000 + i)) ? 1U : 0U;
    }
    EXPECT_EQ(opened, 10U) << c.vip;
    EXPECT_TRUE(opens(c, 40000)) << "it is open";
  }
  EXPECT_EQ(refused(Drop::kVipRate), 20 * cases().size());
  rig_.now_ += 500;
  unsigned opened = 0;
  for (std::uint16_t i = 0; i < 30; ++i) {
    opened += opens({kNatV4, 6}, static_cast<std::uint16_t>(41000 + i)) ? 1U : 0U;
  }
  EXPECT_EQ(opened, 5U);
}

TEST_F(Guards, AClientsNewFlowsAreLimitedAndOthersAreServed) {
  const auto mask = net::Prefix{ip("2001:db8::"), 64}.mask();
  guard({.flow_interval = RateLimiter::interval(6),
         .client_interval = RateLimiter::interval(3),
         .client_mask = mask});
  const Case c{kNatV6, 6};
  unsigned opened = 0;
  for (std::uint16_t i = 0; i < 9; ++i) {
    const std::string from = "2001:db8:7::" + std::to_string(i + 1);  // one client: a /64
    opened += opens(c, static_cast<std::uint16_t>(40000 + i), from) ? 1U : 0U;
  }
  EXPECT_EQ(opened, 3U);
  EXPECT_EQ(refused(Drop::kClientRate), 6U);
  for (std::uint16_t i = 0; i < 3; ++i) {
    EXPECT_TRUE(opens(c, static_cast<std::uint16_t>(40000 + i), "2001:db8:8::1"))
        << "what one was refused took nothing of the VIP's";
  }
  EXPECT_FALSE(opens(c, 40000, "2001:db8:9::1"));
  EXPECT_EQ(refused(Drop::kVipRate), 1U);
}

TEST_F(Guards, ACommitDoesNotFillTheBuckets) {
  const Guard limits{.flow_interval = RateLimiter::interval(2),
                     .client_interval = RateLimiter::interval(2),
                     .client_mask = net::Prefix{ip("10.0.0.1"), 32}.mask()};
  const Case c{kNatV4, 6};
  guard(limits);
  EXPECT_TRUE(opens(c, 40000));
  EXPECT_TRUE(opens(c, 40001));
  guard(limits);
  rig_.rebuild();
  EXPECT_FALSE(opens(c, 40002));
}

TEST_F(Guards, DatagramsThatMoveFromALostServerAndSegmentsDsrMeetsAreNotLimited) {
  guard({.max_flows = 1, .flow_interval = RateLimiter::interval(1)});
  EXPECT_TRUE(opens({kNatV4, 17}, 40000));
  rig_.set_state(ServerState::kDown, 0), rig_.set_state(ServerState::kDown, 1);
  EXPECT_TRUE(opens({kNatV4, 17}, 40000));
  rig_.set_state(ServerState::kUp, 0), rig_.set_state(ServerState::kUp, 1);
  rig_.set_state(ServerState::kDown, 2);
  EXPECT_TRUE(opens({kNatV4, 17}, 40000));
  for (std::uint16_t i = 0; i < 4; ++i) {
    auto spec = to_vip(kDsrV4, 6, static_cast<std::uint16_t>(40000 + i));
    spec.tcp_flags = kTcpAck;
    EXPECT_EQ(rig_.send(spec).verdict.action, Action::kForward);
  }
}

TEST_F(Guards, APingIsAnsweredToWhomAServiceAtTheAddressTakes) {
  test::PacketSpec spec = to_vip(kNatV4);
  const auto ping = [&](const char* source) {
    spec.source = source;
    return rig_.send(test::make_echo_request(spec)).verdict.action;
  };
  EXPECT_EQ(ping("198.51.100.7"), Action::kReply);
  guard({.deny = list({"198.51.100.0/24"})});
  EXPECT_EQ(ping("198.51.100.7"), Action::kDrop);
  EXPECT_EQ(rig_.drops(Drop::kDenied), 1U);
  EXPECT_EQ(ping("203.0.113.99"), Action::kReply);
  // One service there has no lists: it takes everybody.
  const Guard denies{.deny = list({"198.51.100.0/24"})};
  rig_.snapshot_.echo =
      EchoTable(rig_.snapshot_.hash_key, {{ip(kNatV4), &denies}, {ip(kNatV4), nullptr}});
  EXPECT_EQ(ping("198.51.100.7"), Action::kReply);
  // A thousand services of one list are one look; where each has its own, there is none.
  std::vector<std::pair<net::IpAddress, const Guard*>> alike(1000, {ip(kNatV4), &denies});
  rig_.snapshot_.echo = EchoTable(rig_.snapshot_.hash_key, alike);
  EXPECT_EQ(ping("198.51.100.7"), Action::kDrop);
  std::vector<Guard> guards(EchoTable::kListsMax + 1);
  for (Guard& guard : guards) guard.deny = list({"198.51.100.0/24"});
  for (const std::size_t count : {EchoTable::kListsMax, EchoTable::kListsMax + 1}) {
    std::vector<std::pair<net::IpAddress, const Guard*>> different;
    for (std::size_t i = 0; i < count; ++i) different.emplace_back(ip(kNatV4), &guards[i]);
    rig_.snapshot_.echo = EchoTable(rig_.snapshot_.hash_key, different);
    EXPECT_EQ(ping("198.51.100.7"), count > EchoTable::kListsMax ? Action::kReply : Action::kDrop);
  }
}

}  // namespace
}  // namespace yoke::lb
