// SPDX-License-Identifier: Apache-2.0
#include "hal/fake/fake_platform.h"

#include <algorithm>
#include <utility>

#include "hal/errors.h"

namespace yoke::hal {
namespace {

auto not_there(const std::string& what) {
  return fail(Errc::kNotFound, error::kPlatform, what + ": No such file or directory");
}

class FakeWatchdog final : public Watchdog {
 public:
  FakeWatchdog(std::chrono::seconds timeout, std::map<std::string, unsigned>& fed,
               std::string device)
      : timeout_(timeout), fed_(fed), device_(std::move(device)) {
    fed_[device_] = 0;
  }
  [[nodiscard]] std::chrono::seconds timeout() const noexcept override { return timeout_; }
  bool keep_alive() noexcept override {
    const auto at = fed_.find(device_);
    if (at == fed_.end()) return false;
    ++at->second;
    return true;
  }
  void stop() noexcept override { fed_.erase(device_); }

 private:
  std::chrono::seconds timeout_;
  std::map<std::string, unsigned>& fed_;
  std::string device_;
};

}  // namespace

bool FakePlatform::has_interface(const std::string& name) const {
  return std::ranges::find(machine.nics, name, &Nic::interface) != machine.nics.end() ||
         std::ranges::find(machine.interfaces, name) != machine.interfaces.end();
}

Result<std::vector<std::uint8_t>> FakePlatform::module_bytes(const std::string& interface) const {
  const auto at = machine.modules.find(interface);
  if (at == machine.modules.end()) return not_there(interface);
  return at->second;
}

Result<std::unique_ptr<Watchdog>> FakePlatform::open_watchdog(const std::string& device,
                                                              std::chrono::seconds timeout,
                                                              std::chrono::seconds) {
  const auto at = std::ranges::find(machine.watchdogs, device, &WatchdogState::device);
  if (at == machine.watchdogs.end()) return not_there(device);
  return std::make_unique<FakeWatchdog>(timeout, machine.fed, device);
}

std::vector<std::string> FakePlatform::leds() const {
  std::vector<std::string> names;
  for (const auto& [name, state] : machine.leds) names.push_back(name);
  return names;
}

Status FakePlatform::set_led(const std::string& name, LedState state) {
  const auto at = machine.leds.find(name);
  if (at == machine.leds.end()) return not_there(name);
  at->second = state;
  return {};
}

std::optional<bool> FakePlatform::is_bypassed(const Relay& relay) const {
  const auto at = machine.relays.find(relay.file);
  if (at == machine.relays.end()) return std::nullopt;
  if (at->second == relay.bypassed) return true;
  if (at->second == relay.through) return false;
  return std::nullopt;
}

Status FakePlatform::set_bypassed(const Relay& relay, bool bypassed) {
  const auto at = machine.relays.find(relay.file);
  if (at == machine.relays.end()) return not_there(relay.file);
  at->second = bypassed ? relay.bypassed : relay.through;
  return {};
}

Status FakePlatform::change_power(PowerChange change) {
  machine.power_changes.push_back(change);
  return {};
}

}  // namespace yoke::hal
