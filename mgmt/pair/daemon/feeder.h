// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "hal/base/clock.h"
#include "mgmt/pair/daemon/watchdog_keeper.h"

namespace yoke::pair {

// The thread that tells those who would end this process, or reset the machine, that the real-time
// thread comes round: systemd and the machine's watchdog. It does nothing else, and waits for
// nobody: a disk that takes its time with what the control thread writes costs neither. systemd, at
// whose restart little is lost, also wants to see the control thread, within kBusy. Threads: made,
// asked and ended by one other; `rounds` and `tell` are called by its own.
class Feeder {
 public:
  static constexpr std::chrono::milliseconds kEvery{250};
  static constexpr std::chrono::seconds kBusy{60};

  // `tell`s systemd, every `pulse` at most; 0: never.
  Feeder(WatchdogKeeper::Open open, std::chrono::milliseconds pulse, std::function<void()> tell);
  Feeder(const Feeder&) = delete;
  Feeder& operator=(const Feeder&) = delete;
  ~Feeder();

  // The real-time thread, whose `rounds` rise with each turn, is there; and the machine's watchdog,
  // or none (empty).
  void use(const std::string& path, std::function<std::uint64_t()> rounds);
  // The thread ends as it should: `rounds` is not called any more.
  void end();
  // The control thread comes round. To be called several times a minute.
  void seen();

  [[nodiscard]] std::string path() const;
  [[nodiscard]] bool is_fed() const;

 private:
  void run(const std::stop_token& stop);
  void turn(MonoTime now);

  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  WatchdogKeeper keeper_;
  std::chrono::milliseconds pulse_;
  std::function<void()> tell_;
  std::function<std::uint64_t()> rounds_;  // null: there is no such thread
  std::uint64_t last_ = 0;
  MonoTime seen_at_ = MonoClock::now(), tell_at_{};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace yoke::pair
