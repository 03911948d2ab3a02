// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "hal/watchdog.h"

// What a machine is made of and tells of itself. `hal/linux` asks the kernel, `hal/fake` is a
// machine in memory, and one suite of tests holds both to what is said here. What a machine does
// not tell is empty or nothing, never an error and never a guess. Taking a NIC from the kernel for
// DPDK is `dataplane/io/nic.h`'s.
namespace yoke::hal {

// As the maker has written it into the machine; the serial number is told to root alone.
struct Identity {
  std::string vendor, model, serial, firmware;
  friend bool operator==(const Identity&, const Identity&) = default;
};

// A network device on the PCI bus, whoever drives it.
struct Nic {
  std::string slot;            // "0000:01:00.0"
  std::string id = {};         // "8086:1533", vendor and device
  std::string driver = {};     // "igb", "vfio-pci"; empty: none
  std::string interface = {};  // the kernel's; empty where it has none, as of what DPDK has
  bool behind_iommu = false;
  std::optional<unsigned> numa_node = {};  // nothing: the machine has one
  std::optional<bool> link = {};           // nothing: the kernel has it not, or not up
  std::optional<unsigned> speed_mbps = {};
  std::string mac = {}, permanent_mac = {};
  friend bool operator==(const Nic&, const Nic&) = default;
};

enum class SensorKind : std::uint8_t { kTemperature, kFan, kVoltage, kPower, kSupply };

// One look at a sensor.
struct Reading {
  SensorKind kind{};
  // "coretemp@coretemp.0/temp1": chip, the device that it is, input; "power_supply/ADP1".
  std::string source;
  std::string label = {};
  // Degrees Celsius, revolutions a minute, volts, watts; of a supply 1 or 0. Nothing: it is there
  // and does not answer.
  std::optional<double> value = {};
  // As its driver has them.
  std::optional<double> low = {}, high = {}, critical = {};
  bool alarm = false;  // its driver says so
  friend bool operator==(const Reading&, const Reading&) = default;
};

struct Disk {
  std::string name, model = {};
  std::optional<unsigned> wear_percent = {};  // of its life; nothing: it does not say
  friend bool operator==(const Disk&, const Disk&) = default;
};

struct WatchdogState {
  std::string device;                              // "/dev/watchdog0"
  std::string identity = {};                       // "iTCO_wdt"
  std::chrono::seconds timeout{0}, pretimeout{0};  // 0: it has none
  std::optional<bool> has_reset = {};  // whether the last reset was its doing, where it can tell
  friend bool operator==(const WatchdogState&, const WatchdogState&) = default;
};

enum class LedState : std::uint8_t { kOff, kOn, kBlinking };

// A relay that joins two ports where the unit does not forward: a file, and what stands in it.
struct Relay {
  std::string file;  // "/sys/class/gpio/gpio40/value"
  std::string bypassed = "1", through = "0";
};

enum class PowerChange : std::uint8_t {
  kReboot,    // in an orderly way
  kPowerOff,  // likewise
  kReset,     // at once, nothing written
};

// As the kernel was started, and what it has set aside.
struct Kernel {
  std::vector<std::string> words;             // of its command line
  std::vector<unsigned> cores, isolated;      // ascending
  std::optional<std::uint64_t> huge_pages{};  // of 2 MiB
  std::vector<std::string> consoles;          // "ttyS0"
  friend bool operator==(const Kernel&, const Kernel&) = default;
};

// Each list is in order of its names. What is asked is asked of the machine each time, and may wait
// for it: slow sensors take tenths of seconds. Errors are E-390. Threads: owned by one.
class Platform {
 public:
  Platform() = default;
  Platform(const Platform&) = delete;
  Platform& operator=(const Platform&) = delete;
  virtual ~Platform() = default;

  [[nodiscard]] virtual Identity identity() const = 0;
  [[nodiscard]] virtual Kernel kernel() const = 0;
  [[nodiscard]] virtual std::vector<Nic> nics() const = 0;
  // Whether the kernel has one of this name, on whatever bus.
  [[nodiscard]] virtual bool has_interface(const std::string& name) const = 0;
  // What the module in the cage of an interface holds (hal/module.h reads it); an error where the
  // kernel has no such interface, no cage, or nothing is in it.
  [[nodiscard]] virtual Result<std::vector<std::uint8_t>> module_bytes(
      const std::string& interface) const = 0;
  [[nodiscard]] virtual std::vector<Reading> readings() const = 0;
  [[nodiscard]] virtual std::vector<Disk> disks() const = 0;

  [[nodiscard]] virtual std::vector<WatchdogState> watchdogs() const = 0;
  // Armed when it returns. `pretimeout` before the reset the kernel panics, and says why; zero, or
  // a watchdog that has none: it does not.
  [[nodiscard]] virtual Result<std::unique_ptr<Watchdog>> open_watchdog(
      const std::string& device, std::chrono::seconds timeout, std::chrono::seconds pretimeout) = 0;

  [[nodiscard]] virtual std::vector<std::string> leds() const = 0;
  virtual Status set_led(const std::string& name, LedState state) = 0;
  // Nothing: the file is not there, or says neither.
  [[nodiscard]] virtual std::optional<bool> is_bypassed(const Relay& relay) const = 0;
  virtual Status set_bypassed(const Relay& relay, bool bypassed) = 0;
  virtual Status change_power(PowerChange change) = 0;
};

// "temperature", "fan", "voltage", "power", "supply".
[[nodiscard]] constexpr std::string_view word(SensorKind kind) noexcept {
  switch (kind) {
    case SensorKind::kTemperature:
      return "temperature";
    case SensorKind::kFan:
      return "fan";
    case SensorKind::kVoltage:
      return "voltage";
    case SensorKind::kPower:
      return "power";
    case SensorKind::kSupply:
      break;
  }
  return "supply";
}

// Whether a sensor that a board file names so, "coretemp/temp1" or with "@coretemp.0" to tell two
// chips of a name apart, is this one.
[[nodiscard]] constexpr bool is_source(std::string_view named, std::string_view source) noexcept {
  if (named == source) return true;
  const auto at = source.find('@'), slash = source.rfind('/');
  if (at == std::string_view::npos || slash == std::string_view::npos || slash < at) return false;
  const std::string_view chip = source.substr(0, at), input = source.substr(slash);
  return named.size() == chip.size() + input.size() && named.starts_with(chip) &&
         named.ends_with(input);
}

}  // namespace yoke::hal
