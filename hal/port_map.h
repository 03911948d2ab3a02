// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/board.h"

// The port map: what of its ports a unit has otherwise than its board file says. yoke-mgmt writes
// what is committed to a file in the board file's own form, and yoke-dataplane reads that over the
// board file at its start (board/README.md). Threads: values, any.
namespace yoke::hal {

struct PortSetting {
  std::string name;
  std::string device;     // in Device's one spelling; empty: the board file's
  std::uint16_t mtu = 0;  // 0: the board file's
  friend bool operator==(const PortSetting&, const PortSetting&) = default;
};
using PortMap = std::vector<PortSetting>;  // each name once

// The whole file.
[[nodiscard]] std::string to_text(const PortMap& map);
// E-348 with path and line for what is no whole port map, E-349 for one of a newer release. Keys
// and sections that a later release adds to this version are left out.
[[nodiscard]] Result<PortMap> read_port_map(std::string_view text, const std::string& path);

// What of the map could not be had, in words that say what is so instead. `port` empty: all of it.
struct PortTrouble {
  std::string port;
  Error error;
  friend bool operator==(const PortTrouble&, const PortTrouble&) = default;
};

struct MappedBoard {
  Board board;
  std::set<std::string> configured;  // ports that are as the map says
  std::vector<PortTrouble> troubles;
};

// Whether a port can be made of its device, as far as the machine tells.
using PortJudge = std::function<Status(const BoardPort&)>;

// `board` with the ports that `map` says, port by port: the device and MTU are the map's, addresses
// and gateways the board file's. A device has one port: a port of the board file whose device the
// map gives to another name is left out. A port that `judge` refuses, as the map says it, is as the
// board file says, where that has the port and its device is free and not refused; else it is left
// out. With no port left the ports are those of the board file.
[[nodiscard]] MappedBoard with_port_map(const Board& board, const PortMap& map,
                                        const PortJudge& judge);

}  // namespace yoke::hal
