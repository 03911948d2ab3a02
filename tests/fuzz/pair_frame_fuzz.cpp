// SPDX-License-Identifier: Apache-2.0
// What may come in on any way between two units. The first octet chooses: as it lies on the wire,
// with a header that is right, or sealed by the peer (whoever reaches so far has the key); the rest
// is the frame or its body. Whatever it is, the session goes on with the peer it has.
#include <cstdlib>

#include "mgmt/pair/wire/message_codec.h"
#include "mgmt/pair/wire/rotation.h"
#include "tests/unit/pair/wire/rig.h"

namespace yoke::pair {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

// Each message that is understood is the same after another trip.
void read_messages(Bytes body) {
  static std::array<std::uint8_t, 4096> room;
  MessageReader reader(body);
  while (const auto message = reader.next()) {
    MessageWriter writer(room);
    must(writer.add(*message));
    MessageReader again(writer.body());
    must(again.next() == *message);
  }
}

void read_hello(Bytes body) {
  static std::array<std::uint8_t, 4096> room;
  const auto hello = decode_hello(body);
  if (!hello) return;
  const std::size_t size = encode(*hello, room);
  must(size > 0 && decode_hello({room.data(), size}) == *hello);
}

// What the peer says of another key. Whatever it is, the key that there is stays one of those that
// are opened with, and what is answered can be read.
struct Keeper final : Rotation::Outlet {
  bool store(const PairKeys& keys) override {
    must(keys.current == key_of(1) || !keys.next);
    return true;
  }
  void use(const PairKeys&) override {}
  void send(const RotationMessage& message) override {
    std::array<std::uint8_t, kRotationMessageMost> room;
    const std::size_t size = encode(message, room);
    must(size > 0 && decode_rotation({room.data(), size}) == message);
  }
  void tell(Rotation::News) override {}
};

void read_rotation(Bytes body) {
  const auto message = decode_rotation(body);
  if (!message) return;
  Keeper keeper;
  for (const bool offers : {false, true}) {
    Rotation rotation(Unit::kB, {key_of(1), 0, std::nullopt}, keeper);
    Rotation::Fresh fresh;
    fresh.private_key.fill(7);
    if (offers) must(rotation.begin(fresh, kStartTime));
    rotation.hear(*message, fresh, kStartTime);
    rotation.tick(true, kStartTime + Rotation::kBothMost);
    must(rotation.keys().current == key_of(1));
  }
}

// As another release might seal it: any kind.
Frame sealed_as(std::uint8_t kind, std::uint64_t counter, Bytes body) {
  static KeyRing ring(start_of(0, 1).boot, key_of(1));
  FrameHeader header{};
  header.magic = net::Be32::from_host(kFrameMagic);
  header.version = kFrameVersion;
  header.kind = kind;
  header.key = 1;
  header.boot = start_of(0, 1).boot;
  header.counter = net::Be64::from_host(counter);
  header.length = net::Be16::from_host(static_cast<std::uint16_t>(body.size()));
  Frame frame(kFrameOverhead + body.size());
  net::store(frame.data(), header);
  must(ring.seal(header, body, frame.data() + sizeof header));
  return frame;
}

void run(Bytes input) {
  static Session a(start_of(0, 1)), b(start_of(1, 1));
  static std::uint64_t counter = 1000;
  if (!b.peer()) meet(a, b);
  if (input.empty()) return;
  const std::uint8_t choice = input[0];
  const Bytes rest = input.subspan(1, std::min<std::size_t>(input.size() - 1, kBodyMost));
  Frame frame(rest.begin(), rest.end());
  if (choice % 4 == 1) {
    Frame header = sealed_as(1, ++counter, {});
    std::copy_n(header.begin(), std::min<std::size_t>(header.size(), 12),
                frame.insert(frame.begin(), 12, 0));
  } else if (choice % 4 >= 2) {
    frame = sealed_as(static_cast<std::uint8_t>(choice / 4), ++counter, rest);
  }
  const auto before = b.peer();
  const auto opened = b.open(kDedicatedWay, frame, kStartTime);
  must(b.peer() == before);
  must(opened.has_value() || b.refusals().all() > 0);
  if (opened && opened->kind == FrameKind::kMessage) read_messages(opened->body);
  if (opened && opened->kind == FrameKind::kRotation) read_rotation(opened->body);
  read_messages(rest);
  read_hello(rest);
  read_rotation(rest);
  // Whatever came, what it says itself stays in bounds.
  b.compose_hello(kStartTime);
  must(b.seal_hello(kDedicatedWay, frame = Frame(600)) > 0);
}

}  // namespace
}  // namespace yoke::pair

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  yoke::pair::run({data, size});
  return 0;
}
