// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/net/address.h"
#include "dataplane/net/parse.h"

// Answers that the unit makes for its VIPs, each written over the question. Threads: pure.
namespace yoke::net {

// A packet of kind kEchoRequest becomes its reply, sent back where it came from.
void echo_reply(std::uint8_t* data, const ParsedPacket& packet, const MacAddress& own) noexcept;

// A packet of kind kArpRequest becomes the reply: the address asked for is at `own`.
void arp_reply(std::uint8_t* data, const MacAddress& own) noexcept;

// A packet of kind kNeighborSolicitation becomes an advertisement of its target at `own`, to the
// sender or, where duplicate detection asked, to all nodes (RFC 4861 section 7.2.4). Writes
// kAdvertisementLength octets, which may be more than came; returns that length.
inline constexpr std::uint16_t kAdvertisementLength = sizeof(EthernetHeader) + sizeof(Ipv6Header) +
                                                      sizeof(NeighborMessage) +
                                                      sizeof(LinkAddressOption);
std::uint16_t neighbor_advertisement(std::uint8_t* data, const ParsedPacket& packet,
                                     const MacAddress& own) noexcept;

}  // namespace yoke::net
