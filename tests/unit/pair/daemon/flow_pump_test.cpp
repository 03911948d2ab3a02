// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/daemon/flow_pump.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "dataplane/sync/frame.h"
#include "hal/base/file_descriptor.h"

namespace yoke::pair {
namespace {

using std::chrono::milliseconds;
using Frame = std::vector<std::uint8_t>;

static_assert(FlowPump::kFlowFrameMost == sync::kFrameBytesMax);

struct Pipe {
  Pipe() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds.data()), 0);
    one = FileDescriptor(fds[0]);
    other = FileDescriptor(fds[1]);
  }
  FileDescriptor one, other;
};

bool put(int fd, const Frame& frame) {
  return ::send(fd, frame.data(), frame.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(frame.size());
}

Frame take(int fd) {
  Frame frame(4096);
  const ssize_t n = ::recv(fd, frame.data(), frame.size(), 0);
  frame.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
  return frame;
}

Session::Start start(Unit unit, std::uint8_t boot, std::uint8_t key = 0x5a) {
  Session::Start made;
  made.stream = Stream::kFlows;
  made.unit = unit;
  made.boot.fill(boot);
  made.seed.fill(static_cast<std::uint8_t>(boot + 100));
  made.key.id = 1;
  made.key.bytes.fill(key);
  return made;
}

// Two relays, a data plane each, and a wire between them.
class FlowPumpTest : public testing::Test {
 protected:
  void SetUp() override {
    a.set_source({{2, 0, 0, 0, 0, 1}});
    b.set_source({{2, 0, 0, 0, 0, 2}});
  }
  void turn(FlowPump& first, FlowPump& second) {
    now += milliseconds(10);
    first.greet(wire.one.get(), now);
    second.greet(wire.other.get(), now);
    for (int i = 0; i < 4; ++i) {
      (void)first.carry_out(plane_a.one.get(), wire.one.get(), now);
      (void)second.carry_in(wire.other.get(), plane_b.one.get(), now);
      (void)second.carry_out(plane_b.one.get(), wire.other.get(), now);
      (void)first.carry_in(wire.one.get(), plane_a.one.get(), now);
    }
  }
  void meet(FlowPump& first, FlowPump& second) {
    for (int i = 0; i < 5; ++i) turn(first, second);
    ASSERT_TRUE(first.has_peer());
    ASSERT_TRUE(second.has_peer());
  }

  MonoTime now{std::chrono::hours(1)};
  Pipe wire, plane_a, plane_b;
  FlowPump a{start(Unit::kA, 1)}, b{start(Unit::kB, 2)};
};

TEST_F(FlowPumpTest, FramesArriveAsTheyWereInOrder) {
  meet(a, b);
  const Frame longest(FlowPump::kFlowFrameMost, 0xcd);
  ASSERT_TRUE(put(plane_a.other.get(), longest));
  ASSERT_TRUE(put(plane_a.other.get(), {1, 2, 3}));
  ASSERT_TRUE(put(plane_b.other.get(), {4}));
  turn(a, b);
  EXPECT_EQ(take(plane_b.other.get()), longest);
  EXPECT_EQ(take(plane_b.other.get()), (Frame{1, 2, 3}));
  EXPECT_EQ(take(plane_a.other.get()), (Frame{4}));
  EXPECT_EQ(take(plane_a.other.get()), Frame());
  EXPECT_EQ(a.counts().shed, 0U);
  EXPECT_EQ(b.counts().undelivered, 0U);
}

TEST_F(FlowPumpTest, WhatThePeerHasNotSentOrHasSentBeforeIsCountedAndGoesNoFurther) {
  meet(a, b);
  ASSERT_TRUE(put(plane_a.other.get(), {1, 2, 3}));
  (void)a.carry_out(plane_a.one.get(), wire.one.get(), now);
  Frame sealed = take(wire.other.get());
  ASSERT_GT(sealed.size(), 40U);
  const std::uint64_t before = b.counts().received;
  Frame forged = sealed;
  forged.back() ^= 1;
  ASSERT_TRUE(put(wire.one.get(), forged));
  ASSERT_TRUE(put(wire.one.get(), sealed));
  ASSERT_TRUE(put(wire.one.get(), sealed));
  ASSERT_TRUE(put(wire.one.get(), Frame(70, 0xff)));
  ASSERT_TRUE(put(wire.one.get(), {1}));
  (void)b.carry_in(wire.other.get(), plane_b.one.get(), now);
  EXPECT_EQ(take(plane_b.other.get()), (Frame{1, 2, 3}));
  EXPECT_EQ(take(plane_b.other.get()), Frame());
  EXPECT_EQ(b.refusals().of(Refusal::kBadTag), 1U);
  EXPECT_EQ(b.refusals().of(Refusal::kReplayed), 1U);
  EXPECT_EQ(b.counts().received - before, 5U);
}

TEST_F(FlowPumpTest, APeerThatStartsAnewIsTakenAndTheOneBeforeNoMore) {
  meet(a, b);
  ASSERT_TRUE(put(plane_a.other.get(), {1}));
  (void)a.carry_out(plane_a.one.get(), wire.one.get(), now);
  const Frame of_before = take(wire.other.get());
  FlowPump again(start(Unit::kA, 9));
  meet(again, b);
  ASSERT_TRUE(put(plane_a.other.get(), {2}));
  turn(again, b);
  ASSERT_TRUE(put(wire.one.get(), of_before));
  turn(again, b);
  EXPECT_EQ(take(plane_b.other.get()), (Frame{2}));
  EXPECT_EQ(take(plane_b.other.get()), Frame());
  EXPECT_EQ(b.refusals().of(Refusal::kStaleBoot), 1U);
}

TEST_F(FlowPumpTest, AnotherKeyIsNobody) {
  FlowPump stranger(start(Unit::kA, 3, 0x11));
  for (int i = 0; i < 5; ++i) turn(stranger, b);
  EXPECT_FALSE(stranger.has_peer());
  EXPECT_FALSE(b.has_peer());
  EXPECT_GT(b.refusals().of(Refusal::kBadTag), 0U);
}

TEST_F(FlowPumpTest, WithoutAPeerOrALinkTheDataPlaneIsReadAllTheSame) {
  ASSERT_TRUE(put(plane_a.other.get(), {1}));
  EXPECT_TRUE(a.carry_out(plane_a.one.get(), wire.one.get(), now).anything);
  ASSERT_TRUE(put(plane_a.other.get(), {2}));
  EXPECT_TRUE(a.carry_out(plane_a.one.get(), -1, now).anything);
  EXPECT_EQ(a.counts().shed, 2U);
  EXPECT_FALSE(a.carry_in(-1, -1, now).anything);
  EXPECT_FALSE(a.carry_out(-1, -1, now).lost_data_plane);
}

TEST_F(FlowPumpTest, ALinkThatTakesNoMoreIsWaitedForAndThenItIsShed) {
  meet(a, b);
  int blocked = 0;
  for (int i = 0; i < 20000 && blocked == 0; ++i) {
    ASSERT_TRUE(put(plane_a.other.get(), Frame(1000, 1)));
    (void)a.carry_out(plane_a.one.get(), wire.one.get(), now);
    blocked = a.is_blocked() ? 1 : 0;
  }
  ASSERT_EQ(blocked, 1);
  EXPECT_EQ(a.counts().shed, 0U);
  (void)a.carry_out(plane_a.one.get(), wire.one.get(), now + FlowPump::kPatience);
  EXPECT_FALSE(a.is_blocked());
  EXPECT_EQ(a.counts().shed, 1U);
  while (!take(wire.other.get()).empty()) {
  }
  ASSERT_TRUE(put(plane_a.other.get(), {7}));
  turn(a, b);
  EXPECT_EQ(take(plane_b.other.get()), (Frame{7}));
}

TEST_F(FlowPumpTest, ADataPlaneThatHasGoneIsNoticed) {
  meet(a, b);
  plane_a.other.reset();
  EXPECT_TRUE(a.carry_out(plane_a.one.get(), wire.one.get(), now).lost_data_plane);
  ASSERT_TRUE(put(plane_b.other.get(), {7}));
  (void)b.carry_out(plane_b.one.get(), wire.other.get(), now);
  EXPECT_TRUE(a.carry_in(wire.one.get(), plane_a.one.get(), now).lost_data_plane);
  EXPECT_EQ(a.counts().undelivered, 1U);
}

}  // namespace
}  // namespace yoke::pair
