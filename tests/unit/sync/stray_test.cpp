// SPDX-License-Identifier: Apache-2.0
#include "dataplane/sync/stray.h"

#include <gtest/gtest.h>

#include <array>
#include <numeric>
#include <optional>
#include <vector>

namespace yoke::sync {
namespace {

using Octets = std::vector<std::uint8_t>;

Octets packet(std::size_t octets, std::uint8_t first) {
  Octets packet(octets);
  std::iota(packet.begin(), packet.end(), first);
  return packet;
}

FlowRecord flow() {
  FlowRecord flow;
  flow.kind = Kind::kUpdate;
  flow.protocol = 6;
  flow.state = wire_state(lb::FlowState::kSynSent);
  flow.client = flow.vip = flow.snat = flow.server = net::IpAddress::v4(192, 0, 2, 1);
  flow.client_port = flow.vip_port = flow.snat_port = flow.server_port = net::Be16::from_host(80);
  flow.flags = FlowRecord::kNat;
  return flow;
}

std::vector<Octets> cut(StrayCutter& cutter, const Octets& packet,
                        const std::optional<Record>& flow = std::nullopt) {
  std::vector<Octets> pieces;
  EXPECT_TRUE(cutter.begin(3, packet, flow));
  while (!cutter.is_done()) {
    Octets room(kFrameBytesMax);
    room.resize(cutter.cut(room));
    pieces.push_back(std::move(room));
  }
  return pieces;
}

TEST(Strays, ArriveAsTheyWereInAsManyPiecesAsTheyTake) {
  StrayCutter cutter;
  StrayJoiner joiner;
  for (const std::size_t octets :
       std::array<std::size_t, 7>{14, 60, 1392, 1393, 1514, 9216, 9344}) {
    const Octets sent = packet(octets, static_cast<std::uint8_t>(octets));
    const auto pieces = cut(cutter, sent);
    EXPECT_EQ(pieces.size(), (octets + 1391) / 1392);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
      EXPECT_LE(pieces[i].size(), kFrameBytesMax);
      const auto whole = joiner.take(pieces[i]);
      ASSERT_EQ(whole.has_value(), i + 1 == pieces.size());
      if (!whole) continue;
      EXPECT_EQ(whole->port, 3);
      EXPECT_FALSE(whole->flow);
      EXPECT_EQ(Octets(whole->packet.begin(), whole->packet.end()), sent);
    }
  }
}

TEST(Strays, BringTheirFlow) {
  StrayCutter cutter;
  StrayJoiner joiner;
  for (const std::size_t octets : std::array<std::size_t, 2>{60, 1514}) {
    const auto pieces = cut(cutter, packet(octets, 1), Record::of(flow()));
    std::optional<StrayJoiner::Whole> whole;
    for (const auto& piece : pieces) whole = joiner.take(piece);
    ASSERT_TRUE(whole && whole->flow);
    EXPECT_EQ(whole->flow->client_port.host(), 80);
    EXPECT_EQ(whole->packet.size(), octets);
  }
}

TEST(Strays, AFlowThatCannotBeIsLeftOut) {
  StrayCutter cutter;
  StrayJoiner joiner;
  FlowRecord wrong = flow();
  wrong.state = 99;
  const auto whole = joiner.take(cut(cutter, packet(60, 1), Record::of(wrong)).front());
  ASSERT_TRUE(whole);
  EXPECT_FALSE(whole->flow);
}

TEST(Strays, WhatLacksAPieceIsNeverWholeAndHoldsUpNobody) {
  StrayCutter cutter;
  StrayJoiner joiner;
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(joiner.take(cut(cutter, packet(1514, 1)).front()));
    EXPECT_FALSE(joiner.take(cut(cutter, packet(1514, 1)).back()));
    EXPECT_TRUE(joiner.take(cut(cutter, packet(60, 1)).front()));
  }
}

TEST(Strays, SeveralAreUnderWayAtOnce) {
  StrayCutter cutter;
  StrayJoiner joiner;
  const auto first = cut(cutter, packet(1514, 1)), second = cut(cutter, packet(1514, 7));
  EXPECT_FALSE(joiner.take(first[0]));
  EXPECT_FALSE(joiner.take(second[0]));
  EXPECT_EQ(joiner.take(first[1])->packet[0], 1);
  EXPECT_EQ(joiner.take(second[1])->packet[0], 7);
}

TEST(Strays, WhatIsTooLongOrNoFrameIsNotSent) {
  StrayCutter cutter;
  EXPECT_FALSE(cutter.begin(0, packet(kStrayOctetsMost + 1, 0), std::nullopt));
  EXPECT_FALSE(cutter.begin(0, packet(13, 0), std::nullopt));
  EXPECT_TRUE(cutter.is_done());
}

TEST(Strays, NoOctetsAreReadOrWrittenBeyondTheirPlace) {
  StrayCutter cutter;
  const Octets good = cut(cutter, packet(200, 1), Record::of(flow())).front();
  for (std::size_t length = 0; length <= good.size(); ++length) {
    StrayJoiner joiner;
    EXPECT_EQ(joiner.take(std::span(good).first(length)).has_value(), length == good.size());
  }
  for (std::size_t at = 0; at < sizeof(StrayHeader); ++at) {
    for (const int value : {0, 1, 16, 96, 255}) {
      Octets changed = good;
      changed[at] = static_cast<std::uint8_t>(value);
      StrayJoiner joiner;
      const auto whole = joiner.take(changed);
      EXPECT_TRUE(!whole || whole->packet.size() <= good.size());
    }
  }
}

}  // namespace
}  // namespace yoke::sync
