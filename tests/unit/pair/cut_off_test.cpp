// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/pair/bench.h"

namespace yoke::pair {
namespace {

// What the data network carries, while the dedicated link carries all.
struct Network {
  bool in = true, out = true;               // the peer's heartbeats to us, ours to it
  bool others = true, peers_others = true;  // third parties are heard, here and there
};

class CutOff : public Bench {
 protected:
  void pass_on(const Network& network, MonoTime::duration span, Role peers_role) {
    const Epoch epoch = std::max<Epoch>(state.seen, 3);
    for (const MonoTime end = now + span; now < end;) {
      Heartbeat peers = heartbeat(peers_role, epoch);
      peers.heard[0] = state.seq;
      peers.heard[1] = network.out ? state.seq : heard_last_;
      heard_last_ = peers.heard[1];
      if (network.peers_others) peers_others_at_ = now;
      const MonoTime::duration ago = now - peers_others_at_;
      peers.others_ago = static_cast<std::uint32_t>(ago / milliseconds(1));
      if (network.others) tracking.others_at = now;
      track();
      hear(peers);
      if (network.in) hear(peers, Channel::kData);
      if (is_holder(state.role)) hear(Ack{1, state.lease.epoch, stamp(now - milliseconds(1))});
      pass(setup.timers.heartbeat);
    }
  }
  // A holder whose peer stands by, on a network of which nothing is cut.
  void serve() {
    become_active();
    pass_on({}, std::chrono::seconds(3), Role::kStandby);
    ASSERT_EQ(state.role, Role::kActive);
  }
  [[nodiscard]] bool has(Alarm alarm) const {
    return (state.alarms >> static_cast<unsigned>(alarm) & 1U) != 0;
  }

  std::uint64_t heard_last_ = 0;
  MonoTime peers_others_at_ = now;
};

constexpr auto kWhile = std::chrono::milliseconds(2500);  // longer than Timers::cut_off

TEST_F(CutOff, HolderThatHearsNobodyLetsGoWhileItsPeerHearsOthers) {
  serve();
  pass_on({.in = false, .others = false}, std::chrono::milliseconds(1900), Role::kStandby);
  EXPECT_EQ(state.role, Role::kActive) << "others may just have been quiet";
  pass_on({.in = false, .others = false}, std::chrono::milliseconds(600), Role::kStandby);
  EXPECT_EQ(state.role, Role::kNotEligible);
  EXPECT_EQ(last_reason(), Reason::kDataCutOff);
  pass_on({}, std::chrono::milliseconds(100), Role::kActive);
  EXPECT_EQ(state.role, Role::kStandby) << "it is mended";
}

TEST_F(CutOff, HolderThatIsNotHeardLetsGoWhileItsPeerHearsOthers) {
  serve();
  pass_on({.out = false}, kWhile, Role::kStandby);
  EXPECT_EQ(state.role, Role::kNotEligible);
  EXPECT_EQ(last_reason(), Reason::kDataCutOff);
  pass_on({.out = false, .peers_others = false}, kWhile, Role::kActive);
  EXPECT_EQ(state.role, Role::kNotEligible) << "that it is quiet mends nothing";
}

TEST_F(CutOff, NothingMovesWhereItMayBeThePeer) {
  serve();
  for (const Network& network : {
           Network{.in = false},                                          // the peer sends nothing
           Network{.out = false, .peers_others = false},                  // or hears nothing
           Network{.in = false, .others = false, .peers_others = false},  // a quiet network
           Network{.in = false, .out = false},                            // cut between the two
       }) {
    pass_on(network, kWhile, Role::kStandby);
    EXPECT_EQ(state.role, Role::kActive);
    EXPECT_EQ(has(Alarm::kOneWay), network.in != network.out);
    pass_on({}, std::chrono::milliseconds(100), Role::kStandby);
    EXPECT_FALSE(has(Alarm::kOneWay));
  }
}

TEST_F(CutOff, WhoStandsByAndIsCutOffIsNotToTakeOver) {
  become_standby();
  pass_on({}, std::chrono::seconds(3), Role::kActive);
  pass_on({.out = false}, kWhile, Role::kActive);
  EXPECT_EQ(state.role, Role::kNotEligible);
  EXPECT_EQ(last_reason(), Reason::kDataCutOff);
  pass(std::chrono::milliseconds(200));
  EXPECT_TRUE(is_holder(state.role)) << "but where the peer is gone it is better than nobody";
}

TEST_F(CutOff, PeerThatDoesNotTellWhomItHearsProvesNothing) {
  serve();
  for (int i = 0; i < 1000; ++i) {
    Heartbeat peers = heartbeat(Role::kStandby, 3);
    peers.heard[0] = state.seq;
    hear(peers);
    hear(Ack{1, state.lease.epoch, stamp(now - milliseconds(1))});
    pass(setup.timers.heartbeat);
  }
  EXPECT_EQ(state.role, Role::kActive);
}

}  // namespace
}  // namespace yoke::pair
