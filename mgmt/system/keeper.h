// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <systemd/sd-event.h>

#include <filesystem>
#include <string>
#include <vector>

#include "hal/linux/event.h"
#include "mgmt/alarms/alarms.h"
#include "mgmt/model/config.h"
#include "mgmt/system/files.h"
#include "mgmt/system/time_zones.h"
#include "mgmt/system/watch.h"

namespace yoke::system {

// Keeps the files that the system's own programs read as the configuration wants them. What cannot
// be written is tried again by itself, and whether interfaces became as configured is looked at.
// Threads: the loop's.
class Keeper {
 public:
  struct Folders {
    std::filesystem::path files;  // ours alone; the folder that it is in is there
    std::filesystem::path zones = kZones;
  };

  Keeper(sd_event* event, Folders folders);

  // From now on as `config` says.
  void follow(const model::Config& config);
  // What is wrong with them, and with what others made of them.
  [[nodiscard]] std::vector<alarms::Condition> conditions() const;

 private:
  void write();

  Folders folders_;
  Files files_;
  bool written_ = false;
  std::string failure_;       // to write; empty: there is none
  std::string unknown_zone_;  // empty: it is known
  hal::Timer again_;
  Watch interfaces_;
};

}  // namespace yoke::system
