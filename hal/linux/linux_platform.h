// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>

#include "hal/platform.h"

namespace yoke::hal {

// What no file of the kernel's tells or takes.
struct KernelCalls {
  std::function<Result<std::vector<std::uint8_t>>(const std::string& interface)> module_bytes;
  std::function<std::string(const std::string& interface)> permanent_mac;
  // A signal to process 1, systemd; errno, or 0.
  std::function<int(int signal)> tell_init;
};
// This machine's.
[[nodiscard]] KernelCalls kernel_calls();
// Of a machine that somebody has written down, and which nothing becomes of: `module` and
// `permanent_mac` in the folders ethtool/INTERFACE below `root`.
[[nodiscard]] KernelCalls recorded_calls(const std::filesystem::path& root);

// The machine as Linux has it, below `root`: /sys, /proc and /dev of this machine, or of another
// that somebody has written down. Threads: owned by one.
class LinuxPlatform final : public Platform {
 public:
  LinuxPlatform(std::filesystem::path root, KernelCalls calls)
      : root_(std::move(root)), calls_(std::move(calls)) {}

  [[nodiscard]] Identity identity() const override;
  [[nodiscard]] Kernel kernel() const override;
  [[nodiscard]] std::vector<Nic> nics() const override;
  [[nodiscard]] bool has_interface(const std::string& name) const override;
  [[nodiscard]] Result<std::vector<std::uint8_t>> module_bytes(
      const std::string& interface) const override;
  [[nodiscard]] std::vector<Reading> readings() const override;
  [[nodiscard]] std::vector<Disk> disks() const override;
  [[nodiscard]] std::vector<WatchdogState> watchdogs() const override;
  [[nodiscard]] Result<std::unique_ptr<Watchdog>> open_watchdog(
      const std::string& device, std::chrono::seconds timeout,
      std::chrono::seconds pretimeout) override;
  [[nodiscard]] std::vector<std::string> leds() const override;
  Status set_led(const std::string& name, LedState state) override;
  [[nodiscard]] std::optional<bool> is_bypassed(const Relay& relay) const override;
  Status set_bypassed(const Relay& relay, bool bypassed) override;
  Status change_power(PowerChange change) override;

 private:
  // "/dev/watchdog0" below the root.
  [[nodiscard]] std::filesystem::path below(const std::string& path) const;
  [[nodiscard]] Nic nic_at(const std::string& slot) const;

  std::filesystem::path root_;
  KernelCalls calls_;
};

// All of /sys/class/hwmon and /sys/class/power_supply below `root`.
[[nodiscard]] std::vector<Reading> read_sensors(const std::filesystem::path& root);

}  // namespace yoke::hal
