// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "mgmt/model/schema.h"

// How two units stand in for each other: a part of schema.cpp's tables. A unit that names no
// interface of a dedicated link stands alone. Threads: constant data, any.
namespace yoke::model {

inline constexpr std::size_t kDataLinksMax = 16;

inline constexpr std::array<std::string_view, 3> kTimerProfiles{"fast", "default", "vm"};
inline constexpr std::array<std::string_view, 2> kAloneWays{"accept", "refuse"};
inline constexpr std::array<std::string_view, 2> kPartitions{"availability", "strict"};

// Of the unit a and the unit b, as they were named when they were paired. VRRP keeps 255 for the
// owner of an address and 0 for who resigns (RFC 9568 section 5.2.4).
inline constexpr Field kPriorityA{
    .name = "priority-a",
    .type = FieldType::kInteger,
    .help = "Priority of the pair's unit a; the higher one is preferred",
    .example = "150",
    .default_value = "100",
    .min = 1,
    .max = 254};
inline constexpr Field kPriorityB{.name = "priority-b",
                                  .type = FieldType::kInteger,
                                  .help = "Priority of the pair's unit b",
                                  .example = "150",
                                  .default_value = "100",
                                  .min = 1,
                                  .max = 254};
inline constexpr Field kPreempt{.name = "preempt",
                                .type = FieldType::kFlag,
                                .help = "Whether the VIPs go back to the unit of higher priority",
                                .example = "yes",
                                .default_value = "no"};

inline constexpr std::array kPairFields{
    Field{.name = "interface",
          .type = FieldType::kName,
          .help = "Interface of the dedicated link; without it this unit stands alone",
          .example = "ha0",
          .default_value = "",
          .max = 15,
          .of_unit = true},
    Field{.name = "data-interface",
          .type = FieldType::kName,
          .help = "Interface of a data port, which heartbeats and announcements go by too",
          .example = "wan",
          .default_value = "",
          .max = 15,
          .of_unit = true},
    Field{.name = "data-links",
          .type = FieldType::kName,
          .help = "Interfaces that must all have a link for the VIPs to be here",
          .example = "eth0,eth1",
          .default_value = "",
          .max = 15,
          .list = true,
          .of_unit = true},
    Field{.name = "profile",
          .type = FieldType::kChoice,
          .help = "How soon a silent unit is taken for dead: 30 ms, 0.1 s or 0.6 s",
          .example = "fast",
          .default_value = "default",
          .choices = kTimerProfiles},
    Field{.name = "partition",
          .type = FieldType::kChoice,
          .help = "A network cut in two: an active unit in each half, or, alone, none",
          .example = "strict",
          .default_value = "availability",
          .choices = kPartitions},
    Field{.name = "alone",
          .type = FieldType::kChoice,
          .help = "A commit while the other unit is silent: made here alone, or refused",
          .example = "refuse",
          .default_value = "accept",
          .choices = kAloneWays},
    Field{.name = "vrid",
          .type = FieldType::kInteger,
          .help = "Virtual router (VRRP) of the VIPs that are in no group",
          .example = "51",
          .default_value = "1",
          .min = 1,
          .max = 255},
    kPriorityA,
    kPriorityB,
    kPreempt,
};

inline constexpr std::array kGroupFields{
    Field{.name = "vrid",
          .type = FieldType::kInteger,
          .help = "Virtual router (VRRP) that it is in a pair, and no other is; 0 is none",
          .example = "52",
          .default_value = "0",
          .min = 1,
          .max = 255,
          .zero = true},
    kPriorityA,
    kPriorityB,
    kPreempt,
    Field{.name = "enabled",
          .type = FieldType::kFlag,
          .help = "Whether its VIPs are answered for, those that are enabled themselves",
          .example = "no",
          .default_value = "yes",
          .for_operators = true},
};

}  // namespace yoke::model
