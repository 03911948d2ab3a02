// SPDX-License-Identifier: Apache-2.0
// What lies on the wire, and what a receiver takes for it: N, N-1, N+1, and what is none of ours.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/sync/unit.h"

namespace yoke::sync {
namespace {

using Octets = std::vector<std::uint8_t>;

FlowRecord a_flow(std::uint16_t client_port = 40000) {
  FlowRecord r;
  r.kind = Kind::kAdd;
  r.protocol = 6;
  r.state = wire_state(lb::FlowState::kEstablished);
  r.flags = FlowRecord::kNat;
  r.lifetime_ms = net::Be32::from_host(0x01020304);
  r.client = lb::ip("198.51.100.7");
  r.vip = lb::ip(lb::kNatV4);
  r.snat = lb::ip(lb::kNatV4);
  r.server = lb::ip("10.0.0.2");
  r.client_port = net::Be16::from_host(client_port);
  r.vip_port = net::Be16::from_host(80);
  r.snat_port = net::Be16::from_host(client_port);
  r.server_port = net::Be16::from_host(80);
  return r;
}

TEST(FlowRecord, LiesOnTheWireAsItIsWrittenDown) {
  const Record record = Record::of(a_flow());
  const Octets wire(record.octets.begin(), record.octets.end());
  Octets expected{1, 6, 5, 1, 1, 2, 3, 4};
  const auto mapped = [&](std::initializer_list<std::uint8_t> v4) {
    expected.insert(expected.end(), 10, 0);
    expected.insert(expected.end(), 2, 0xff);
    expected.insert(expected.end(), v4);
  };
  mapped({198, 51, 100, 7});
  mapped({203, 0, 113, 10});
  mapped({203, 0, 113, 10});
  mapped({10, 0, 0, 2});
  for (const int octet : {0x9c, 0x40, 0, 80, 0x9c, 0x40, 0, 80}) {
    expected.push_back(static_cast<std::uint8_t>(octet));
  }
  expected.insert(expected.end(), 16, 0);
  EXPECT_EQ(wire, expected);
}

TEST(FlowRecord, SaysOnlyWhatCanBe) {
  EXPECT_TRUE(is_sound(a_flow()));
  const auto with = [](auto&& change) {
    FlowRecord r = a_flow();
    change(r);
    return is_sound(r);
  };
  EXPECT_FALSE(with([](auto& r) { r.protocol = 1; }));
  EXPECT_FALSE(with([](auto& r) { r.state = 0; }));
  EXPECT_FALSE(with([](auto& r) { r.state = 9; }));
  EXPECT_FALSE(with([](auto& r) { r.state = wire_state(lb::FlowState::kUdp); }));
  EXPECT_FALSE(with([](auto& r) { r.server = lb::ip("2001:db8::1"); }));
  EXPECT_FALSE(with([](auto& r) { r.client = lb::ip("2001:db8::1"); }));
  EXPECT_FALSE(with([](auto& r) { r.snat = lb::ip("2001:db8::1"); }));
}

class Wire : public ::testing::Test {
 protected:
  Wire() : unit_(spec()) {
    unit_.set_duty(lb::FlowDuty::kReceive);
    turn();
    knock(kGeneration, 1);
  }
  static UnitSpec spec() {
    UnitSpec s;
    s.workers = 1;
    return s;
  }
  static constexpr std::uint64_t kInstance = 7'000'003, kGeneration = 55;

  static DataHeader header(std::uint64_t generation, std::uint32_t challenge,
                           std::uint64_t sequence = 0) {
    DataHeader h;
    h.streams = 1;
    h.challenge = net::Be32::from_host(challenge);
    h.generation = net::Be64::from_host(generation);
    h.instance = net::Be64::from_host(kInstance);
    h.sequence = net::Be64::from_host(sequence);
    return h;
  }
  static Octets frame(const DataHeader& header, std::initializer_list<Record> records) {
    Octets room(kFrameBytesMax);
    FrameWriter writer(room);
    for (const Record& record : records) writer.add(record);
    room.resize(writer.finish(header));
    return room;
  }
  void take(const Octets& octets) {
    unit_.receiver_->take(octets, now_);
    turn();
  }
  void knock(std::uint64_t generation, std::uint32_t challenge) {
    take(frame(header(generation, challenge), {}));
  }
  void turn() { unit_.turn(1000); }
  const ReceiverCounters& counters() { return unit_.receiver_->counters(); }
  AckFrame answer() {
    std::optional<AckFrame> last;
    for (auto f = unit_.receiver_->next(now_); !f.empty(); f = unit_.receiver_->next(now_)) {
      last = parse_ack(f);
    }
    return last.value_or(AckFrame{});
  }

