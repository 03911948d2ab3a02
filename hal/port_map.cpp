// SPDX-License-Identifier: Apache-2.0
#include "hal/port_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "hal/board_lines.h"
#include "hal/board_value.h"
#include "hal/device.h"
#include "hal/errors.h"

namespace yoke::hal {
namespace {

constexpr unsigned kVersion = 1;
constexpr std::string_view kHead = "port-map";
constexpr std::string_view kPortPrefix = "port.";
constexpr std::string_view kNoPort = "until then there is no such port";

class MapReader {
 public:
  explicit MapReader(const std::string& path) : path_(path) {}

  Status read(const BoardLine& line) {
    if (line.kind == BoardLine::Kind::kWrong) return wrong(line, line.problem);
    if (line.kind == BoardLine::Kind::kSection) return begin(line);
    if (section_ == kHead && line.key == "version") return read_version(line);
    if (!version_) return wrong(line, "expected [port-map] and its version first");
    if (!section_.starts_with(kPortPrefix)) return {};
    return read_port(line);
  }

  Result<PortMap> finish() {
    if (!version_) {
      return fail(Errc::kInvalid, error::kPortMap, path_ + ": it has no version: it was cut short");
    }
    return std::move(map_);
  }

 private:
  Status wrong(const BoardLine& line, const std::string& text) const {
    return tl::unexpected(board_error(path_, line.number, error::kPortMap, text));
  }

  Status begin(const BoardLine& line) {
    section_ = line.section;
    if (!section_.starts_with(kPortPrefix)) return {};
    const std::string name = section_.substr(kPortPrefix.size());
    if (!is_name(name, kPortNameMax)) return wrong(line, "this cannot be a port's name");
    if (std::ranges::find(map_, name, &PortSetting::name) != map_.end()) {
      return wrong(line, fmt::format("port {} is there twice", name));
    }
    map_.push_back({name, "", 0});
    return {};
  }

  Status read_version(const BoardLine& line) {
    unsigned version = 0;
    if (const Problem problem = read_number(line.value, 1U, ~0U, version)) {
      return wrong(line, "version: " + *problem);
    }
    if (version > kVersion) {
      return tl::unexpected(
          board_error(path_, line.number, error::kNewPortMap,
                      fmt::format("version {}, and this release reads {}", version, kVersion)));
    }
    version_ = version;
    return {};
  }

  Status read_port(const BoardLine& line) {
    PortSetting& port = map_.back();
    if (line.key == "device") {
      const auto device = Device::parse(line.value);
      if (!device) return wrong(line, device.error().text);
      port.device = device->to_string();
    } else if (line.key == "mtu") {
      if (const Problem problem = read_number(line.value, kPortMtuMin, kPortMtuMax, port.mtu)) {
        return wrong(line, "mtu: " + *problem);
      }
    }
    return {};
  }

  const std::string& path_;
  unsigned version_ = 0;  // 0: not read yet
  std::string section_;
  PortMap map_;
};

// What one port alone can have: a kernel interface under two kinds of device is one.
std::string identity(const std::string& device) {
  const auto parsed = Device::parse(device);
  if (!parsed) return device;
  const std::string interface = parsed->interface();
  return interface.empty() ? parsed->to_string() : "interface " + interface;
}

class Overlay {
 public:
  Overlay(const Board& board, const PortJudge& judge) : board_(board), judge_(judge) {
    mapped_.board = board;
    mapped_.board.ports.clear();
  }

  MappedBoard run(const PortMap& map) {
    for (const PortSetting& setting : map) try_setting(setting);
    for (const BoardPort& port : board_.ports) place(port);
    for (BoardPort& port : good_) add(std::move(port));
    for (PortTrouble& trouble : refused_) tell(std::move(trouble), std::string(kNoPort));
    if (mapped_.board.ports.empty()) {
      mapped_.board.ports = board_.ports;
      mapped_.configured.clear();
    }
    return std::move(mapped_);
  }

 private:
  [[nodiscard]] const BoardPort* on_board(const std::string& name) const {
    const auto found = std::ranges::find(board_.ports, name, &BoardPort::name);
    return found == board_.ports.end() ? nullptr : &*found;
  }

