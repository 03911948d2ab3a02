// SPDX-License-Identifier: Apache-2.0
#include "dataplane/engine_setup.h"

#include <fmt/format.h>

#include <algorithm>

#include "dataplane/io/errors.h"
#include "dataplane/io/interface.h"
#include "dataplane/io/nic.h"

namespace yoke {
namespace {

Status check_device(const io::Device& device, std::uint16_t mtu) {
  using Kind = io::Device::Kind;
  if (device.kind == Kind::kPci) return io::check_nic(device.argument);
  const bool has_interface = device.kind == Kind::kAfXdp || device.kind == Kind::kAfPacket;
  return has_interface ? io::check_interface(device, mtu) : Status{};
}

void judge_cores(const hal::Board& board, std::vector<Error>& errors) {
  const auto usable = io::usable_cores();
  for (const unsigned core : board.cores) {
    if (std::ranges::find(usable, core) != usable.end()) continue;
    errors.push_back(
        hal::board_error(board.path, board.cores_line, io::error::kCores,
                         fmt::format("core {} is not one that this process may use: {}", core,
                                     fmt::join(usable, ", "))));
  }
}

}  // namespace

Status judge_port(const hal::BoardPort& port) {
  const auto device = io::Device::parse(port.device.value);
  return device ? check_device(*device, port.mtu) : tl::unexpected(device.error());
}

std::vector<Error> judge_board(const hal::Board& board) {
  std::vector<Error> errors;
  judge_cores(board, errors);
  for (const hal::BoardPort& port : board.ports) {
    const Status ok = judge_port(port);
    if (ok) continue;
    errors.push_back(
        hal::board_error(board.path, port.device.line, ok.error().id, ok.error().text));
  }
  return errors;
}

io::EngineConfig engine_config(const hal::Board& board) {
  io::EngineConfig config;
  config.cores = board.cores;
  config.idle = board.idle == hal::BoardIdle::kPoll ? io::IdleMode::kPoll : io::IdleMode::kAdaptive;
  config.flows = board.flows;
  for (const hal::BoardPort& port : board.ports) {
    config.ports.push_back({port.name, *io::Device::parse(port.device.value), port.mtu});
  }
  return config;
}

io::EalConfig eal_config(const hal::Board& board, const io::EngineConfig& engine,
                         const std::string& run_folder) {
  io::EalConfig config;
  config.memory_mib = board.memory_mib;
  config.runtime_directory = run_folder;
  config.worker_cores = engine.cores;
  switch (board.huge_pages) {
    case hal::BoardHugePages::kAuto:
      break;
    case hal::BoardHugePages::kYes:
      config.huge_pages = io::HugePages::kYes;
      break;
    case hal::BoardHugePages::kNo:
      config.huge_pages = io::HugePages::kNo;
      break;
  }
  for (const io::PortConfig& port : engine.ports) {
    if (port.device.kind == io::Device::Kind::kPci) {
      config.pci_addresses.push_back(port.device.argument);
    }
  }
  return config;
}

}  // namespace yoke
