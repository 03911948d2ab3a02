// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "hal/platform.h"

namespace yoke::hal {

// A machine in memory: whatever `machine` says, changed at will. Threads: owned by one.
class FakePlatform final : public Platform {
 public:
  struct Machine {
    Identity identity;
    Kernel kernel;
    std::vector<Nic> nics;
    std::vector<std::string> interfaces;                       // beside those of the NICs
    std::map<std::string, std::vector<std::uint8_t>> modules;  // by interface
    std::vector<Reading> readings;
    std::vector<Disk> disks;
    std::vector<WatchdogState> watchdogs;
    std::map<std::string, LedState> leds;
    std::map<std::string, std::string> relays;  // what stands in each file
    // What was done to it.
    std::vector<PowerChange> power_changes;
    std::map<std::string, unsigned> fed;  // how often a watchdog that is armed was
  };

  explicit FakePlatform(Machine made) : machine(std::move(made)) {}

  [[nodiscard]] Identity identity() const override { return machine.identity; }
  [[nodiscard]] Kernel kernel() const override { return machine.kernel; }
  [[nodiscard]] std::vector<Nic> nics() const override { return machine.nics; }
  [[nodiscard]] bool has_interface(const std::string& name) const override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> module_bytes(
      const std::string& interface) const override;
  [[nodiscard]] std::vector<Reading> readings() const override { return machine.readings; }
  [[nodiscard]] std::vector<Disk> disks() const override { return machine.disks; }
  [[nodiscard]] std::vector<WatchdogState> watchdogs() const override { return machine.watchdogs; }
  // The watchdog does not outlive the platform.
  [[nodiscard]] Result<std::unique_ptr<Watchdog>> open_watchdog(
      const std::string& device, std::chrono::seconds timeout,
      std::chrono::seconds pretimeout) override;
  [[nodiscard]] std::vector<std::string> leds() const override;
  Status set_led(const std::string& name, LedState state) override;
  [[nodiscard]] std::optional<bool> is_bypassed(const Relay& relay) const override;
  Status set_bypassed(const Relay& relay, bool bypassed) override;
  Status change_power(PowerChange change) override;

  Machine machine;
};

}  // namespace yoke::hal
