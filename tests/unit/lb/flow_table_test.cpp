// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/flow_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "dataplane/lb/flow_index.h"

namespace yoke::lb {
namespace {

// Hashes drawn from few values make buckets overflow and tags collide far more often than traffic.
TEST(FlowIndex, FindsWhatANaiveMapFindsUnderInsertionAndErasure) {
  for (const unsigned hash_bits : {32U, 20U, 6U}) {
    std::mt19937 random(hash_bits);
    FlowIndex index(2000);
    std::map<FlowIndex::Reference, std::uint32_t> naive;  // reference -> hash
    unsigned refused = 0;
    for (int i = 0; i < 60000; ++i) {
      const auto reference = static_cast<FlowIndex::Reference>(1 + random() % 1900);
      const auto it = naive.find(reference);
      if (it == naive.end()) {
        const auto hash =
            static_cast<std::uint32_t>(random() & ((std::uint64_t{1} << hash_bits) - 1));
        if (index.insert(hash, reference)) {
          naive[reference] = hash;
        } else {
          ++refused;
        }
      } else if (random() % 2 == 0) {
        index.erase(it->second, reference);
        naive.erase(it);
      }
      const auto probe = static_cast<FlowIndex::Reference>(1 + random() % 1900);
      const auto known = naive.find(probe);
      if (known != naive.end()) {
        EXPECT_EQ(index.find(known->second, [&](auto r) { return r == probe; }), probe);
      }
    }
    for (const auto& [reference, hash] : naive) {
      const FlowIndex::Reference wanted = reference;
      ASSERT_EQ(index.find(hash, [&](auto r) { return r == wanted; }), wanted) << hash_bits;
    }
    // With few distinct hashes a pair of buckets fills up; with full ones nothing is ever refused.
    if (hash_bits == 32) {
      EXPECT_EQ(refused, 0U);
    }
  }
}

TEST(FlowIndex, TakesAllThatItWasMadeFor) {
  std::mt19937 random(1);
  for (const std::uint32_t size : {1U, 9U, 100U, 20000U, 300000U}) {
    FlowIndex index(size);
    for (std::uint32_t r = 1; r <= size; ++r) {
      ASSERT_TRUE(index.insert(static_cast<std::uint32_t>(random()), r)) << size << " at " << r;
    }
  }
}

TEST(FlowIndex, NothingIsFoundOnceErased) {
  FlowIndex index(100);
  for (std::uint32_t r = 1; r <= 40; ++r) ASSERT_TRUE(index.insert(7, r) || r > 20);
  for (std::uint32_t r = 1; r <= 40; ++r) index.erase(7, r);
  EXPECT_EQ(index.find(7, [](auto) { return true; }), 0U);
  EXPECT_EQ(index.guess(7), 0U);
}

Snapshot snapshot_with(unsigned services, unsigned servers) {
  Snapshot snapshot;
  for (unsigned i = 0; i < services; ++i) {
    Service service;
    service.address = net::IpAddress::v4(203, 0, 113, static_cast<std::uint8_t>(i));
    service.port = net::Be16::from_host(80);
    service.protocol = i % 2 == 0 ? net::Protocol::kTcp : net::Protocol::kUdp;
    service.incarnation = static_cast<std::uint16_t>(i + 1);
    snapshot.services.push_back(service);
  }
  for (unsigned i = 0; i < servers; ++i) {
    Server server;
    server.address = net::IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(i));
    server.port = net::Be16::from_host(8080);
    server.incarnation = static_cast<std::uint16_t>(i + 1);
    snapshot.servers.push_back(server);
  }
  return snapshot;
}

struct Tuples {
  FlowTuple client, server;
};
Tuples tuples_of(const Flow& flow, const Snapshot& snapshot) {
  const Service& service = snapshot.services[flow.service];
  const Server& server = snapshot.servers[flow.server];
  return {{flow.client, service.address, flow.client_port, service.port, service.protocol},
          {server.address, flow.snat, server.port, flow.snat_port, service.protocol}};
}

TEST(FlowTable, BothDirectionsFindTheFlowThatANaiveMapFinds) {
  std::mt19937 random(3);
  const Snapshot snapshot = snapshot_with(4, 5);
  const HashKey key;
  FlowTable table(500);
  std::map<std::string, Flow> naive;  // by client tuple, spelled out
  const auto name = [](const FlowTuple& t) {
    return t.source.to_string() + "/" + std::to_string(t.source_port.host()) + ">" +
           t.destination.to_string() + "/" + std::to_string(static_cast<int>(t.protocol));
  };
  for (int i = 0; i < 20000; ++i) {
    Flow flow{};
    flow.client = net::IpAddress::v4(198, 51, 100, static_cast<std::uint8_t>(random() % 40));
    flow.client_port = net::Be16::from_host(static_cast<std::uint16_t>(random() % 20));
    flow.service = static_cast<std::uint16_t>(random() % 4);
    flow.service_incarnation = snapshot.services[flow.service].incarnation;
    flow.server = static_cast<std::uint16_t>(random() % 5);
    flow.server_incarnation = snapshot.servers[flow.server].incarnation;
    flow.is_tcp = flow.service % 2 == 0 ? 1 : 0;
    flow.is_nat = random() % 2 == 0 ? 1 : 0;
    flow.snat = net::IpAddress::v4(203, 0, 113, 200);
    flow.snat_port = net::Be16::from_host(static_cast<std::uint16_t>(i % 60000 + 1024));
    const Tuples tuples = tuples_of(flow, snapshot);
    flow.client_hash = static_cast<std::uint32_t>(flow_hash(key, tuples.client));
    flow.server_hash = static_cast<std::uint32_t>(flow_hash(key, tuples.server));
    const auto found = table.find(flow.client_hash, tuples.client, snapshot);
    const auto known = naive.find(name(tuples.client));
    ASSERT_EQ(found.flow != nullptr, known != naive.end());
    if (known == naive.end()) {
      Flow* inserted = table.insert(flow);
      ASSERT_EQ(inserted != nullptr, naive.size() < table.capacity());
      if (inserted != nullptr) naive[name(tuples.client)] = flow;
    } else {
      EXPECT_EQ(found.side, FlowTable::Side::kClient);
      EXPECT_EQ(found.flow->snat_port, known->second.snat_port);
      if (known->second.is_nat != 0) {
        const Tuples both = tuples_of(known->second, snapshot);
        const auto back = table.find(known->second.server_hash, both.server, snapshot);
        ASSERT_EQ(back.flow, found.flow);
        EXPECT_EQ(back.side, FlowTable::Side::kServer);
      }
      if (random() % 2 == 0) {
        table.erase(found.flow);
        naive.erase(known);
      }
    }
    ASSERT_EQ(table.size(), naive.size());
  }
}

TEST(FlowTable, AFlowIsNotTakenForOneOfAServerOrServiceThatFollowedInItsSlot) {
  Snapshot snapshot = snapshot_with(1, 1);
  const HashKey key;
  FlowTable table(10);
  Flow flow{};
  flow.client = net::IpAddress::v4(198, 51, 100, 1);
  flow.service_incarnation = flow.server_incarnation = 1;
  flow.is_tcp = flow.is_nat = 1;
  const Tuples tuples = tuples_of(flow, snapshot);
  flow.client_hash = static_cast<std::uint32_t>(flow_hash(key, tuples.client));
  flow.server_hash = static_cast<std::uint32_t>(flow_hash(key, tuples.server));
  ASSERT_NE(table.insert(flow), nullptr);
  snapshot.servers[0].incarnation = 2;
  EXPECT_EQ(table.find(flow.server_hash, tuples.server, snapshot).flow, nullptr);
  EXPECT_NE(table.find(flow.client_hash, tuples.client, snapshot).flow, nullptr);
  snapshot.services[0].incarnation = 2;
  EXPECT_EQ(table.find(flow.client_hash, tuples.client, snapshot).flow, nullptr);
}

TEST(FlowTable, AWalkSeesEveryFlowOnceARoundAndMayEraseIt) {
  const HashKey key;
  FlowTable table(100);
  for (std::uint16_t i = 0; i < 60; ++i) {
    Flow flow{};
    flow.client_port = net::Be16::from_host(i);
    flow.client_hash = i * 2654435761U;
    ASSERT_NE(table.insert(flow), nullptr);
  }
  std::map<std::uint16_t, int> seen;
  table.walk(100, [&](Flow& flow) { ++seen[flow.client_port.host()]; });
  EXPECT_EQ(seen.size(), 60U);
  for (const auto& [port, times] : seen) EXPECT_EQ(times, 1) << port;
  table.walk(100, [&](Flow& flow) { table.erase(&flow); });
  EXPECT_EQ(table.size(), 0U);
  for (std::uint16_t i = 0; i < 100; ++i) {
    Flow flow{};
    flow.client_hash = i * 2654435761U;
    EXPECT_NE(table.insert(flow), nullptr) << "places come back";
  }
  EXPECT_EQ(table.insert(Flow{}), nullptr);
}

}  // namespace
}  // namespace yoke::lb
