// SPDX-License-Identifier: Apache-2.0
#include "hal/linux/linux_platform.h"

#include <linux/watchdog.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>
#include <string_view>
#include <utility>

#include "hal/errors.h"
#include "hal/linux/kernel_watchdog.h"
#include "hal/linux/machine_file.h"

namespace yoke::hal {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kNetworkClass = "0x02";  // of the PCI's classes of devices

auto refuse(const std::string& what, int error) {
  return fail(Errc::kFailed, error::kPlatform, what + ": " + std::strerror(error));
}

std::string value_or_empty(const fs::path& path) { return read_value(path).value_or(""); }

// "8086" of "0x8086".
std::string without_0x(const std::string& text) {
  return text.starts_with("0x") ? text.substr(2) : text;
}

// Percent of a disk's life that is over, of eMMC, in steps of ten: "0x01 0x02", of each kind of
// cell. 0x0b: it is over. Nothing: it is none, or does not say (JESD84-B51, EXT_CSD 268 and 269).
std::optional<unsigned> wear_of(const std::string& life_time) {
  constexpr unsigned kOver = 0x0b;
  unsigned most = 0;
  std::istringstream words(life_time);
  for (std::string word; words >> word;) {
    unsigned step = 0;
    const std::string digits = without_0x(word);
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, step, 16);
    if (error != std::errc() || stop != end || step > kOver) return std::nullopt;
    most = std::max(most, step);
  }
  if (most == 0) return std::nullopt;
  return std::min(most * 10, 100U);
}

// Disks alone: no loops, RAM, CD or what is made of others.
bool is_disk(const std::string& name, const fs::path& folder) {
  constexpr std::array<std::string_view, 3> kOthers{"sr", "nbd", "fd"};
  std::error_code none;
  return fs::exists(folder / "device", none) && name.find("boot") == name.npos &&
         std::ranges::none_of(kOthers, [&](auto other) { return name.starts_with(other); });
}

}  // namespace

fs::path LinuxPlatform::below(const std::string& path) const {
  return root_ / fs::path(path).relative_path();
}

Identity LinuxPlatform::identity() const {
  const auto dmi = root_ / "sys/class/dmi/id";
  return {.vendor = value_or_empty(dmi / "sys_vendor"),
          .model = value_or_empty(dmi / "product_name"),
          .serial = value_or_empty(dmi / "product_serial"),
          .firmware = value_or_empty(dmi / "bios_version")};
}

Kernel LinuxPlatform::kernel() const {
  Kernel kernel;
  std::istringstream words(value_or_empty(root_ / "proc/cmdline"));
  for (std::string word; words >> word;) kernel.words.push_back(word);
  const auto cpu = root_ / "sys/devices/system/cpu";
  kernel.cores = cores_of(value_or_empty(cpu / "online"));
  kernel.isolated = cores_of(value_or_empty(cpu / "isolated"));
  const auto pages = read_integer(root_ / "sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages");
  if (pages && *pages >= 0) kernel.huge_pages = static_cast<std::uint64_t>(*pages);
  std::istringstream consoles(value_or_empty(root_ / "sys/class/tty/console/active"));
  for (std::string name; consoles >> name;) kernel.consoles.push_back(name);
  return kernel;
}

std::vector<Nic> LinuxPlatform::nics() const {
  std::vector<Nic> nics;
  const auto devices = root_ / "sys/bus/pci/devices";
  for (const std::string& slot : names_in(devices)) {
    if (!value_or_empty(devices / slot / "class").starts_with(kNetworkClass)) continue;
    nics.push_back(nic_at(slot));
  }
  return nics;
}

bool LinuxPlatform::has_interface(const std::string& name) const {
  const auto names = names_in(root_ / "sys/class/net");
  return std::ranges::find(names, name) != names.end();
}

Nic LinuxPlatform::nic_at(const std::string& slot) const {
  const auto device = root_ / "sys/bus/pci/devices" / slot;
  Nic nic{.slot = slot};
  nic.id = without_0x(value_or_empty(device / "vendor")) + ":" +
           without_0x(value_or_empty(device / "device"));
  nic.driver = link_name(device / "driver");
  nic.behind_iommu = !link_name(device / "iommu_group").empty();
  if (const auto node = read_integer(device / "numa_node"); node && *node >= 0) {
    nic.numa_node = static_cast<unsigned>(*node);
  }
  // Of a virtio NIC the interface is one folder further down.
  auto folder = device / "net";
  for (const std::string& part : names_in(device)) {
    if (part.starts_with("virtio")) folder = device / part / "net";
  }
  const auto interfaces = names_in(folder);
  if (interfaces.empty()) return nic;
  nic.interface = interfaces.front();
  const auto net = folder / nic.interface;
  nic.mac = value_or_empty(net / "address");
  nic.permanent_mac = calls_.permanent_mac(nic.interface);
  if (const auto carrier = read_integer(net / "carrier")) nic.link = *carrier != 0;
  if (const auto speed = read_integer(net / "speed"); nic.link == true && speed && *speed > 0) {
    nic.speed_mbps = static_cast<unsigned>(*speed);
  }
  return nic;
}

