// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include "mgmt/model/schema.h"

// The unit's own interfaces and routes, those of the kernel: a part of schema.cpp's tables.
// Threads: constant data, any.
namespace yoke::model {

inline constexpr std::size_t kInterfacesMax = 256;
inline constexpr std::size_t kInterfaceAddressesMax = 16;  // of one interface
inline constexpr std::size_t kMembersMax = 16;             // of one bond
inline constexpr std::size_t kUnitRoutesMax = 1024;
inline constexpr std::int64_t kInterfaceNameMax = 15;  // IFNAMSIZ, its NUL aside

inline constexpr std::array<std::string_view, 4> kDhcp{"no", "ipv4", "ipv6", "both"};
inline constexpr std::array<std::string_view, 2> kBondModes{"active-backup", "802.3ad"};

inline constexpr std::array kInterfaceFields{
    Field{.name = "address",
          .type = FieldType::kInterfaceAddress,
          .help = "Addresses of the unit there, each with the length of its network",
          .example = "192.0.2.5/24,2001:db8::5/64",
          .default_value = "",
          .positional = true,
          .list = true},
    Field{.name = "mtu",
          .type = FieldType::kInteger,
          .help = "Longest packet in bytes; 0 leaves it as it is",
          .example = "9000",
          .default_value = "0",
          .min = 1280,  // RFC 8200 section 5: each has IPv6, link-local at least
          .max = 9216,
          .zero = true},
    Field{.name = "dhcp",
          .type = FieldType::kChoice,
          .help = "Whether it gets addresses by DHCP; ipv6 by router advertisements too",
          .example = "ipv4",
          .default_value = "no",
          .choices = kDhcp},
    Field{.name = "vlan",
          .type = FieldType::kInteger,
          .help = "Number of the VLAN that it is, on its parent; 0: it is none",
          .example = "10",
          .default_value = "0",
          .min = 1,
          .max = 4094,
          .zero = true},
    Field{.name = "parent",
          .type = FieldType::kReference,
          .help = "Interface that carries the VLAN",
          .example = "eth0",
          .default_value = "",
          .max = kInterfaceNameMax,
          .refers_to = "interface"},
    Field{.name = "members",
          .type = FieldType::kName,
          .help = "Interfaces that it bundles, which makes it a bond",
          .example = "eth1,eth2",
          .default_value = "",
          .max = kInterfaceNameMax,
          .list = true},
    Field{.name = "mode",
          .type = FieldType::kChoice,
          .help = "How a bond uses its members: one at a time, or all by LACP",
          .example = "802.3ad",
          .default_value = "active-backup",
          .choices = kBondModes},
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether it is up",
          .example = "no",
          .default_value = "yes"},
};

inline constexpr std::array kRouteFields{
    Field{.name = "gateway",
          .type = FieldType::kAddress,
          .help = "Whom packets are sent to; without one they are sent to whom they are for",
          .example = "192.0.2.1",
          .default_value = ""},
    Field{.name = "interface",
          .type = FieldType::kReference,
          .help = "Where they leave; without one, where the gateway's network is",
          .example = "eth0",
          .default_value = "",
          .max = kInterfaceNameMax,
          .refers_to = "interface"},
    // 0 is what others use who set routes, and from 4000 on are those of the board file: Linux
    // would put one in the other's place.
    Field{.name = "metric",
          .type = FieldType::kInteger,
          .help = "Of two ways to one network the lower is taken",
          .example = "100",
          .default_value = "1",
          .min = 1,
          .max = 3999},
};

}  // namespace yoke::model
