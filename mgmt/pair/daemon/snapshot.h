// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "mgmt/pair/daemon/packet_socket.h"
#include "mgmt/pair/state.h"
#include "mgmt/pair/wire/refusal.h"
#include "mgmt/pair/wire/session.h"

// How things stand, as the real-time thread last left word. Threads: values, any.
namespace yoke::pair {

struct LinkSnapshot {
  bool has_link = false;
  bool knows_peer = false;  // frames go to its MAC
  PacketSocket::Counts counts;
};

struct GroupSnapshot {
  Group number = 0;
  State state;
};

struct Snapshot {
  MonoTime at{};                      // pair_now()
  std::vector<GroupSnapshot> groups;  // room for as many as there can be; the first `count` are
  std::size_t count = 0;
  std::array<LinkSnapshot, 2> links;
  bool has_peer = false;         // a living process of it has proven itself
  MonoTime heard_at = kLongAgo;  // any frame of it
  // It seals with the newest key that this unit has.
  bool has_settled = true;
  std::uint64_t taken = 0;  // frames
  std::uint64_t misfits = 0;
  bool data_plane_answers = false;  // on its socket
  bool data_plane_hangs = false;    // a worker of it does not come round
  Refusals refusals;
  Span latest{};  // by how much a turn was late at worst, since the start
};

}  // namespace yoke::pair
