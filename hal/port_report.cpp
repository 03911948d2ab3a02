// SPDX-License-Identifier: Apache-2.0
#include "hal/port_report.h"

#include <fmt/format.h>

#include <map>
#include <sstream>
#include <utility>

#include "hal/board_lines.h"
#include "hal/board_value.h"
#include "hal/errors.h"

namespace yoke::hal {
namespace {

constexpr std::string_view kHead = "port-report";
constexpr unsigned kVersion = 1;

// A line's text ends at a #, and a second line would be another.
std::string on_a_line(std::string text) {
  for (char& c : text) {
    if (c == '#' || static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

std::uint16_t mtu_of(const std::string& text) {
  std::uint16_t mtu = 0;
  (void)read_number(text, kPortMtuMin, kPortMtuMax, mtu);
  return mtu;
}

using Keys = std::map<std::string, std::string>;

void add_section(const std::string& section, Keys& keys, PortReport& report) {
  const auto dot = section.find('.');
  if (dot == std::string::npos) return;
  const std::string kind = section.substr(0, dot), name = section.substr(dot + 1);
  if (kind == "port") {
    report.ports.push_back(
        {name, keys["device"], mtu_of(keys["mtu"]), keys["from"] == "configuration"});
  } else if (kind == "asked") {
    report.asked.push_back({name, keys["device"], mtu_of(keys["mtu"])});
  } else if (kind == "trouble") {
    report.troubles.push_back({keys["port"], {Errc::kFailed, keys["error"], keys["text"], -1}});
  }
}

}  // namespace

PortReport report_of(const MappedBoard& mapped, const PortMap& asked) {
  PortReport report{asked, {}, mapped.troubles};
  for (const BoardPort& port : mapped.board.ports) {
    report.ports.push_back(
        {port.name, port.device.value, port.mtu, mapped.configured.contains(port.name)});
  }
  return report;
}

std::string to_text(const PortReport& report) {
  std::string text = fmt::format("# Written by yoke-dataplane at its start.\n[{}]\nversion = {}\n",
                                 kHead, kVersion);
  for (const PortInUse& port : report.ports) {
    text +=
        fmt::format("[port.{}]\ndevice = {}\nmtu = {}\nfrom = {}\n", port.name,
                    on_a_line(port.device), port.mtu, port.configured ? "configuration" : "board");
  }
  for (const PortSetting& port : report.asked) {
    text += fmt::format("[asked.{}]\ndevice = {}\nmtu = {}\n", port.name, on_a_line(port.device),
                        port.mtu);
  }
  std::size_t number = 0;
  for (const PortTrouble& trouble : report.troubles) {
    text += fmt::format("[trouble.{}]\nport = {}\nerror = {}\ntext = {}\n", number++,
                        on_a_line(trouble.port), on_a_line(trouble.error.id),
                        on_a_line(trouble.error.text));
  }
  return text;
}

Result<PortReport> read_port_report(std::string_view text, const std::string& path) {
  PortReport report;
  std::istringstream whole{std::string(text)};
  std::string section;
  Keys keys;
  unsigned version = 0;
  for (const BoardLine& line : read_board_lines(whole)) {
    if (line.kind == BoardLine::Kind::kSection) {
      add_section(section, keys, report);
      section = line.section;
      keys.clear();
    } else if (line.kind == BoardLine::Kind::kEntry) {
      keys[line.key] = line.value;
      if (section == kHead && line.key == "version") {
        (void)read_number(line.value, 1U, ~0U, version);
      }
    }
  }
  add_section(section, keys, report);
  if (version == 0) {
    return fail(Errc::kInvalid, error::kPortMap, path + ": this is no report of ports");
  }
  if (version > kVersion) {
    return fail(Errc::kInvalid, error::kNewPortMap,
                fmt::format("{}: version {}, and this release reads {}", path, version, kVersion));
  }
  return report;
}

}  // namespace yoke::hal
