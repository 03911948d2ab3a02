// SPDX-License-Identifier: Apache-2.0
#include "dataplane/lb/flow_timeout.h"

#include <gtest/gtest.h>

#include <vector>

namespace yoke::lb {
namespace {

struct Segment {
  bool from_client;
  std::uint8_t flags;
};
struct Row {
  const char* story;
  bool both_seen;
  std::vector<Segment> segments;
  FlowState end;
};
constexpr bool kClient = true, kServer = false;

TEST(TcpProgress, EachStoryEndsWhereRfc9293Says) {
  const std::uint8_t syn_ack = kTcpSyn | kTcpAck, fin = kTcpFin | kTcpAck, ack = kTcpAck;
  const Row rows[] = {
      {"a SYN alone", true, {{kClient, kTcpSyn}}, FlowState::kSynSent},
      {"answered", true, {{kClient, kTcpSyn}, {kServer, syn_ack}}, FlowState::kSynAnswered},
      {"a repeated SYN",
       true,
       {{kClient, kTcpSyn}, {kServer, syn_ack}, {kClient, kTcpSyn}},
       FlowState::kSynAnswered},
      {"handshake",
       true,
       {{kClient, kTcpSyn}, {kServer, syn_ack}, {kClient, ack}},
       FlowState::kEstablished},
      {"an ACK before the answer proves nothing",
       true,
       {{kClient, kTcpSyn}, {kClient, ack}},
       FlowState::kSynSent},
      {"dsr sees the client's half",
       false,
       {{kClient, kTcpSyn}, {kClient, ack}},
       FlowState::kEstablished},
      {"one side closes",
       true,
       {{kClient, kTcpSyn}, {kServer, syn_ack}, {kClient, ack}, {kServer, fin}},
       FlowState::kClosing},
      {"both close",
       true,
       {{kClient, kTcpSyn},
        {kServer, syn_ack},
        {kClient, ack},
        {kServer, fin},
        {kClient, fin},
        {kServer, ack}},
       FlowState::kClosed},
      {"dsr never sees the server close",
       false,
       {{kClient, kTcpSyn}, {kClient, ack}, {kClient, fin}, {kClient, ack}},
       FlowState::kClosing},
      {"reset", true, {{kClient, kTcpSyn}, {kServer, kTcpRst | kTcpAck}}, FlowState::kReset},
      {"a forged reset is outlived",
       true,
       {{kClient, kTcpSyn}, {kServer, syn_ack}, {kClient, ack}, {kClient, kTcpRst}, {kServer, ack}},
       FlowState::kEstablished},
  };
  for (const Row& row : rows) {
    TcpProgress now{FlowState::kSynSent};
    for (const Segment& s : row.segments)
      now = tcp_step(now, s.flags, s.from_client, row.both_seen);
    EXPECT_EQ(now.state, row.end) << row.story;
  }
}

TEST(FlowTimeout, DefaultsAreNotBelowTheRfcs) {
  using std::chrono::minutes;
  const milliseconds none(0);
  EXPECT_GE(flow_timeout(FlowState::kEstablished, none), minutes(124));  // RFC 5382 REQ-5
  EXPECT_GE(flow_timeout(FlowState::kSynSent, none), minutes(4));
  EXPECT_GE(flow_timeout(FlowState::kSynAnswered, none), minutes(4));
  EXPECT_GE(flow_timeout(FlowState::kClosing, none), minutes(4));
  EXPECT_GE(flow_timeout(FlowState::kReset, none), minutes(4));   // RFC 7857 section 2
  EXPECT_GE(flow_timeout(FlowState::kUdpOne, none), minutes(2));  // RFC 4787 REQ-5
  EXPECT_EQ(flow_timeout(FlowState::kUdp, none), minutes(5));
}

TEST(FlowTimeout, AServicesOwnTimeoutCountsWhileDataFlows) {
  const milliseconds own(30000);
  EXPECT_EQ(flow_timeout(FlowState::kEstablished, own), own);
  EXPECT_EQ(flow_timeout(FlowState::kUdp, own), own);
  EXPECT_EQ(flow_timeout(FlowState::kUdpOne, own), own);
  EXPECT_EQ(flow_timeout(FlowState::kSynSent, own), kTcpTransitoryTimeout);
  EXPECT_EQ(flow_timeout(FlowState::kClosed, own), kTcpClosedTimeout);
}

}  // namespace
}  // namespace yoke::lb
