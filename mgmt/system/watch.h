// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "hal/base/clock.h"
#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/model/config.h"
#include "mgmt/system/kernel.h"
#include "mgmt/system/troubles.h"

namespace yoke::system {

// Looks whether the kernel's interfaces and routes are as configured, every few seconds and only
// where some are: others set them, and may need a while. Threads: the loop's.
class Watch {
 public:
  using Read = std::function<Kernel()>;
  using Clock = std::function<MonoTime()>;

  explicit Watch(
      sd_event* event, Read read = [] { return read_kernel(); }, Clock clock = MonoClock::now);

  void follow(const model::Config& config);
  // What has been wrong for longer than setting it takes.
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;

  void look();  // now, and not only when it is due

 private:
  struct Since {
    MonoTime begin;
    std::string text;
  };

  Read read_;
  Clock clock_;
  model::Config config_;
  std::map<std::string, Since> troubles_;  // by subject
  MonoTime looked_;
  hal::Timer next_;
};

}  // namespace yoke::system
