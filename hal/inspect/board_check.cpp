// SPDX-License-Identifier: Apache-2.0
#include "hal/inspect/board_check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <sstream>
#include <string_view>

#include "hal/device.h"
#include "hal/linux/machine_file.h"

namespace yoke::hal {
namespace {

// Beside which DPDK works: handed over to it, or shared with it (dataplane/io/nic.cpp).
constexpr std::array<std::string_view, 5> kDpdkDrivers{"vfio-pci", "uio_pci_generic", "igb_uio",
                                                       "mlx4_core", "mlx5_core"};

std::string or_nothing(const std::string& text) { return text.empty() ? "nothing" : text; }

template <typename Range>
std::string list_text(const Range& all) {
  return or_nothing(fmt::format("{}", fmt::join(all, ", ")));
}

// Whether `text` begins with one of those that `names` has, parted by commas.
bool begins_with_one(const std::string& text, const std::string& names) {
  std::istringstream parts(names);
  for (std::string name; std::getline(parts, name, ',');) {
    name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
    if (!name.empty() && text.starts_with(name)) return true;
  }
  return false;
}

class Check {
 public:
  Check(const Board& board, const Platform& machine)
      : board_(board), machine_(machine), kernel_(machine.kernel()), nics_(machine.nics()) {}

  std::vector<Finding> run() {
    check_identity();
    check_cores();
    check_boot();
    for (const BoardPort& port : board_.ports) check_port(port);
    for (const BoardInterface& interface : board_.hardware.interfaces) check_interface(interface);
    check_sensors();
    check_watchdog();
    check_leds();
    for (const BoardRelay& relay : board_.hardware.relays) check_relay(relay);
    std::ranges::stable_sort(findings_, {}, &Finding::line);
    return std::move(findings_);
  }

 private:
  void is_so(int line, std::string what, std::string found = {}) {
    findings_.push_back({line, std::move(what), {}, std::move(found)});
  }
  void differs(int line, std::string what, std::string expected, std::string found) {
    findings_.push_back({line, std::move(what), std::move(expected), std::move(found)});
  }
  void is_so_if(bool so, int line, std::string what, std::string expected, std::string found) {
    if (so) return is_so(line, std::move(what), std::move(found));
    differs(line, std::move(what), std::move(expected), std::move(found));
  }

  void check_identity() {
    const Identity identity = machine_.identity();
    const auto& [vendor, model] = std::pair(board_.hardware.vendor, board_.hardware.model);
    if (vendor.line != 0) {
      is_so_if(begins_with_one(identity.vendor, vendor.value), vendor.line,
               "[hardware] vendor = " + vendor.value, "a vendor that begins so",
               or_nothing(identity.vendor));
    }
    if (model.line != 0) {
      is_so_if(begins_with_one(identity.model, model.value), model.line,
               "[hardware] model = " + model.value, "a model that begins so",
               or_nothing(identity.model));
    }
  }

  void check_cores() {
    if (board_.cores.empty()) return;
    std::vector<unsigned> missing;
    for (const unsigned core : board_.cores) {
      if (std::ranges::find(kernel_.cores, core) == kernel_.cores.end()) missing.push_back(core);
    }
    is_so_if(missing.empty(), board_.cores_line, "[dataplane] cores = " + list_text(board_.cores),
             fmt::format("cores with {}", list_text(missing)),
             fmt::format("{} cores, {}", kernel_.cores.size(), list_text(kernel_.cores)));
  }

  void check_boot() {
    const BoardBoot& boot = board_.boot;
    if (boot.huge_pages > 0) {
      is_so_if(kernel_.huge_pages.value_or(0) >= boot.huge_pages, boot.line,
               fmt::format("[boot] huge_pages = {}", boot.huge_pages),
               fmt::format("at least {} pages of 2 MiB", boot.huge_pages),
               kernel_.huge_pages ? std::to_string(*kernel_.huge_pages) : "nothing");
    }
    if (!boot.isolate.empty()) {
      is_so_if(cores_of(boot.isolate) == kernel_.isolated, boot.line,
               "[boot] isolate = " + boot.isolate, "these cores isolated",
               list_text(kernel_.isolated));
    }
    if (!boot.serial.empty()) {
      const std::string name = boot.serial.substr(0, boot.serial.find(','));
      const bool is_console = std::ranges::find(kernel_.consoles, name) != kernel_.consoles.end();
      const bool has_speed = has_word("console=" + boot.serial) || boot.serial == name;
      is_so_if(is_console && has_speed, boot.line, "[boot] serial = " + boot.serial,
               "console=" + boot.serial, "consoles " + list_text(kernel_.consoles));
    }
    std::istringstream words(boot.kernel);
    for (std::string word; words >> word;) {
      is_so_if(has_word(word), boot.line, "[boot] kernel = " + word,
               "it on the kernel's command line", or_nothing(word_like(word)));
    }
  }

  [[nodiscard]] bool has_word(const std::string& word) const {
    return std::ranges::find(kernel_.words, word) != kernel_.words.end();
  }
  // "mitigations=auto" for "mitigations=off".
  [[nodiscard]] std::string word_like(const std::string& word) const {
    const std::string key = word.substr(0, word.find('=')) + "=";
    const auto found = std::ranges::find_if(
        kernel_.words, [&key](const std::string& other) { return other.starts_with(key); });
    return found == kernel_.words.end() ? "" : *found;
  }

