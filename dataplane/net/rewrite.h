// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "dataplane/net/address.h"
#include "dataplane/net/order.h"
#include "dataplane/net/parse.h"

// Changes to a parsed frame, in place, each keeping every checksum right by difference alone: a
// packet that came damaged leaves damaged, and its receiver can tell. Threads: pure.
namespace yoke::net {

// New addresses and ports for a packet of kind kTransport, and a hop less to live. Families stay.
struct Translation {
  IpAddress source, destination;
  Be16 source_port, destination_port;
};
void translate(std::uint8_t* data, const ParsedPacket& packet, const Translation& to) noexcept;

// One hop less to live; ttl must be above 1.
void decrement_ttl(std::uint8_t* data, const ParsedPacket& packet) noexcept;

void set_macs(std::uint8_t* data, const MacAddress& destination, const MacAddress& source) noexcept;

}  // namespace yoke::net
