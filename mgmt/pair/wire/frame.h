// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/net/headers.h"
#include "dataplane/net/order.h"

// A sealed frame as it lies on the wire: this header, the encrypted body, the tag. The header goes
// in the clear and is covered by the tag. What comes behind the tag is Ethernet's padding.
// Threads: values, any.
namespace yoke::pair {

inline constexpr std::size_t kBootSize = 12, kTagSize = 16, kKeySize = 32;

// Drawn at random by each process at its start: names its frames for as long as it lives.
using Boot = std::array<std::uint8_t, kBootSize>;

// What a frame is. Another release may have more: those are counted and ignored.
enum class FrameKind : std::uint8_t {
  kMessage = 1,
  kHello = 2,     // sessions prove to each other that they are alive (hello.h)
  kRotation = 3,  // about another key (rotation_message.h); of control's alone
};

struct FrameHeader {
  net::Be32 magic;
  std::uint8_t version;
  std::uint8_t kind;
  std::uint8_t stream;   // which of the pair's sessions (Stream)
  std::uint8_t channel;  // on which way it was sent
  std::uint8_t sender;   // the unit's number
  std::uint8_t key;      // which key of the ring
  net::Be16 length;      // octets of the body
  Boot boot;             // the sender's
  net::Be64 counter;     // from 1, for each boot and channel
};
static_assert(sizeof(FrameHeader) == 32 && offsetof(FrameHeader, boot) == 12);

inline constexpr std::uint32_t kFrameMagic = 0x594b5046;  // "YKPF"
// The layout above. It stays as it is while bodies grow (tlv.h); were it ever to change, units send
// what the other reads, so both releases read both.
inline constexpr std::uint8_t kFrameVersion = 1;

inline constexpr std::size_t kFrameOverhead = sizeof(FrameHeader) + kTagSize;
// The longest body: of a jumbo frame, behind Ethernet, IPv6 and UDP headers.
inline constexpr std::size_t kBodyMost = 9000 - 40 - 8 - kFrameOverhead;

// Sessions that know nothing of each other, each with a thread; those of one process may share a
// boot. That of configurations is yoke-mgmt's (mgmt/peer), and has a key of its own.
enum class Stream : std::uint8_t { kControl = 0, kFlows = 1, kConfiguration = 2 };

// Ways that a session's frames go, by number: those of heartbeats (Channel), then the VIPs' VLANs
// (one for all of them, in frames of our EtherType), then none yet.
inline constexpr std::uint8_t kVipChannel = 3;
inline constexpr std::size_t kFrameChannels = 16;

}  // namespace yoke::pair