  [[nodiscard]] const Nic* nic_at(const std::string& slot) const {
    const auto found = std::ranges::find(nics_, slot, &Nic::slot);
    return found == nics_.end() ? nullptr : &*found;
  }
  [[nodiscard]] std::string all_nics() const {
    std::vector<std::string> texts;
    texts.reserve(nics_.size());
    for (const Nic& nic : nics_) {
      texts.push_back(fmt::format("{} ({})", nic.slot, nic.driver.empty() ? nic.id : nic.driver));
    }
    return texts.empty() ? "no NIC" : "NICs at " + list_text(texts);
  }

  void check_port(const BoardPort& port) {
    const std::string what = fmt::format("[port.{}] device = {}", port.name, port.device.value);
    const auto device = Device::parse(port.device.value);
    if (!device) {
      differs(port.device.line, what, "a device", device.error().text);
    } else if (device->kind == Device::Kind::kPci) {
      check_nic(port.device.line, what, device->argument);
    } else if (device->kind == Device::Kind::kAfXdp || device->kind == Device::Kind::kAfPacket) {
      const bool is_there = machine_.has_interface(device->interface());
      is_so_if(is_there, port.device.line, what, "an interface called so",
               is_there ? "" : "none of that name");
    }
  }

  void check_nic(int line, const std::string& what, const std::string& slot) {
    const Nic* const nic = nic_at(slot);
    if (nic == nullptr) return differs(line, what, "a NIC there", all_nics());
    const std::string found = fmt::format("{}, driver {}", nic->id, or_nothing(nic->driver));
    const bool is_dpdks = std::ranges::find(kDpdkDrivers, nic->driver) != kDpdkDrivers.end();
    is_so_if(is_dpdks || nic->behind_iommu, line, what,
             "an IOMMU behind which vfio-pci can take it", found + ", behind none");
    if (is_dpdks || nic->behind_iommu) findings_.back().found = found;
  }

  void check_interface(const BoardInterface& interface) {
    const std::string what =
        fmt::format("[interface.{}] slot = {}", interface.name, interface.slot.value);
    const Nic* const nic = nic_at(interface.slot.value);
    if (nic == nullptr) return differs(interface.slot.line, what, "a NIC there", all_nics());
    is_so_if(!nic->interface.empty(), interface.slot.line, what, "an interface of the kernel's",
             nic->interface.empty() ? fmt::format("driver {}", or_nothing(nic->driver))
                                    : fmt::format("{}, driver {}", nic->interface, nic->driver));
  }

  void check_sensors() {
    const auto readings = machine_.readings();
    for (const BoardSensor& sensor : board_.hardware.sensors) {
      const std::string what =
          fmt::format("[sensor.{}] source = {}", sensor.name, sensor.source.value);
      std::vector<const Reading*> found;
      for (const Reading& reading : readings) {
        if (is_source(sensor.source.value, reading.source)) found.push_back(&reading);
      }
      if (found.empty()) {
        std::vector<std::string> sources;
        sources.reserve(readings.size());
        for (const Reading& reading : readings) sources.push_back(reading.source);
        differs(sensor.source.line, what, "such a sensor", list_text(sources));
      } else if (found.size() > 1) {
        differs(sensor.source.line, what, "one such sensor: name its device too",
                found[0]->source + " and " + found[1]->source);
      } else {
        const auto& value = found[0]->value;
        is_so_if(value.has_value(), sensor.source.line, what, "an answer",
                 value ? fmt::format("{:g}", *value) : "one that does not answer");
      }
    }
  }

  void check_watchdog() {
    const BoardText& watchdog = board_.hardware.watchdog;
    if (watchdog.line == 0) return;
    std::vector<std::string> found;
    for (const WatchdogState& state : machine_.watchdogs()) found.push_back(state.identity);
    is_so_if(std::ranges::find(found, watchdog.value) != found.end(), watchdog.line,
             "[watchdog] identity = " + watchdog.value, "such a watchdog", list_text(found));
  }

  void check_leds() {
    const auto leds = machine_.leds();
    const auto& hardware = board_.hardware;
    const std::array named{std::pair("role", &hardware.role_led),
                           std::pair("alarm", &hardware.alarm_led),
                           std::pair("locate", &hardware.locate_led)};
    for (const auto& [key, led] : named) {
      if (led->line == 0) continue;
      is_so_if(std::ranges::find(leds, led->value) != leds.end(), led->line,
               fmt::format("[led] {} = {}", key, led->value), "such a LED", list_text(leds));
    }
  }

  void check_relay(const BoardRelay& relay) {
    const auto bypassed = machine_.is_bypassed(relay.relay);
    is_so_if(bypassed.has_value(), relay.file.line,
             fmt::format("[bypass.{}] file = {}", relay.name, relay.file.value),
             fmt::format("a file with {} or {} in it", relay.relay.bypassed, relay.relay.through),
             !bypassed   ? "neither"
             : *bypassed ? "bypassed"
                         : "through");
  }

  const Board& board_;
  const Platform& machine_;
  Kernel kernel_;
  std::vector<Nic> nics_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> check_board(const Board& board, const Platform& machine) {
  return Check(board, machine).run();
}

}  // namespace yoke::hal
