// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "dataplane/api/messages.h"

// Random messages for property tests: every field, with the ends of its range more often than
// chance would have them. One seed gives one row of messages.
namespace yoke::api::testing {

class RandomMessages {
 public:
  explicit RandomMessages(unsigned seed) : random_(seed) {}

  Configuration configuration() {
    Configuration made;
    made.revision = number<std::uint64_t>();
    for (auto& byte : made.hash_key) byte = number<std::uint8_t>();
    const std::size_t pools = below(4), vips = below(4);
    for (std::size_t i = 0; i < pools; ++i) made.pools.push_back(pool("pool" + std::to_string(i)));
    for (std::size_t i = 0; i < vips; ++i) made.vips.push_back(vip("vip" + std::to_string(i)));
    for (std::size_t i = below(4); i > 0; --i) {
      made.lists.push_back({"list" + std::to_string(i), prefix_set()});
    }
    for (auto n = below(4); n > 0; --n) made.groups.push_back({text(), one_of<Lease>(2)});
    made.tells_groups = !made.groups.empty() || flag();
    return made;
  }

  ServerStateChange change() {
    return {text(), endpoint(), one_of<ServerState>(3), number<std::uint32_t>()};
  }

  RunningState running() {
    RunningState made{number<std::uint64_t>(), number<std::uint64_t>(), text(), {}};
    for (auto n = below(4); n > 0; --n) made.servers.push_back(change());
    return made;
  }

  GroupLease lease() {
    return {text(), one_of<Lease>(2),        flag(),
            flag(), number<std::uint64_t>(), number<std::uint64_t>(),
            text()};
  }

  Counters counters() {
    Counters made;
    for (auto n = below(3); n > 0; --n) made.workers.push_back(worker());
    for (auto n = below(3); n > 0; --n) made.ports.push_back(port());
    for (auto n = below(3); n > 0; --n) made.vips[text()] = traffic();
    for (auto n = below(3); n > 0; --n) made.servers[text()][endpoint().to_string()] = traffic();
    for (auto n = below(3); n > 0; --n) made.refused[text()][text()] = number<std::uint64_t>();
    made.flows_open = number<std::uint64_t>();
    made.flows_capacity = number<std::uint64_t>();
    return made;
  }

  Connections connections() {
    Connections made;
    for (auto n = below(3); n > 0; --n) {
      made.pools[text()][endpoint().to_string()] = {
          number<std::uint64_t>(), number<std::uint64_t>(), number<std::uint64_t>(),
          number<std::uint64_t>()};
    }
    return made;
  }

  template <typename T>
  T number() {
    constexpr auto kMax = std::numeric_limits<T>::max();
    const std::array<T, 4> ends{0, 1, kMax, static_cast<T>(kMax - 1)};
    return below(3) == 0 ? ends.at(below(4)) : static_cast<T>(random_());
  }
  bool flag() { return below(2) == 1; }
  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

  net::IpAddress address() {
    if (flag()) return net::IpAddress::v4(10, number<std::uint8_t>(), number<std::uint8_t>(), 1);
    std::array<std::uint8_t, 16> octets{0x20, 0x01, 0x0d, 0xb8};
    for (std::size_t i = 4; i < octets.size(); ++i) octets.at(i) = number<std::uint8_t>();
    return net::IpAddress::v6(octets);
  }
  // Of few networks, so that two sets have some in common.
  PrefixSet prefix_set() {
    std::vector<net::Prefix> prefixes;
    for (auto n = below(20); n > 0; --n) {
      const auto third = static_cast<std::uint8_t>(below(16));
      prefixes.push_back({net::IpAddress::v4(10, 0, third, 0), 24});
      prefixes.push_back({net::IpAddress::v6({0x20, 1, 0xd, 0xb8, third}), 48});
    }
    return PrefixSet(std::move(prefixes));
  }
  net::Endpoint endpoint() { return {address(), static_cast<std::uint16_t>(1 + below(65535))}; }

 private:
  template <typename Enum>
  Enum one_of(std::size_t count) {
    return static_cast<Enum>(below(count));
  }

  // What JSON has to escape as well.
  std::string text() {
    static constexpr std::array<const char*, 8> kParts{"a",  "web", "\"", "\\",
                                                       "\n", "{",   "é",  "\x01"};
    std::string made = std::to_string(random_());  // no two alike: some are keys
    for (auto n = below(6); n > 0; --n) made += kParts.at(below(kParts.size()));
    return made;
  }

  Pool pool(std::string name) {
    Pool made{std::move(name), one_of<Method>(2), {}, one_of<Scheduler>(5)};
    for (auto n = below(5); n > 0; --n) {
      made.servers.push_back(
          {endpoint(), number<std::uint16_t>(), one_of<ServerState>(3), number<std::uint32_t>()});
    }
    return made;
  }

  Vip vip(std::string name) {
    const auto protocol = flag() ? net::Protocol::kTcp : net::Protocol::kUdp;
    Vip made{std::move(name), {endpoint(), protocol}, text(), {}, number<std::uint32_t>()};
    for (auto n = below(3); n > 0; --n) made.snat.push_back(address());
    if (flag()) made.allow = text();
    if (flag()) made.deny = text();
    if (flag()) made.group = text();
    made.sync = one_of<FlowSync>(2);
    if (flag()) {
      made.limits = {number<std::uint32_t>(), number<std::uint32_t>(), number<std::uint32_t>(),
                     number<std::uint8_t>(), number<std::uint8_t>()};
    }
    return made;
  }

  TrafficCounters traffic() {
    return {number<std::uint64_t>(), number<std::uint64_t>(), number<std::uint64_t>(),
            number<std::uint64_t>(), number<std::uint64_t>(), number<std::uint64_t>()};
  }

  WorkerCounters worker() {
    WorkerCounters made{number<std::uint64_t>(),
                        number<std::uint64_t>(),
                        number<std::uint64_t>(),
                        number<std::uint64_t>(),
                        number<std::uint64_t>(),
                        number<std::uint64_t>(),
                        {}};
    for (auto n = below(3); n > 0; --n) made.drops[text()] = number<std::uint64_t>();
    return made;
  }

  PortCounters port() {
    PortCounters made{text(), text(), text(), flag()};
    for (auto* field : {&made.rx_packets, &made.tx_packets, &made.rx_bytes, &made.tx_bytes,
                        &made.rx_missed, &made.rx_errors, &made.tx_errors}) {
      *field = number<std::uint64_t>();
    }
    return made;
  }

  std::mt19937_64 random_;
};

}  // namespace yoke::api::testing
