// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "mgmt/model/schema.h"

// What a unit of a pair looks at beside its data links, kinds and fields: a part of schema.cpp's
// tables. Threads: constant data, any.
namespace yoke::model {

inline constexpr std::size_t kTracksMax = 32;  // yoke-pair takes 256

inline constexpr std::array<std::string_view, 5> kTrackKinds{"gateway", "link", "pool", "process",
                                                             "script"};
inline constexpr std::array<std::string_view, 1> kGatewayTrack{"gateway"};
inline constexpr std::array<std::string_view, 1> kLinkTrack{"link"};
inline constexpr std::array<std::string_view, 1> kPoolTrack{"pool"};
inline constexpr std::array<std::string_view, 1> kProcessTrack{"process"};
inline constexpr std::array<std::string_view, 1> kScriptTrack{"script"};
// Those that are asked, and may fail to answer once; the others are known.
inline constexpr std::array<std::string_view, 2> kAskedTracks{"gateway", "script"};

inline constexpr std::array kTrackFields{
    Field{.name = "address",
          .type = FieldType::kAddress,
          .help = "Address that must answer ping",
          .example = "192.0.2.254",
          .default_value = "",
          .required = true,
          .positional = true,
          .only_for = kGatewayTrack},
    Field{.name = "interface",
          .type = FieldType::kName,
          .help = "Interface of the kernel that must have a link",
          .example = "eth2",
          .default_value = "",
          .max = 15,
          .required = true,
          .positional = true,
          .only_for = kLinkTrack},
    Field{.name = "pool",
          .type = FieldType::kReference,
          .help = "Pool whose servers are counted, as this unit's checks see them",
          .example = "web",
          .default_value = "",
          .max = 32,
          .refers_to = "pool",
          .required = true,
          .positional = true,
          .only_for = kPoolTrack},
    Field{.name = "process",
          .type = FieldType::kName,
          .help = "Process that must run, by its name in ps -e; 15 characters of it count",
          .example = "bird",
          .default_value = "",
          .max = 15,
          .required = true,
          .positional = true,
          .only_for = kProcessTrack},
    Field{.name = "program",
          .type = FieldType::kName,
          .help = "Program in /etc/yoke/checks; status 0 is well, 75 is not tried",
          .example = "uplink",
          .default_value = "",
          .max = 63,
          .required = true,
          .positional = true,
          .only_for = kScriptTrack},
    Field{.name = "argument",
          .type = FieldType::kText,
          .help = "What it is given, which everybody may read here",
          .example = "30s",
          .default_value = "",
          .min = 1,
          .max = 255,
          .only_for = kScriptTrack},
    Field{.name = "at-least",
          .type = FieldType::kInteger,
          .help = "How many of them must be up",
          .example = "2",
          .default_value = "1",
          .min = 1,
          .max = 10'000,
          .only_for = kPoolTrack},
    Field{.name = "weight",
          .type = FieldType::kInteger,
          .help = "What the unit's health falls by while it is down; 0: it may hold nothing",
          .example = "20",
          .default_value = "0",
          .min = 0,
          .max = 254},
    Field{.name = "groups",
          .type = FieldType::kName,
          .help = "Groups of VIPs that it counts for; without it all, and VIPs in none",
          .example = "blue",
          .default_value = "",
          .max = 32,
          .list = true},
    Field{.name = "interval",
          .type = FieldType::kDuration,
          .help = "Time from one look to the next",
          .example = "500ms",
          .default_value = "1s",
          .min = 200,
          .max = 3'600'000},
    Field{.name = "timeout",
          .type = FieldType::kDuration,
          .help = "How long an answer may take; at most the interval",
          .example = "200ms",
          .default_value = "500ms",
          .min = 50,
          .max = 3'600'000,
          .only_for = kAskedTracks},
    Field{.name = "rise",
          .type = FieldType::kInteger,
          .help = "Good answers in a row that bring it up",
          .example = "3",
          .default_value = "2",
          .min = 1,
          .max = 10,
          .only_for = kAskedTracks},
    Field{.name = "fall",
          .type = FieldType::kInteger,
          .help = "Failed ones in a row that take it down",
          .example = "2",
          .default_value = "3",
          .min = 1,
          .max = 10,
          .only_for = kAskedTracks},
};

}  // namespace yoke::model
