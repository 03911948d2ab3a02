// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "dataplane/lb/snapshot.h"

namespace yoke::lb {

// Whether a frame that this pipeline did not make, the kernel's, may leave while the groups
// `served` are: not if it speaks for an address of another group, as source of an IP packet, as
// sender of any ARP packet, or as target of a neighbour advertisement; behind VLAN tags as well.
// Nor from the MAC of a virtual router (RFC 9568 section 7.3) while every group that is held is
// another unit's: which group a router's number is for is not known here. Reads `length` octets at
// `data` and none beyond; what it cannot make sense of speaks for nobody. Pure; threads: any.
[[nodiscard]] bool may_leave(const std::uint8_t* data, std::uint16_t length,
                             const Snapshot& snapshot, GroupSet served) noexcept;

}  // namespace yoke::lb