  void try_setting(const PortSetting& setting) {
    const BoardPort* const base = on_board(setting.name);
    BoardPort port = base == nullptr ? BoardPort() : *base;
    port.name = setting.name;
    if (!setting.device.empty()) port.device = {setting.device, 0};
    if (setting.mtu != 0) port.mtu = setting.mtu;
    if (auto fine = examine(port, setting); !fine) {
      refused_.push_back({setting.name, fine.error()});
      return;
    }
    taken_.insert(identity(port.device.value));
    mapped_.configured.insert(port.name);
    good_.push_back(std::move(port));
  }

  Status examine(const BoardPort& port, const PortSetting& setting) const {
    if (port.device.value.empty()) {
      return fail(Errc::kInvalid, error::kBoardMissing,
                  "neither the configuration nor the board file names its device: set port " +
                      port.name + " device KIND:ARGUMENT");
    }
    // Its arguments are DPDK's own: they name files to write, for one.
    if (setting.device.starts_with("vdev:")) {
      return fail(Errc::kDenied, error::kDevice, "a vdev device is for the board file alone");
    }
    if (taken_.contains(identity(port.device.value))) {
      return fail(Errc::kConflict, error::kDeviceTaken,
                  "another port has " + port.device.value + " already");
    }
    return judge_(port);
  }

  // In the board file's order, so that ports keep their numbers as far as they can.
  void place(const BoardPort& port) {
    const auto good = std::ranges::find(good_, port.name, &BoardPort::name);
    if (good != good_.end()) {
      add(std::move(*good));
      good_.erase(good);
      return;
    }
    const bool is_free = !taken_.contains(identity(port.device.value));
    const auto refused = std::ranges::find(refused_, port.name, &PortTrouble::port);
    if (refused == refused_.end()) {
      if (is_free) mapped_.board.ports.push_back(port);
      return;
    }
    const bool is_usable = is_free && judge_(port).has_value();
    tell(*refused, is_usable ? "until then it is " + port.device.value + ", as the board file says"
                             : std::string(kNoPort));
    if (is_usable) mapped_.board.ports.push_back(port);
    refused_.erase(refused);
  }

  void add(BoardPort port) {
    if (mapped_.board.ports.size() < kPortsMax) {
      mapped_.board.ports.push_back(std::move(port));
      return;
    }
    mapped_.configured.erase(port.name);
    mapped_.troubles.push_back(
        {port.name,
         {Errc::kInvalid, std::string(error::kBoardValue),
          fmt::format("more than {} ports; there is no such port", kPortsMax)}});
  }

  void tell(PortTrouble trouble, const std::string& instead) {
    trouble.error.text += "; " + instead;
    mapped_.troubles.push_back(std::move(trouble));
  }

  const Board& board_;
  const PortJudge& judge_;
  MappedBoard mapped_;
  std::vector<BoardPort> good_;
  std::vector<PortTrouble> refused_;
  std::set<std::string> taken_;  // by ports that are as the map says
};

}  // namespace

std::string to_text(const PortMap& map) {
  std::string text = fmt::format(
      "# Written by yoke-mgmt from its configuration; edits are lost.\n[{}]\nversion = {}\n", kHead,
      kVersion);
  for (const PortSetting& port : map) {
    text += fmt::format("[{}{}]\n", kPortPrefix, port.name);
    if (!port.device.empty()) text += fmt::format("device = {}\n", port.device);
    if (port.mtu != 0) text += fmt::format("mtu = {}\n", port.mtu);
  }
  return text;
}

Result<PortMap> read_port_map(std::string_view text, const std::string& path) {
  std::istringstream whole{std::string(text)};
  MapReader reader(path);
  for (const BoardLine& line : read_board_lines(whole)) {
    if (auto read = reader.read(line); !read) return tl::unexpected(read.error());
  }
  return reader.finish();
}

MappedBoard with_port_map(const Board& board, const PortMap& map, const PortJudge& judge) {
  return Overlay(board, judge).run(map);
}

}  // namespace yoke::hal
