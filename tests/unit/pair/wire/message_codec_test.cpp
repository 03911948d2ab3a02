// SPDX-License-Identifier: Apache-2.0
#include "mgmt/pair/wire/message_codec.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "tests/unit/pair/wire/rig.h"

namespace yoke::pair {
namespace {

constexpr std::uint64_t kBig = 0xfedcba9876543210U;

Rank rank() { return {true, true, 200, 150, {kBig, 215, kBig + 1}}; }

const std::vector<Message> kMessages{Heartbeat{51,
                                               Role::kHandoffOut,
                                               kBig,
                                               12345,
                                               Stamp{-5},
                                               {1, kBig, 3},
                                               rank(),
                                               77,
                                               1,
                                               3,
                                               100'000,
                                               400'000,
                                               500'000},
                                     Ack{255, 9, Stamp{1'000'000'007}},
                                     Resign{1, 8, 200},
                                     Probe{2, true, 7, rank()},
                                     ProbeReply{3, 6},
                                     HandoffPrepare{4, 5},
                                     HandoffReady{5, 4, Stamp{99}},
                                     HandoffGo{6, 3, Stamp{98}, kBig},
                                     HandoffDone{7, 2, 4},
                                     HandoffAbort{8, 1, 3}};

std::vector<Message> read(Bytes body) {
  std::vector<Message> messages;
  MessageReader reader(body);
  while (const auto message = reader.next()) messages.push_back(*message);
  return messages;
}

TEST(MessageCodec, EveryMessageComesBackAsItWas) {
  ASSERT_EQ(kMessages.size(), std::variant_size_v<Message>);
  std::array<std::uint8_t, 1400> room{};
  MessageWriter all(room);
  for (const Message& message : kMessages) {
    std::array<std::uint8_t, 400> alone{};
    MessageWriter writer(alone);
    ASSERT_TRUE(writer.add(message));
    EXPECT_EQ(read(writer.body()), std::vector{message});
    ASSERT_TRUE(all.add(message));
  }
  EXPECT_EQ(read(all.body()), kMessages);
}

TEST(MessageCodec, DefaultsComeBackAsWell) {
  std::array<std::uint8_t, 400> room{};
  MessageWriter writer(room);
  ASSERT_TRUE(writer.add(Heartbeat{}) && writer.add(Probe{}));
  EXPECT_EQ(read(writer.body()), (std::vector<Message>{Heartbeat{}, Probe{}}));
}

// The layout, octet by octet: it is what the release before and the next one rely on.
TEST(MessageCodec, LiesOnTheWireAsIsWrittenDown) {
  std::array<std::uint8_t, 400> room{};
  MessageWriter writer(room);
  ASSERT_TRUE(writer.add(HandoffGo{6, 3, Stamp{98}, 1}));
  const Frame expected{0, 8, 0, 41, 0, 1, 0, 1, 6, 0,  2, 0,  8, 0, 0, 0, 0, 0, 0, 0, 3, 0, 5,
                       0, 8, 0, 0,  0, 0, 0, 0, 0, 98, 0, 12, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1};
  EXPECT_EQ(Frame(writer.body().begin(), writer.body().end()), expected);
}

TEST(MessageCodec, AHundredGroupsFitAFrame) {
  std::vector<std::uint8_t> room(kBodyMost);
  MessageWriter writer(room);
  std::size_t count = 0;
  while (writer.add(kMessages[0])) ++count;
  EXPECT_GE(count, 50U);
  EXPECT_EQ(read(writer.body()).size(), count);
}

TEST(MessageCodec, WhatTheNextReleaseHasIsSteppedOver) {
  std::array<std::uint8_t, 400> room{};
  TlvWriter outer(room);
  std::array<std::uint8_t, 100> inner{};
  TlvWriter fields(inner);
  const std::uint8_t group[] = {9, 1, 2, 3};  // has grown
  const std::uint8_t epoch[] = {0, 0, 0, 0, 0, 0, 0, 5, 1};
  fields.add(4000, bytes_of("of the future"));
  fields.add(1, group);
  fields.add(2, epoch);
  outer.add(99, bytes_of("a message of the future"));
  outer.add(5, {inner.data(), fields.size()});
  MessageReader reader({room.data(), outer.size()});
  EXPECT_EQ(reader.next(), Message(ProbeReply{9, 5}));
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.unknown(), 1U);
  EXPECT_EQ(reader.refused(), 0U);
}

TEST(MessageCodec, WhatTheReleaseBeforeDidNotSendHasItsDefault) {
  const std::uint8_t body[] = {0, 1, 0, 5, 0, 1, 0, 1, 51};
  Heartbeat expected;
  expected.group = 51;
  EXPECT_EQ(read(body), std::vector<Message>{expected});
}

TEST(MessageCodec, AMessageThatMakesNoSenseIsRefusedAndTheNextRead) {
  const auto refused = [](std::initializer_list<std::uint8_t> wrong) {
    Frame body(wrong);
    const std::uint8_t good[] = {0, 5, 0, 5, 0, 1, 0, 1, 7};
    body.insert(body.end(), good, good + sizeof good);
    MessageReader reader(body);
    const bool next = reader.next() == Message(ProbeReply{7, 0});
    return next && !reader.next() && reader.refused() == 1;
  };
  EXPECT_TRUE(refused({0, 1, 0, 0}));                                        // without a group
  EXPECT_TRUE(refused({0, 1, 0, 4, 0, 1, 0, 0}));                            // an empty one
  EXPECT_TRUE(refused({0, 1, 0, 10, 0, 1, 0, 1, 51, 0, 3, 0, 1, 12}));       // a role of nobody
  EXPECT_TRUE(refused({0, 1, 0, 12, 0, 1, 0, 1, 51, 0, 2, 0, 3, 1, 2, 3}));  // a short epoch
  EXPECT_TRUE(refused({0, 1, 0, 7, 0, 1, 0, 1, 51, 0, 2}));                  // half a field
  EXPECT_FALSE(refused({0, 1, 0, 5, 0, 1, 0, 1, 51}));
}

TEST(MessageCodec, EveryTruncationIsHarmless) {
  std::array<std::uint8_t, 1400> room{};
  MessageWriter writer(room);
  for (const Message& message : kMessages) ASSERT_TRUE(writer.add(message));
  for (std::size_t length = 0; length < writer.body().size(); ++length) {
    const Frame cut(room.begin(), room.begin() + static_cast<long>(length));
    EXPECT_LT(read(cut).size(), kMessages.size());
    MessageWriter less({room.data() + 700, std::min<std::size_t>(length, 60)});
    (void)less.add(kMessages[0]);
  }
}

TEST(MessageCodec, GoesThroughASession) {
  Session a(start_of(0, 1)), b(start_of(1, 1));
  meet(a, b);
  std::array<std::uint8_t, 1400> room{};
  MessageWriter writer(room);
  for (const Message& message : kMessages) ASSERT_TRUE(writer.add(message));
  Frame frame(1500);
  frame.resize(a.seal(0, writer.body(), frame));
  const auto opened = b.open(0, frame, kStartTime);
  ASSERT_TRUE(opened);
  EXPECT_EQ(read(opened->body), kMessages);
  ASSERT_TRUE(b.peer());
  EXPECT_EQ(b.peer()->unit, Unit::kA);
  EXPECT_EQ(b.peer()->boot, 0xf001010101010101U);
}

}  // namespace
}  // namespace yoke::pair
