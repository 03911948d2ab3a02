// SPDX-License-Identifier: Apache-2.0
#include "dataplane/ports.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>
#include <utility>

#include "dataplane/engine_setup.h"
#include "dataplane/io/errors.h"
#include "hal/base/log.h"
#include "hal/errors.h"
#include "hal/linux/durable_file.h"

namespace yoke {
namespace {

using std::chrono::seconds;

constexpr seconds kMachineIsYoung{60}, kPatience{10};
constexpr std::chrono::milliseconds kLookEvery{100};
constexpr mode_t kReportMode = S_IRUSR | S_IWUSR | S_IRGRP;  // for the group of yoke-mgmt

Result<hal::PortMap> read_map(const std::filesystem::path& path) {
  const auto text = hal::read_whole(path, hal::error::kPortMap);
  if (!text) return tl::unexpected(text.error());
  if (!*text) return hal::PortMap();
  return hal::read_port_map(**text, path.string());
}

bool may_come_yet(const hal::PortTrouble& trouble) {
  return trouble.error.id == io::error::kNotThere || trouble.error.id == io::error::kNotReady;
}

seconds machine_age() {
  timespec now{};
  (void)::clock_gettime(CLOCK_BOOTTIME, &now);
  return seconds(now.tv_sec);
}

tl::expected<Ports, std::vector<Error>> apply(const std::filesystem::path& path,
                                              const hal::PortMap& asked, const hal::PortMap& map) {
  hal::MappedBoard mapped;
  // Of the board file's devices those count that are in use.
  const auto judge = [&](const hal::Board& board) {
    mapped = hal::with_port_map(board, map, judge_port);
    return judge_board(mapped.board);
  };
  const auto board = hal::read_board(path, judge);
  if (!board) return tl::unexpected(board.error());
  return Ports{std::move(mapped), asked};
}

}  // namespace

tl::expected<Ports, std::vector<Error>> read_ports(const PortFiles& files,
                                                   const std::string& unusable) {
  auto map = read_map(files.map);
  std::vector<hal::PortTrouble> troubles;
  const auto leave_out = [&](Error error) {
    error.text += "; the ports are those of the board file";
    troubles.push_back({"", std::move(error)});
  };
  if (!map) {
    leave_out(map.error());
    map = hal::PortMap();
  }
  if (!unusable.empty()) {
    leave_out({Errc::kFailed, std::string(io::error::kDriver),
               "the data plane did not start with the configured ports: " + unusable, -1});
  }
  const hal::PortMap counts = unusable.empty() ? *map : hal::PortMap();
  const bool is_young = machine_age() < kMachineIsYoung;
  const auto end = std::chrono::steady_clock::now() + (is_young ? kPatience : seconds(0));
  auto ports = apply(files.board, *map, counts);
  while (ports && std::ranges::any_of(ports->mapped.troubles, may_come_yet) &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kLookEvery);
    ports = apply(files.board, *map, counts);
  }
  if (ports) std::ranges::move(troubles, std::back_inserter(ports->mapped.troubles));
  return ports;
}

void tell_of_ports(const PortFiles& files, const Ports& ports) {
  for (const hal::PortTrouble& trouble : ports.mapped.troubles) {
    const std::string what = trouble.port.empty() ? "" : "port " + trouble.port + ": ";
    log::write(log::Level::kError, "port-not-as-configured", what + trouble.error.text,
               {{"PORT", trouble.port}, {"ERROR", trouble.error.id}});
  }
  const auto report = hal::to_text(hal::report_of(ports.mapped, ports.asked));
  const auto written = hal::write_durably(files.report, report, kReportMode, hal::error::kPortMap);
  if (!written) log::warning("port-report", written.error().text);
}

}  // namespace yoke
