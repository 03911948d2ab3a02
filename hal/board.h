// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "dataplane/net/address.h"
#include "hal/base/result.h"
#include "hal/board_hardware.h"

// The board file as a value: what is true of this box and cannot be seen by looking at it. Its form
// is described in board/README.md. Threads: values, any.
namespace yoke::hal {

inline constexpr std::size_t kPortsMax = 16;
inline constexpr std::size_t kPortNameMax = 15;     // of a kernel interface
inline constexpr std::uint16_t kPortMtuMin = 1280;  // of IPv6 (RFC 8200 section 5)
inline constexpr std::uint16_t kPortMtuMax = 9216;

struct BoardPort {
  std::string name;
  int line = 0;                        // of its section
  BoardText device;                    // "pci:0000:01:00.0"
  std::vector<net::Prefix> addresses;  // no other port has one of them
  int addresses_line = 0;
  // At most one a family, each in the network of one of the addresses, or link-local.
  std::vector<net::IpAddress> gateways;
  int gateways_line = 0;
  std::uint16_t mtu = 1500;
  BoardText label;  // as printed on the case
};

enum class BoardIdle : std::uint8_t { kAdaptive, kPoll };
enum class BoardHugePages : std::uint8_t { kAuto, kYes, kNo };

// What an image made for the board boots with (image/build); a running unit has no use for it.
struct BoardBoot {
  int line = 0;             // of its section; 0: there is none
  std::string serial;       // "ttyS0,115200"; empty: no serial console
  unsigned huge_pages = 0;  // of 2 MiB, for the kernel to set aside
  std::string isolate;      // cores without other work, as for isolcpus=
  std::string kernel;       // more words for the kernel
};

struct Board {
  std::string path;
  std::string unit_name;        // empty: not given
  std::vector<unsigned> cores;  // empty: one worker, anywhere
  int cores_line = 0;
  BoardIdle idle = BoardIdle::kAdaptive;
  BoardHugePages huge_pages = BoardHugePages::kAuto;
  unsigned memory_mib = 128;
  std::uint32_t flows = 1u << 20;  // a worker
  BoardBoot boot;
  BoardHardware hardware;
  std::vector<BoardPort> ports;  // in the file's order; at least one, with unique names
};

// Everything wrong with the file, each error with its path and line: E-315 to E-319 (errors.h).
// `judge` knows what hal does not (devices, cores of this machine): it is asked about what could be
// read even where something is wrong already, and what it finds is told with the rest.
using BoardJudge = std::function<std::vector<Error>(const Board&)>;
[[nodiscard]] tl::expected<Board, std::vector<Error>> read_board(const std::filesystem::path& path,
                                                                 const BoardJudge& judge = {});

// The unit's name alone, empty if not given, whatever else is wrong with the file: for those who
// have no use for the rest. E-315, E-318.
[[nodiscard]] Result<std::string> read_unit_name(const std::filesystem::path& path);

// An error about line `line` of the board file.
[[nodiscard]] Error board_error(const std::string& path, int line, std::string_view id,
                                const std::string& text);

}  // namespace yoke::hal