  Unit unit_;
  MonoTime now_{std::chrono::seconds(1000)};
};

TEST_F(Wire, TakesARecordOnce) {
  const auto octets = frame(header(kGeneration, 1), {Record::of(a_flow())});
  take(octets);
  take(octets);
  EXPECT_EQ(unit_.size(), 1U);
  EXPECT_EQ(counters().duplicates, 1U);
  EXPECT_EQ(answer().next.host(), 1U);
}

TEST_F(Wire, PutsFramesInOrderAndNamesTheHoles) {
  take(frame(header(kGeneration, 1, 2), {Record::of(a_flow(3))}));
  take(frame(header(kGeneration, 1, 3), {Record::of(a_flow(4))}));
  EXPECT_EQ(unit_.size(), 0U);
  auto ack = answer();
  EXPECT_EQ(ack.next.host(), 0U);
  EXPECT_EQ(ack.beyond.host(), 6U);  // 0 and 1 have not come, 2 and 3 have
  take(frame(header(kGeneration, 1, 0), {Record::of(a_flow(1025))}));
  take(frame(header(kGeneration, 1, 1), {Record::of(a_flow(1026))}));
  ack = answer();
  EXPECT_EQ(ack.next.host(), 4U);
  EXPECT_EQ(ack.beyond.host(), 0U);
}

TEST_F(Wire, SkipsWhatItDoesNotKnow) {
  Record unknown = Record::of(a_flow());
  unknown.octets[0] = 77;
  FlowRecord nonsense = a_flow();
  nonsense.state = 44;
  take(frame(header(kGeneration, 1), {unknown, Record::of(nonsense), Record::of(a_flow())}));
  EXPECT_EQ(unit_.size(), 1U);
  EXPECT_EQ(counters().unknown, 1U);
  EXPECT_EQ(counters().malformed, 1U);
}

TEST_F(Wire, TakesLongerRecordsAndHeadersOfALaterVersion) {
  const auto plain =
      frame(header(kGeneration, 1), {Record::of(a_flow(1)), Record::of(a_flow(1025))});
  DataHeader later = header(kGeneration, 1);
  later.version = 2;
  later.header_bytes = 48;
  later.record_bytes = net::Be16::from_host(104);
  later.records = net::Be16::from_host(2);
  Octets octets(48 + 2 * 104, 0xee);
  std::memcpy(octets.data(), &later, sizeof later);
  std::memcpy(&octets[48], &plain[40], 96);
  std::memcpy(&octets[48 + 104], &plain[40 + 96], 96);
  take(octets);
  EXPECT_EQ(unit_.size(), 1U);  // the first has no SNAT port that can be
  EXPECT_EQ(unit_.worker(0).adopter.counters().impossible.value(), 1U);
}

TEST_F(Wire, ShorterRecordsOfAnEarlierVersionEndInZeros) {
  Octets octets = frame(header(kGeneration, 1), {Record::of(a_flow())});
  DataHeader earlier = header(kGeneration, 1);
  earlier.header_bytes = 40;
  earlier.record_bytes = net::Be16::from_host(80);
  earlier.records = net::Be16::from_host(1);
  std::memcpy(octets.data(), &earlier, sizeof earlier);
  octets.resize(40 + 80);
  take(octets);
  EXPECT_EQ(unit_.size(), 1U);
}

TEST_F(Wire, TakesNothingWhoseLengthsDoNotHold) {
  const auto good = frame(header(kGeneration, 1), {Record::of(a_flow())});
  for (std::size_t length = 0; length < good.size(); ++length) {
    take(Octets(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)));
  }
  EXPECT_EQ(counters().malformed, good.size());
  EXPECT_EQ(unit_.size(), 0U);
  auto empty_records = good;
  empty_records[6] = empty_records[7] = 0;
  take(empty_records);
  auto no_header = good;
  no_header[2] = 255;
  take(no_header);
  EXPECT_EQ(counters().malformed, good.size() + 2);
  take(good);
  EXPECT_EQ(unit_.size(), 1U);
}

TEST_F(Wire, NoFrameOfAnotherSessionIsTaken) {
  take(frame(header(kGeneration, 1), {Record::of(a_flow())}));
  knock(kGeneration + 1, 1);  // the challenge that has been answered already
  EXPECT_EQ(counters().sessions, 1U);
  EXPECT_EQ(counters().strange, 1U);
  EXPECT_EQ(answer().challenge.host(), 2U);
  knock(kGeneration + 1, 2);
  EXPECT_EQ(counters().sessions, 2U);
  // Late ones of the first session.
  take(frame(header(kGeneration, 1), {Record::of(a_flow(2000))}));
  take(frame(header(kGeneration, 2), {Record::of(a_flow(2000))}));
  EXPECT_EQ(counters().sessions, 2U);
  EXPECT_EQ(unit_.size(), 1U);
  // Of another start of ours.
  auto other = header(kGeneration + 2, 3);
  other.instance = net::Be64::from_host(kInstance + 1);
  take(frame(other, {}));
  EXPECT_EQ(counters().sessions, 2U);
}

TEST_F(Wire, RoomIsBounded) {
  take(frame(header(kGeneration, 1, kWindowMax), {Record::of(a_flow())}));
  EXPECT_EQ(counters().beyond, 1U);
  take(frame(header(kGeneration, 1, ~std::uint64_t{0}), {Record::of(a_flow())}));
  EXPECT_EQ(counters().beyond, 2U);
  EXPECT_EQ(answer().limit.host(), kWindowMax);
}

TEST(Sender, TakesNoAckOfWhatItHasNotSent) {
  UnitSpec spec;
  spec.workers = 1;
  Unit unit(spec);
  const MonoTime now{std::chrono::seconds(1000)};
  const auto take = [&](AckFrame ack) {
    unit.sender_->take({reinterpret_cast<const std::uint8_t*>(&ack), sizeof ack}, now);
  };
  AckFrame hello;
  hello.instance = net::Be64::from_host(5);
  hello.challenge = net::Be32::from_host(9);
  take(hello);
  EXPECT_EQ(unit.sender_->counters().sessions, 1U);
  take(hello);  // again, or late
  EXPECT_EQ(unit.sender_->counters().sessions, 1U);
  AckFrame ack = hello;
  ack.generation = net::Be64::from_host(1'000'003 + 1);
  ack.next = net::Be64::from_host(3);
  take(ack);
  ack.next = {};
  ack.stream = 7;
  take(ack);
  EXPECT_EQ(unit.sender_->counters().strange, 3U);
  EXPECT_FALSE(unit.sender_->is_synced(now));
}

}  // namespace
}  // namespace yoke::sync
