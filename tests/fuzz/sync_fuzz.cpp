// SPDX-License-Identifier: Apache-2.0
// Bytes as what a peer sends: each message is length (two octets), then the message. One in two has
// a header that opens a session written over its own, so that records are reached.
#include <cstdlib>
#include <cstring>

#include "dataplane/sync/stray.h"
#include "tests/unit/sync/unit.h"

namespace {

using namespace yoke;
using namespace yoke::sync;

// A header of the session that the receiver would take up next, or has.
void write_header(std::vector<std::uint8_t>& message, std::uint64_t instance,
                  std::uint32_t challenge, std::uint64_t generation) {
  if (message.size() < sizeof(DataHeader)) return;
  DataHeader header;
  std::memcpy(&header, message.data(), sizeof header);
  header.version = 1;
  header.type = FrameType::kData;
  header.header_bytes = sizeof header;
  header.streams = 2;
  header.stream &= 1;
  header.challenge = net::Be32::from_host(challenge);
  header.generation = net::Be64::from_host(generation);
  header.instance = net::Be64::from_host(instance);
  header.sequence = net::Be64::from_host(header.sequence.host() % 4);
  const std::size_t room = message.size() - sizeof header;
  header.record_bytes = net::Be16::from_host(kRecordBytes);
  header.records = net::Be16::from_host(static_cast<std::uint16_t>(room / kRecordBytes));
  std::memcpy(message.data(), &header, sizeof header);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static UnitSpec spec = [] {
    UnitSpec s;
    s.flows = 64;
    s.out_room = 64;
    s.in_room = 64;
    s.sender.window = 4;
    return s;
  }();
  static Unit unit(spec);
  static MonoTime now{std::chrono::seconds(1000)};
  static StrayJoiner strays;
  static std::uint64_t generation = 1;
  static std::uint32_t challenge = 1;
  unit.set_duty(size % 3 == 0 ? lb::FlowDuty::kSend : lb::FlowDuty::kReceive);
  ++generation;
  bool is_odd = false;
  while (size > 2) {
    const std::size_t length = std::min(std::size_t{data[0]} << 8 | data[1], size - 2);
    std::vector<std::uint8_t> message(data + 2, data + 2 + length);
    data += 2 + length;
    size -= 2 + length;
    is_odd = !is_odd;
    if (is_odd) write_header(message, spec.seed * 7'000'003, challenge, generation);
    const auto sessions = unit.receiver_->counters().sessions;
    unit.receiver_->take(message, now);
    challenge += static_cast<std::uint32_t>(unit.receiver_->counters().sessions - sessions);
    unit.sender_->take(message, now);
    if (const auto stray = strays.take(message)) {
      if (stray->packet.size() > kStrayOctetsMost) std::abort();
    }
    now += std::chrono::milliseconds(1);
    unit.turn(static_cast<lb::Tick>(now.time_since_epoch() / std::chrono::milliseconds(1)));
    unit.receiver_->step(now);
    unit.sender_->step(now);
    while (!unit.receiver_->next(now).empty()) {
    }
    while (!unit.sender_->next(now).empty()) {
    }
  }
  if (unit.size() > std::size_t{2} * spec.flows) std::abort();
  return 0;
}
