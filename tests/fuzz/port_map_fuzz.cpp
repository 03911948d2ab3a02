// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "hal/port_map.h"
#include "hal/port_report.h"

// Any bytes as a port map and as a report of ports: what is read is written so that it is read the
// same, and what a board makes of it has no port twice.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace yoke::hal;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)read_port_report(text, "x");
  const auto map = read_port_map(text, "x");
  if (!map) return 0;
  if (read_port_map(to_text(*map), "x") != map) std::abort();
  Board board;
  board.ports.resize(1);
  board.ports[0].name = "wan";
  board.ports[0].device = {"tap:x", 1};
  const auto mapped = with_port_map(board, *map, [](const BoardPort&) { return yoke::Status(); });
  std::set<std::string> names;
  for (const BoardPort& port : mapped.board.ports) {
    if (!names.insert(port.name).second) std::abort();
  }
  if (mapped.board.ports.empty() || mapped.board.ports.size() > kPortsMax) std::abort();
  return 0;
}