Result<std::vector<std::uint8_t>> LinuxPlatform::module_bytes(const std::string& interface) const {
  return calls_.module_bytes(interface);
}

std::vector<Reading> LinuxPlatform::readings() const { return read_sensors(root_); }

std::vector<Disk> LinuxPlatform::disks() const {
  std::vector<Disk> disks;
  const auto blocks = root_ / "sys/block";
  for (const std::string& name : names_in(blocks)) {
    const auto folder = blocks / name;
    if (!is_disk(name, folder)) continue;
    std::string model = value_or_empty(folder / "device/model");
    if (model.empty()) model = value_or_empty(folder / "device/name");  // of eMMC
    disks.push_back({.name = name,
                     .model = std::move(model),
                     .wear_percent = wear_of(value_or_empty(folder / "device/life_time"))});
  }
  return disks;
}

std::vector<WatchdogState> LinuxPlatform::watchdogs() const {
  std::vector<WatchdogState> found;
  const auto folder = root_ / "sys/class/watchdog";
  for (const std::string& name : names_in(folder)) {
    WatchdogState state{.device = "/dev/" + name};
    state.identity = value_or_empty(folder / name / "identity");
    state.timeout = std::chrono::seconds(read_integer(folder / name / "timeout").value_or(0));
    state.pretimeout = std::chrono::seconds(read_integer(folder / name / "pretimeout").value_or(0));
    const auto status = read_integer(folder / name / "bootstatus");
    if (status) state.has_reset = (static_cast<unsigned>(*status) & WDIOF_CARDRESET) != 0;
    found.push_back(std::move(state));
  }
  return found;
}

Result<std::unique_ptr<Watchdog>> LinuxPlatform::open_watchdog(const std::string& device,
                                                               std::chrono::seconds timeout,
                                                               std::chrono::seconds pretimeout) {
  auto opened = KernelWatchdog::open(below(device).string(), timeout, pretimeout);
  if (!opened) return refuse(device, opened.error());
  return std::move(*opened);
}

std::vector<std::string> LinuxPlatform::leds() const { return names_in(root_ / "sys/class/leds"); }

Status LinuxPlatform::set_led(const std::string& name, LedState state) {
  // A name, and nothing that leads out of the folder.
  const auto known = leds();
  if (std::ranges::find(known, name) == known.end()) return refuse("LED " + name, ENOENT);
  const auto folder = root_ / "sys/class/leds" / name;
  const bool blinks = state == LedState::kBlinking;
  int error = write_value(folder / "trigger", blinks ? "timer" : "none");
  // One without triggers is lit by its brightness alone, and cannot blink.
  if (error == ENOENT && !blinks) error = 0;
  if (error == 0 && !blinks) {
    const std::string most = read_value(folder / "max_brightness").value_or("1");
    error = write_value(folder / "brightness", state == LedState::kOn ? most : "0");
  }
  if (error != 0) return refuse("LED " + name, error);
  return {};
}

std::optional<bool> LinuxPlatform::is_bypassed(const Relay& relay) const {
  const auto value = read_value(below(relay.file));
  if (value == relay.bypassed) return true;
  if (value == relay.through) return false;
  return std::nullopt;
}

Status LinuxPlatform::set_bypassed(const Relay& relay, bool bypassed) {
  const int error = write_value(below(relay.file), bypassed ? relay.bypassed : relay.through);
  if (error != 0) return refuse(relay.file, error);
  return {};
}

Status LinuxPlatform::change_power(PowerChange change) {
  if (change == PowerChange::kReset) {
    const int error = write_value(root_ / "proc/sysrq-trigger", "b");
    if (error != 0) return refuse("the machine is not reset", error);
    return {};
  }
  // What systemd takes for reboot.target and poweroff.target, with or without a bus (systemd(1)).
  const int signal = SIGRTMIN + (change == PowerChange::kReboot ? 5 : 4);
  if (const int error = calls_.tell_init(signal); error != 0) return refuse("systemd", error);
  return {};
}

}  // namespace yoke::hal
