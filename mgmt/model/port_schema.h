// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "mgmt/model/schema.h"

// The unit's data ports: a part of schema.cpp's tables. Threads: constant data, any.
namespace yoke::model {

inline constexpr std::size_t kPortsOfUnitMax = 16;  // as many as the data plane has
inline constexpr std::int64_t kPortNameMax = 15;    // of its twin, an interface of the kernel

inline constexpr std::array kPortFields{
    Field{.name = "device",
          .type = FieldType::kDevice,
          .help = "What it is made of; without, what the board file says",
          .example = "pci:0000:01:00.0",
          .default_value = "",
          .positional = true},
    Field{.name = "mtu",
          .type = FieldType::kInteger,
          .help = "Longest packet in bytes that it takes; 0: what the board file says",
          .example = "9000",
          .default_value = "0",
          .min = 1280,
          .max = 9216,
          .zero = true},
};

}  // namespace yoke::model
