// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/aside.h"
#include "hal/base/result.h"
#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/store/inspection.h"

namespace yoke::alarms {

// Has the store's files looked at, once a day and when somebody has reason to ask, a slice at a
// time between which commits have their turn. What is found stands until a whole look finds
// nothing. Threads: the loop's, with slices as jobs beside it.
class StoreWatch {
 public:
  struct Settings {
    std::string path;  // the store's
    Later later = at_once;
    Aside aside = in_place;
    std::chrono::milliseconds interval = std::chrono::hours(24);
    std::chrono::milliseconds pause{200};  // between slices
  };
  StoreWatch(sd_event* event, Settings settings);

  // The first look is an interval away: a store that was just opened has been looked at.
  void start();
  // One begins now, unless one is under way.
  void look_soon();

  [[nodiscard]] std::vector<Condition> conditions() const;
  [[nodiscard]] bool is_looking() const noexcept { return is_looking_; }

 private:
  void look();
  [[nodiscard]] Result<bool> look_on();
  void follow(const Result<bool>& complete);

  Settings settings_;
  std::unique_ptr<store::Inspection> inspection_;
  std::optional<Error> damage_;
  bool is_looking_ = false;
  hal::Timer next_;
};

}  // namespace yoke::alarms
